"""Documents, the updates that they are made of, and parts of updates that have not come whole."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now


class Document(Model):
    """A document of `owner`'s. of: `playlist` or `set`. count: its tracks; sequence: of its last update.

    checkpoint: the sequence of the update that all before it were made one with; bytes: of all updates that are kept.
    deleted: when (ms since 1970); its row stays, so that nothing that is late brings it back.
    state: Yjs's state vector, which may be behind the updates, never ahead of them; null while it is not known.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    of = peewee.CharField(max_length=10)
    title = peewee.CharField(max_length=120, default="")
    count = peewee.IntegerField(default=0)
    sequence = peewee.BigIntegerField(default=0)
    checkpoint = peewee.BigIntegerField(default=0)
    bytes = peewee.BigIntegerField(default=0)
    created = peewee.BigIntegerField(default=now)
    changed = peewee.BigIntegerField(default=now)
    deleted = peewee.BigIntegerField(null=True)
    state = peewee.BlobField(null=True)

    class Meta:
        indexes = ((("owner", "changed", "id"), False),)


class DocumentUpdate(Model):
    """A Yjs update. by: the user or the box that it comes from."""

    id = peewee.BigAutoField()
    document = peewee.ForeignKeyField(Document, on_delete="CASCADE", index=False)
    sequence = peewee.BigIntegerField()
    by = peewee.CharField(max_length=64)
    at = peewee.BigIntegerField(default=now)
    payload = peewee.BlobField()

    class Meta:
        indexes = ((("document", "sequence"), True),)


class DocumentPart(Model):
    """A part of an update whose others have not come yet: of each box the one that it is sending."""

    id = peewee.BigAutoField()
    box = peewee.CharField(max_length=64)
    document = peewee.CharField(max_length=26)
    part = peewee.SmallIntegerField()
    parts = peewee.SmallIntegerField()
    payload = peewee.BlobField()

    class Meta:
        indexes = ((("box", "part"), True),)
