"""Earnings: entries, which are only ever added, and their sums."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now

SOURCES = ("store", "gig", "merchandise", "stream", "other")


class EarningsLedger(Model):
    """Whose earnings these are. zone: IANA, says what is today; revision: counts what changed the cards."""

    owner = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
    zone = peewee.CharField(max_length=60, default="UTC")
    revision = peewee.BigIntegerField(default=0)


class EarningsEntry(Model):
    """Money that came. Never changed: what was wrong is taken back by an entry that `reverses` it.

    amount: micro-units of the currency. day: that it is earned on. key: names what it stands for; of one key there is
    one entry. posted: ms since 1970. release: its id, or empty.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
    source = peewee.CharField(max_length=12)
    title = peewee.CharField(max_length=120)
    note = peewee.CharField(max_length=500, default="")
    amount = peewee.BigIntegerField()
    currency = peewee.CharField(max_length=3)
    day = peewee.CharField(max_length=10)
    release = peewee.CharField(max_length=26, default="")
    key = peewee.CharField(max_length=80)
    reverses = peewee.ForeignKeyField("self", null=True, unique=True, on_delete="CASCADE")
    posted = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("owner", "key"), True), (("owner", "day", "id"), False))


class EarningsSum(Model):
    """All entries of a day of one currency, source and release, added up in the transaction that added them."""

    id = peewee.BigAutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
    currency = peewee.CharField(max_length=3)
    day = peewee.CharField(max_length=10)
    source = peewee.CharField(max_length=12)
    release = peewee.CharField(max_length=26, default="")
    amount = peewee.BigIntegerField()
    count = peewee.IntegerField()

    class Meta:
        indexes = ((("owner", "currency", "day", "source", "release"), True),)
