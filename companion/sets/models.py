"""Sets, their tracklists, and every track that was heard."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now

STATES = ("playing", "finished")


class BoxSet(Model):
    """A set that a box of `owner`'s played. number: the set's id on the box; started: ms since 1970 by its clock.

    tracks: how many there were; the tracklist has the first 300. recording_*, log_*: of the files as the box has them;
    recording_file, log_file: stored files once they came. loudness in LUFS, peak in dBTP, dropped in frames.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    box = peewee.CharField(max_length=64)
    number = peewee.CharField(max_length=26)
    box_name = peewee.CharField(max_length=120)
    title = peewee.CharField(max_length=120)
    notes = peewee.TextField(default="")
    state = peewee.CharField(max_length=10, default="playing")
    started = peewee.BigIntegerField()
    seconds = peewee.DoubleField(default=0.0)
    tracks = peewee.IntegerField(default=0)
    ended = peewee.CharField(max_length=20, default="")
    recorded = peewee.BooleanField(default=False)
    samplerate = peewee.IntegerField(default=0)
    dropped = peewee.BigIntegerField(default=0)
    loudness = peewee.DoubleField(null=True)
    peak = peewee.DoubleField(null=True)
    recording_hash = peewee.CharField(max_length=64, default="")
    recording_size = peewee.BigIntegerField(default=0)
    recording_name = peewee.CharField(max_length=180, default="")
    recording_file = peewee.CharField(max_length=26, default="", index=True)
    log_hash = peewee.CharField(max_length=64, default="")
    log_size = peewee.BigIntegerField(default=0)
    log_name = peewee.CharField(max_length=180, default="")
    log_file = peewee.CharField(max_length=26, default="", index=True)
    created = peewee.BigIntegerField(default=now)
    changed = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("owner", "box", "number"), True), (("owner", "started"), False))


class SetEntry(Model):
    """A track of a set. at: seconds after its start; track: in the catalogue, as the box knew it."""

    id = peewee.BigAutoField()
    set = peewee.ForeignKeyField(BoxSet, on_delete="CASCADE", index=False)
    position = peewee.SmallIntegerField()
    at = peewee.DoubleField()
    title = peewee.CharField(max_length=120)
    artist = peewee.CharField(max_length=120, default="")
    track = peewee.CharField(max_length=26, default="")
    hash = peewee.CharField(max_length=64, default="")
    seconds = peewee.DoubleField(null=True)
    tempo = peewee.DoubleField(null=True)
    key = peewee.CharField(max_length=12, default="")
    isrc = peewee.CharField(max_length=12, default="")
    deck = peewee.SmallIntegerField()
    heard = peewee.DoubleField(default=0.0)
    pitch = peewee.DoubleField(default=0.0)

    class Meta:
        indexes = ((("set", "position"), True),)


class Play(Model):
    """A track was heard on a box of `owner`'s. started: ms since 1970; heard in seconds; set: the number of its set."""

    id = peewee.BigAutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
    box = peewee.CharField(max_length=64)
    set = peewee.CharField(max_length=26, default="")
    started = peewee.BigIntegerField()
    heard = peewee.DoubleField()
    title = peewee.CharField(max_length=120)
    artist = peewee.CharField(max_length=120, default="")
    track = peewee.CharField(max_length=26, default="")
    hash = peewee.CharField(max_length=64, default="")
    isrc = peewee.CharField(max_length=12, default="")
    deck = peewee.SmallIntegerField()
    pitch = peewee.DoubleField(default=0.0)

    class Meta:
        indexes = ((("owner", "started", "id"), False), (("owner", "track"), False))
