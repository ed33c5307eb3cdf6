"""Lists that boxes hold ready."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now


class BoxList(Model):
    """A document of `owner`'s that a box holds ready with its files. list: the document's id.

    state: `sending` until the files are on their way. files: JSON, [track, SHA-256] of what was sent, in the document's
    order. missing: tracks of it that are not in the library. there, lacking: files, as the box says. seen: when the
    document was changed that was sent (ms since 1970). sent: when that was.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
    box = peewee.CharField(max_length=64)
    list = peewee.CharField(max_length=26, index=True)
    of = peewee.CharField(max_length=10)
    title = peewee.CharField(max_length=120, default="")
    by = peewee.CharField(max_length=120)
    state = peewee.CharField(max_length=10, default="sending")
    files = peewee.TextField(default="[]")
    missing = peewee.IntegerField(default=0)
    there = peewee.IntegerField(default=0)
    lacking = peewee.IntegerField(default=0)
    seen = peewee.BigIntegerField(default=0)
    sent = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("owner", "box", "list"), True),)
