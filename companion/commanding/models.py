"""Commands that were given, and the settings that are wanted."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now

STATES = ("waiting", "done", "refused", "expired", "failed")


class BoxCommand(Model):
    """One thing for a box of `owner`'s to do. given, until: ms since 1970, by our clock; by: who asked, as shown.

    state: `waiting` until the box answers; `expired` when it did not in time, which its late answer corrects.
    arguments, result: JSON. said: the box's words, or ours. answered: when the box's answer came.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    box = peewee.CharField(max_length=64)
    do = peewee.CharField(max_length=80)
    permission = peewee.CharField(max_length=10)
    arguments = peewee.TextField(default="{}")
    by = peewee.CharField(max_length=120)
    given = peewee.BigIntegerField(default=now)
    until = peewee.BigIntegerField()
    state = peewee.CharField(max_length=10, default="waiting")
    said = peewee.CharField(max_length=500, default="")
    result = peewee.TextField(default="{}")
    answered = peewee.BigIntegerField(null=True)

    class Meta:
        indexes = ((("box", "owner", "id"), False), (("state", "until"), False))


class BoxConfiguration(Model):
    """The settings that `owner` wants of a box. revision: grows with each change; settings: JSON, by name.

    applied: the revision that the box goes by, 0 while that is not known; refused: JSON, [name, why] of that revision.
    """

    id = peewee.BigAutoField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
    box = peewee.CharField(max_length=64)
    revision = peewee.BigIntegerField(default=0)
    settings = peewee.TextField(default="{}")
    applied = peewee.BigIntegerField(default=0)
    applied_at = peewee.BigIntegerField(null=True)
    refused = peewee.TextField(default="[]")

    class Meta:
        indexes = ((("owner", "box"), True),)
