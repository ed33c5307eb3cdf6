"""What is known of releases' ways to the stores."""

import peewee

from companion.accounts.models import User
from companion.database import Model


class ReleaseStatus(Model):
    """Where a release of `owner`'s stands. release: its id; changed: ms since 1970; stores: JSON, one of each."""

    id = peewee.BigAutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
    release = peewee.CharField(max_length=26)
    title = peewee.CharField(max_length=120)
    artist = peewee.CharField(max_length=120)
    stage = peewee.CharField(max_length=20)
    changed = peewee.BigIntegerField()
    date = peewee.CharField(max_length=10, default="")
    said = peewee.CharField(max_length=500, default="")
    stores = peewee.TextField(default="[]")

    class Meta:
        indexes = ((("owner", "release"), True),)
