"""The history of health."""

import peewee

from companion.database import Model


class HealthSample(Model):
    """One look, a minute. `failing`: names of what was not well, with commas. Sizes in MiB, times in ms."""

    at = peewee.BigIntegerField(primary_key=True)
    failing = peewee.CharField(max_length=200, default="")
    database_ms = peewee.DoubleField()
    queue_lag_ms = peewee.BigIntegerField()
    jobs_waiting = peewee.IntegerField()
    disk_free = peewee.IntegerField()
    memory = peewee.IntegerField()
    load = peewee.DoubleField()
