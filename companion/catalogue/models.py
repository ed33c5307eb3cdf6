"""Tracks, artists and their parts in tracks, versions, markers, and what analysers found."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now
from companion.uploads.models import StoredFile

ROLES = (
    "main",
    "featured",
    "remixer",
    "producer",
    "composer",
    "lyricist",
    "performer",
    "arranger",
    "mixing engineer",
    "mastering engineer",
    "artwork",
    "other",
)
WHOLE = ("mix", "master", "edit", "remix", "live", "demo", "instrumental", "acapella")  # kinds that can be played as it
KINDS = (*WHOLE, "stem")


class Track(Model):
    """A piece of music of `owner`. `artist` is made from the credits; `*_sort` are folded for sorting.

    recording, file: the version that is played. artwork: a stored file with pictures, or empty. year: 0 is not known.
    seconds, format, loudness (LUFS) are those of the version that is played. version: counts changes.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    title = peewee.CharField(max_length=200)
    artist = peewee.CharField(max_length=300, default="")
    album = peewee.CharField(max_length=200, default="")
    number = peewee.CharField(max_length=10, default="")
    year = peewee.SmallIntegerField(default=0)
    genre = peewee.CharField(max_length=60, default="")
    isrc = peewee.CharField(max_length=12, default="")
    label = peewee.CharField(max_length=100, default="")
    copyright = peewee.CharField(max_length=200, default="")
    notes = peewee.TextField(default="")
    tempo = peewee.DoubleField(null=True)
    key = peewee.CharField(max_length=12, default="")
    title_sort = peewee.CharField(max_length=100)
    artist_sort = peewee.CharField(max_length=100, default="")
    album_sort = peewee.CharField(max_length=100, default="")
    recording = peewee.CharField(max_length=26, default="")
    file = peewee.CharField(max_length=26, default="", index=True)
    artwork = peewee.CharField(max_length=26, default="", index=True)
    seconds = peewee.DoubleField(default=0.0)
    format = peewee.CharField(max_length=8, default="")
    loudness = peewee.DoubleField(null=True)
    version = peewee.IntegerField(default=1)
    created = peewee.BigIntegerField(default=now)
    changed = peewee.BigIntegerField(default=now)
    deleted = peewee.BigIntegerField(null=True)


class Artist(Model):
    """A name that `owner` credits. `folded` is what makes two spellings one."""

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    name = peewee.CharField(max_length=120)
    folded = peewee.CharField(max_length=120)

    class Meta:
        indexes = ((("owner", "folded"), True),)


class Credit(Model):
    """An artist's part in a track."""

    id = peewee.BigAutoField()
    track = peewee.ForeignKeyField(Track, on_delete="CASCADE")
    artist = peewee.ForeignKeyField(Artist, on_delete="CASCADE")
    role = peewee.CharField(max_length=20)
    position = peewee.SmallIntegerField()


class Recording(Model):
    """A version or a stem of a track; `number` counts from 1 in each track."""

    id = IdField()
    track = peewee.ForeignKeyField(Track, on_delete="CASCADE")
    number = peewee.IntegerField()
    kind = peewee.CharField(max_length=12)
    label = peewee.CharField(max_length=100, default="")
    file = peewee.ForeignKeyField(StoredFile, on_delete="RESTRICT")
    created = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("track", "number"), True),)


class Marker(Model):
    """A place in a track, in seconds; with an `end` it is a loop."""

    id = IdField()
    track = peewee.ForeignKeyField(Track, on_delete="CASCADE")
    start = peewee.DoubleField()
    end = peewee.DoubleField(null=True)
    label = peewee.CharField(max_length=60, default="")
    colour = peewee.SmallIntegerField(default=0)


class Analysis(Model):
    """What one analyser found in one file. results: JSON (grid, chords, structure)."""

    id = IdField()
    file = peewee.ForeignKeyField(StoredFile, on_delete="CASCADE", index=False)
    analyser = peewee.CharField(max_length=40)
    release = peewee.CharField(max_length=20)
    tempo = peewee.DoubleField(null=True)
    key = peewee.CharField(max_length=12, default="")
    results = peewee.TextField(default="{}")
    made = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("file", "analyser"), True),)
