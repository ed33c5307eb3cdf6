"""How far each box's streams have come, what waits for those before it, and what could have no effect."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now

STATES = ("open", "later", "replayed", "discarded")


class IngestCursor(Model):
    """All messages of a numbering up to `upto` had their effect. moved: when it moved last.

    greeted: the box whose numbering this is was told what it should know.
    """

    id = peewee.BigAutoField()
    box = peewee.CharField(max_length=64)
    stream = peewee.CharField(max_length=20)
    epoch = peewee.CharField(max_length=26)
    upto = peewee.BigIntegerField(default=0)
    moved = peewee.BigIntegerField(default=now)
    greeted = peewee.BooleanField(default=False)

    class Meta:
        indexes = ((("box", "stream", "epoch"), True),)


class HeldMessage(Model):
    """A message that came before those that it follows."""

    id = peewee.BigAutoField()
    cursor = peewee.ForeignKeyField(IngestCursor, on_delete="CASCADE", index=False)
    box = peewee.CharField(max_length=64, index=True)
    first = peewee.BigIntegerField()
    last = peewee.BigIntegerField()
    size = peewee.IntegerField()
    payload = peewee.BlobField()

    class Meta:
        indexes = ((("cursor", "first"), True),)


class DeadLetter(Model):
    """A message that had no effect. state: `open`; `later` when only a newer program understands it; or settled.

    payload: as it came; mended: as an administrator changed it, else empty. reason: a sentence.
    """

    id = IdField()
    box = peewee.CharField(max_length=64)
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    stream = peewee.CharField(max_length=20)
    epoch = peewee.CharField(max_length=26, default="")
    seq = peewee.BigIntegerField(default=0)
    kind = peewee.CharField(max_length=60, default="")
    kv = peewee.IntegerField(default=0)
    payload = peewee.BlobField()
    mended = peewee.BlobField(default=b"")
    reason = peewee.CharField(max_length=500)
    state = peewee.CharField(max_length=10, default="open", index=True)
    came = peewee.BigIntegerField(default=now)
    settled = peewee.BigIntegerField(null=True)

    class Meta:
        indexes = ((("box", "id"), False),)
