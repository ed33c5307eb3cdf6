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


class Authority(Model):
    """The companion's own certificate authority: one row. What is secret is sealed by the vault.

    certificate, broker_certificate, crl: PEM. crl_number: of the newest revocation list; crl_made: when, in ms.
    access: sealed JSON, how the companion's processes sign in at the broker.
    """

    id = peewee.SmallIntegerField(primary_key=True)
    key = peewee.BlobField()
    certificate = peewee.TextField()
    broker_key = peewee.BlobField()
    broker_certificate = peewee.TextField()
    access = peewee.BlobField()
    crl = peewee.TextField(default="")
    crl_number = peewee.BigIntegerField(default=0)
    crl_made = peewee.BigIntegerField(default=0)


class Enrolment(Model):
    """That a box may fetch a certificate for the key with this fingerprint, until a time (ms), without an older one.

    house: it runs on the companion's own machine, and needs no code. barred: its owner revoked it.
    """

    box = peewee.CharField(max_length=64, primary_key=True)
    fingerprint = peewee.CharField(max_length=64)
    until = peewee.BigIntegerField(default=0)
    house = peewee.BooleanField(default=False)
    barred = peewee.BooleanField(default=False)


class Certificate(Model):
    """One that a box was given. serial: hexadecimal; issued, expires, revoked: ms since 1970.

    listed: number of the first revocation list that names it. kicks: how often the box was put out since.
    """

    serial = peewee.CharField(max_length=40, primary_key=True)
    box = peewee.CharField(max_length=64, index=True)
    issued = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField()
    revoked = peewee.BigIntegerField(null=True)
    listed = peewee.BigIntegerField(null=True)
    kicks = peewee.SmallIntegerField(null=True, index=True)
