"""Users, their sessions and refresh tokens."""

import peewee

from companion.database import IdField, Model, now


class User(Model):
    """A person. `access` as in `web.identity.Access`; `password` is an argon2 hash, empty with another sign-in only."""

    id = IdField()
    email = peewee.CharField(unique=True, max_length=254)
    name = peewee.CharField(max_length=100)
    password = peewee.CharField(default="", max_length=200)
    access = peewee.SmallIntegerField(default=2)
    tier = peewee.CharField(default="free", max_length=16)
    created = peewee.BigIntegerField(default=now)
    verified = peewee.BigIntegerField(null=True)
    disabled = peewee.BigIntegerField(null=True)


class Session(Model):
    """One sign-in. secret: SHA-256 of the cookie's value; empty for token sessions, which have refresh tokens."""

    id = IdField()
    user = peewee.ForeignKeyField(User, backref="sessions", on_delete="CASCADE")
    secret = peewee.CharField(max_length=64, index=True, default="")
    csrf = peewee.CharField(max_length=43, default="")
    agent = peewee.CharField(max_length=200, default="")
    address = peewee.CharField(max_length=45, default="")
    created = peewee.BigIntegerField(default=now)
    seen = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField()


class RefreshToken(Model):
    """One link of a session's chain of refresh tokens; using a used one again ends the session."""

    hash = peewee.CharField(max_length=64, primary_key=True)
    session = peewee.ForeignKeyField(Session, backref="tokens", on_delete="CASCADE")
    used = peewee.BigIntegerField(null=True)
    expires = peewee.BigIntegerField()
