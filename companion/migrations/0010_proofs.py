"""Proofs of who somebody is: one-use tickets, authenticator apps, recovery codes, passkeys, providers, API keys."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Ticket(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        hash = peewee.CharField(max_length=64, unique=True)
        kind = peewee.CharField(max_length=20)
        user = peewee.ForeignKeyField(User, null=True, on_delete="CASCADE")
        data = peewee.TextField()
        tries = peewee.SmallIntegerField()
        created = peewee.BigIntegerField()
        expires = peewee.BigIntegerField(index=True)

    class Totp(Base):
        user = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        secret = peewee.BlobField()
        step = peewee.BigIntegerField()
        confirmed = peewee.BigIntegerField(null=True)

    class RecoveryCode(Base):
        id = peewee.BigAutoField()
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        hash = peewee.CharField(max_length=64)
        used = peewee.BigIntegerField(null=True)

    class Passkey(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        credential = peewee.CharField(unique=True, max_length=1400)
        key = peewee.BlobField()
        count = peewee.BigIntegerField()
        name = peewee.CharField(max_length=60)
        synced = peewee.BooleanField()
        created = peewee.BigIntegerField()
        used = peewee.BigIntegerField(null=True)
        suspect = peewee.BigIntegerField(null=True)

    class OutsideIdentity(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        provider = peewee.CharField(max_length=20)
        subject = peewee.CharField(max_length=255)
        email = peewee.CharField(max_length=254)
        created = peewee.BigIntegerField()

        class Meta:
            indexes = ((("provider", "subject"), True),)

    class ApiKey(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        hash = peewee.CharField(max_length=64, unique=True)
        start = peewee.CharField(max_length=12)
        name = peewee.CharField(max_length=60)
        scopes = peewee.CharField(max_length=1000)
        created = peewee.BigIntegerField()
        expires = peewee.BigIntegerField(null=True)
        used = peewee.BigIntegerField(null=True)

    class Export(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        size = peewee.BigIntegerField(null=True)
        created = peewee.BigIntegerField()
        expires = peewee.BigIntegerField()

    return [Ticket, Totp, RecoveryCode, Passkey, OutsideIdentity, ApiKey, Export]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
