"""Events, kept a while so that a page that was away can catch up."""

import peewee

from companion.database import Model, now


class Event(Model):
    """Something that `user`'s pages should know. `kind` such as `job.progress`; `body` is JSON."""

    id = peewee.BigAutoField()
    user = peewee.CharField(max_length=26, index=True)
    kind = peewee.CharField(max_length=40)
    body = peewee.TextField()
    at = peewee.BigIntegerField(default=now)
