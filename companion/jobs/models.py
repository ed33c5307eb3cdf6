"""Jobs: the row is the truth, the queue only carries its number."""

import peewee

from companion.database import IdField, Model, now

STATES = ("queued", "running", "done", "failed", "cancelled")


class Job(Model):
    """One piece of work. `subject` is the id of what it is about; `args` JSON; `progress` 0 to 1."""

    id = IdField()
    kind = peewee.CharField(max_length=40)
    owner = peewee.CharField(max_length=26, index=True, null=True)
    subject = peewee.CharField(max_length=26, default="", index=True)
    args = peewee.TextField(default="{}")
    state = peewee.CharField(max_length=10, default="queued", index=True)
    progress = peewee.DoubleField(default=0.0)
    note = peewee.CharField(default="", max_length=500)
    tries = peewee.SmallIntegerField(default=0)
    created = peewee.BigIntegerField(default=now)
    started = peewee.BigIntegerField(null=True)
    seen = peewee.BigIntegerField(null=True)  # the worker's last sign of life
    finished = peewee.BigIntegerField(null=True)
