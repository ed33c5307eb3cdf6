"""Notices, and which kinds somebody wants no mail of."""

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now


class Notice(Model):
    """Something that `user` should know. `kind` as registered; `body` is JSON."""

    id = IdField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    kind = peewee.CharField(max_length=40)
    body = peewee.TextField()
    at = peewee.BigIntegerField(default=now)
    read = peewee.BigIntegerField(null=True)

    class Meta:
        indexes = ((("user", "id"), False),)


class NoMail(Model):
    """A kind that a user wants no mail of."""

    id = peewee.BigAutoField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    kind = peewee.CharField(max_length=40)

    class Meta:
        indexes = ((("user", "kind"), True),)
