"""Tickets for the WebSocket."""

import peewee

from companion.database import Model


class LiveTicket(Model):
    """Lets one page of `user`, signed in by `session`, open one WebSocket. hash: SHA-256 of what the page holds."""

    hash = peewee.CharField(max_length=64, primary_key=True)
    user = peewee.CharField(max_length=26)
    session = peewee.CharField(max_length=26)
    expires = peewee.BigIntegerField(index=True)
