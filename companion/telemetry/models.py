"""What boxes report."""

import peewee

from companion.accounts.models import User
from companion.database import Model, now


class Presence(Model):
    """What a box said of itself last. epoch: of the connection that said it; at_ms, at_count: its stamp.

    reported: what `boxes` was given for that time, which only grows. body: JSON of status.online, of the last one while
    it is away; words: the last before it went; reason: why it went.
    """

    box = peewee.CharField(max_length=64, primary_key=True)
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    online = peewee.BooleanField(default=False)
    epoch = peewee.CharField(max_length=26)
    at_ms = peewee.BigIntegerField()
    at_count = peewee.IntegerField()
    reported = peewee.BigIntegerField(default=0)
    came = peewee.BigIntegerField(default=now)
    body = peewee.TextField(default="{}")
    words = peewee.CharField(max_length=500, default="")
    reason = peewee.CharField(max_length=20, default="")


class BoxHealth(Model):
    """A report of a box's health while it was `owner`'s. at: ms since 1970 by its clock; body: JSON."""

    id = peewee.BigAutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    box = peewee.CharField(max_length=64)
    at = peewee.BigIntegerField()
    came = peewee.BigIntegerField(default=now, index=True)
    body = peewee.TextField()

    class Meta:
        indexes = ((("box", "owner", "id"), False),)


class BoxCrash(Model):
    """A program of a box ended as it should not have, while the box was `owner`'s. body: JSON of the whole report."""

    id = peewee.BigAutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    box = peewee.CharField(max_length=64)
    process = peewee.CharField(max_length=60)
    version = peewee.CharField(max_length=60)
    reason = peewee.CharField(max_length=120)
    crashed = peewee.BigIntegerField()
    came = peewee.BigIntegerField(default=now, index=True)
    body = peewee.TextField()

    class Meta:
        indexes = ((("box", "owner", "id"), False),)
