"""Flags: parts of the companion that some have and others do not yet."""

import peewee

from companion.database import Model, now


class Flag(Model):
    """`percent` of all users have it, and those in `users` (JSON list of ids) in any case."""

    name = peewee.CharField(max_length=40, primary_key=True)
    about = peewee.CharField(max_length=200, default="")
    percent = peewee.SmallIntegerField(default=0)
    users = peewee.TextField(default="[]")
    changed = peewee.BigIntegerField(default=now)
