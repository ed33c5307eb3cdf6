"""Users, their sessions, and the proofs of who they are."""

import peewee

from companion.database import IdField, Model, now


class User(Model):
    """A person. `access` as in `web.identity.Access`; `password` is an argon2 hash, empty with another sign-in only.

    verified: when the address was proved; disabled: when an administrator closed the account; leaving: when its owner
    asked for deletion.
    """

    id = IdField()
    email = peewee.CharField(unique=True, max_length=254)
    name = peewee.CharField(max_length=100)
    password = peewee.CharField(default="", max_length=200)
    access = peewee.SmallIntegerField(default=2)
    tier = peewee.CharField(default="free", max_length=16)
    created = peewee.BigIntegerField(default=now)
    verified = peewee.BigIntegerField(null=True)
    disabled = peewee.BigIntegerField(null=True)
    leaving = peewee.BigIntegerField(null=True, index=True)


class Session(Model):
    """One sign-in. secret: SHA-256 of the cookie's value; empty for token sessions, which have refresh tokens.

    proven: when its owner last proved to be there, by password, code or passkey.
    """

    id = IdField()
    user = peewee.ForeignKeyField(User, backref="sessions", on_delete="CASCADE")
    secret = peewee.CharField(max_length=64, index=True, default="")
    csrf = peewee.CharField(max_length=43, default="")
    agent = peewee.CharField(max_length=200, default="")
    address = peewee.CharField(max_length=45, default="")
    created = peewee.BigIntegerField(default=now)
    seen = peewee.BigIntegerField(default=now)
    proven = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField()


class RefreshToken(Model):
    """One link of a session's chain of refresh tokens; using a used one again ends the session."""

    hash = peewee.CharField(max_length=64, primary_key=True)
    session = peewee.ForeignKeyField(Session, backref="tokens", on_delete="CASCADE")
    used = peewee.BigIntegerField(null=True)
    expires = peewee.BigIntegerField()


class Ticket(Model):
    """A secret that is good once: a link in a mail, a step of a sign-in. Only its SHA-256 is kept. `data` is JSON."""

    id = IdField()
    hash = peewee.CharField(max_length=64, unique=True)
    kind = peewee.CharField(max_length=20)
    user = peewee.ForeignKeyField(User, null=True, on_delete="CASCADE")
    data = peewee.TextField(default="{}")
    tries = peewee.SmallIntegerField(default=0)
    created = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField(index=True)


class Totp(Model):
    """An authenticator app. secret: sealed by the vault. step: the last 30 seconds whose code was used."""

    user = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
    secret = peewee.BlobField()
    step = peewee.BigIntegerField(default=0)
    confirmed = peewee.BigIntegerField(null=True)


class RecoveryCode(Model):
    """A code for the day the authenticator app is lost; its SHA-256 is kept."""

    id = peewee.BigAutoField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    hash = peewee.CharField(max_length=64)
    used = peewee.BigIntegerField(null=True)


class Passkey(Model):
    """A WebAuthn credential. credential: its id, base64url. count: of its signatures, as far as we have seen.

    suspect: when its count went back, as a copy's would; it signs nobody in any more.
    """

    id = IdField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    credential = peewee.CharField(unique=True, max_length=1400)
    key = peewee.BlobField()
    count = peewee.BigIntegerField()
    name = peewee.CharField(max_length=60)
    synced = peewee.BooleanField()
    created = peewee.BigIntegerField(default=now)
    used = peewee.BigIntegerField(null=True)
    suspect = peewee.BigIntegerField(null=True)


class OutsideIdentity(Model):
    """A user as a sign-in provider knows them: `subject` never changes there, `email` is what it was when linked.

    issuer: the provider's address; empty where it has but one.
    """

    id = IdField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    provider = peewee.CharField(max_length=20)
    issuer = peewee.CharField(max_length=255, default="")
    subject = peewee.CharField(max_length=255)
    email = peewee.CharField(max_length=254, default="")
    created = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("provider", "issuer", "subject"), True),)


class ApiKey(Model):
    """A key for programs. hash: SHA-256 of it; start: its first characters, to tell keys apart; scopes: with spaces."""

    id = IdField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    hash = peewee.CharField(max_length=64, unique=True)
    start = peewee.CharField(max_length=12)
    name = peewee.CharField(max_length=60)
    scopes = peewee.CharField(max_length=1000)
    created = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField(null=True)
    used = peewee.BigIntegerField(null=True)


class Export(Model):
    """A copy of all of a user's data, as a ZIP in the storage; `size` in bytes, none while it is being made.

    music: whether the files are in it, too.
    """

    id = IdField()
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    size = peewee.BigIntegerField(null=True)
    music = peewee.BooleanField(default=False)
    created = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField()
