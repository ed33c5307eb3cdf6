"""Data keys, each wrapped by the master key."""

import peewee

from companion.database import Model, now


class VaultKey(Model):
    """One data key. The newest encrypts, all decrypt."""

    id = peewee.AutoField()
    wrapped = peewee.BlobField()
    created = peewee.BigIntegerField(default=now)
