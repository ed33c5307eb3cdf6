"""The audit log's rows."""

import peewee

from companion.database import Model, now


class AuditEntry(Model):
    """`actor` did `action` to `subject`. `hash` covers the row and the hash before it."""

    id = peewee.BigAutoField()
    at = peewee.BigIntegerField(default=now)
    actor = peewee.CharField(max_length=26, default="", index=True)
    address = peewee.CharField(max_length=45, default="")
    action = peewee.CharField(max_length=40, index=True)
    subject = peewee.CharField(max_length=60, default="", index=True)
    detail = peewee.TextField(default="{}")
    hash = peewee.CharField(max_length=64)
