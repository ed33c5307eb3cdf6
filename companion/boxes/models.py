"""Boxes, codes to claim them by, and what they tell of themselves."""

import peewee

from companion.accounts.models import User
from companion.database import Model, now


class Box(Model):
    """A box that was claimed. `id` is its own, from its first boot; `owner` None once it was revoked.

    fingerprint: of its key. reported: when it said what is known of it (its clock); seen: when that came here.
    versions: JSON, part to version. heir: address that it is being given to, until heir_until.
    """

    id = peewee.CharField(max_length=64, primary_key=True)
    owner = peewee.ForeignKeyField(User, null=True, on_delete="SET NULL")
    name = peewee.CharField(max_length=60)
    model = peewee.CharField(max_length=60)
    fingerprint = peewee.CharField(max_length=100)
    claimed = peewee.BigIntegerField(null=True)
    online = peewee.BooleanField(default=False)
    seen = peewee.BigIntegerField(null=True)
    reported = peewee.BigIntegerField(default=0)
    versions = peewee.TextField(default="{}")
    storage_used = peewee.BigIntegerField(null=True)
    storage_total = peewee.BigIntegerField(null=True)
    playing = peewee.CharField(max_length=300, default="")
    heir = peewee.CharField(max_length=254, index=True, default="")
    heir_until = peewee.BigIntegerField(null=True)


class ClaimOffer(Model):
    """A code that a box shows just now. hash: SHA-256 of it; info: JSON of what the box is."""

    hash = peewee.CharField(max_length=64, primary_key=True)
    box = peewee.CharField(max_length=64, unique=True)
    info = peewee.TextField()
    expires = peewee.BigIntegerField(index=True)


class ClaimTries(Model):
    """How many codes a user has tried since a time."""

    user = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
    count = peewee.SmallIntegerField(default=0)
    since = peewee.BigIntegerField(default=now)


class BoxEvent(Model):
    """Something that happened with a box while it was `owner`'s; nobody else sees it. detail: JSON."""

    id = peewee.BigAutoField()
    box = peewee.ForeignKeyField(Box, on_delete="CASCADE")
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    kind = peewee.CharField(max_length=20)
    detail = peewee.TextField(default="{}")
    at = peewee.BigIntegerField(default=now, index=True)

    class Meta:
        indexes = ((("box", "owner", "id"), False),)
