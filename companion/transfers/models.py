"""Files on their way between a box and the companion, and the tokens that they go by."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now


class Transfer(Model):
    """A file that goes `up` from a box of `owner`'s, or `down` to it; one row for each content (`hash`, SHA-256).

    state of what goes up: waiting (its turn), wanted, kept, put off (the box offers it again), refused; of what goes
    down: sent, there, disk full, not playable, failed. said: why. set: its number on the box. list: of what the box
    holds ready. track: JSON of the contract's Track. upload, file: ids of an upload that is open and of a stored file,
    or empty. done: bytes that went; of what goes up the upload knows more.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    box = peewee.CharField(max_length=64)
    way = peewee.CharField(max_length=4)
    hash = peewee.CharField(max_length=64)
    size = peewee.BigIntegerField()
    name = peewee.CharField(max_length=180)
    mime = peewee.CharField(max_length=80)
    purpose = peewee.CharField(max_length=20)
    set = peewee.CharField(max_length=26, default="")
    list = peewee.CharField(max_length=26, default="")
    track = peewee.TextField(default="")
    state = peewee.CharField(max_length=12)
    said = peewee.CharField(max_length=500, default="")
    upload = peewee.CharField(max_length=26, default="", index=True)
    file = peewee.CharField(max_length=26, default="", index=True)
    tries = peewee.SmallIntegerField(default=0)
    done = peewee.BigIntegerField(default=0)
    created = peewee.BigIntegerField(default=now)
    changed = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("owner", "box", "way", "hash"), True), (("owner", "box", "id"), False))


class TransferToken(Model):
    """What a box shows to send or fetch one file, until a time (ms). hash: SHA-256; the token itself is nowhere."""

    hash = peewee.CharField(max_length=64, primary_key=True)
    transfer = peewee.ForeignKeyField(Transfer, on_delete="CASCADE")
    expires = peewee.BigIntegerField(index=True)
