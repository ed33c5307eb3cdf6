"""Uploads, and the files that they become."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now

STATES = ("receiving", "checking", "ready", "refused")


class StoredFile(Model):
    """A file that was found good. One row for each content (`sha256`) of an owner. facts: JSON, what the probe told.

    The original lies in storage at `key(id)`, what was made of it at `key(id, name)`. art: whether pictures were.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    sha256 = peewee.CharField(max_length=64)
    size = peewee.BigIntegerField()
    kind = peewee.CharField(max_length=10)
    format = peewee.CharField(max_length=8)
    name = peewee.CharField(max_length=200)
    art = peewee.BooleanField(default=False)
    facts = peewee.TextField(default="{}")
    created = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("owner", "sha256"), True),)


class Upload(Model):
    """One upload. `offset` bytes of `size` are on disk for certain; `format` is empty until its first bytes told.

    purpose, subject: what it is for (`version` of a track). result: the id of what it became; reason: why refused.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    purpose = peewee.CharField(max_length=20, default="")
    subject = peewee.CharField(max_length=26, default="")
    details = peewee.TextField(default="{}")
    name = peewee.CharField(max_length=200)
    size = peewee.BigIntegerField()
    offset = peewee.BigIntegerField(default=0)
    format = peewee.CharField(max_length=8, default="")
    state = peewee.CharField(max_length=10, default="receiving")
    reason = peewee.CharField(max_length=500, default="")
    file = peewee.ForeignKeyField(StoredFile, null=True, on_delete="SET NULL")
    duplicate = peewee.BooleanField(default=False)
    result = peewee.CharField(max_length=26, default="")
    created = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField(index=True)


def key(file: str, name: str = "") -> str:
    """Where storage has a file, or what was made of it."""
    return f"derived/{file}/{name}" if name else f"originals/{file}"
