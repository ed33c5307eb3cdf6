"""Rows that wait for boxes."""

import peewee

from companion.database import Model, now


class OutgoingStream(Model):
    """The numbering of one stream to one box while it is `owner`'s. `next`: the number to come.

    stamp_ms, stamp_count: the hybrid clock's last stamp here. bytes: of all rows. lapsed: the box was away for so long
    that its rows were given up; it is told everything anew when it comes back.
    """

    id = peewee.BigAutoField()
    box = peewee.CharField(max_length=64)
    stream = peewee.CharField(max_length=20)
    owner = peewee.CharField(max_length=26)
    epoch = peewee.CharField(max_length=26)
    next = peewee.BigIntegerField(default=1)
    stamp_ms = peewee.BigIntegerField(default=0)
    stamp_count = peewee.IntegerField(default=0)
    bytes = peewee.BigIntegerField(default=0)
    lapsed = peewee.BooleanField(default=False)

    class Meta:
        indexes = ((("box", "stream"), True),)


class OutgoingRow(Model):
    """A message, or a skip in the place of some. `key`: what a later row of the same key takes the place of."""

    id = peewee.BigAutoField()
    stream = peewee.ForeignKeyField(OutgoingStream, on_delete="CASCADE", index=False)
    first = peewee.BigIntegerField()
    last = peewee.BigIntegerField()
    key = peewee.CharField(max_length=80, default="")
    skip = peewee.BooleanField(default=False)
    size = peewee.IntegerField()
    payload = peewee.BlobField()
    expires = peewee.BigIntegerField(null=True)
    made = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("stream", "first"), True), (("stream", "key"), False))


class OutgoingLease(Model):
    """Which ingest process publishes what waits, until a time (ms); one row."""

    id = peewee.SmallIntegerField(primary_key=True)
    holder = peewee.CharField(max_length=26)
    until = peewee.BigIntegerField()
