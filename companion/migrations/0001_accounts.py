"""Users, sessions, refresh tokens, data keys."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        email = peewee.CharField(unique=True, max_length=254)
        name = peewee.CharField(max_length=100)
        password = peewee.CharField(max_length=200)
        access = peewee.SmallIntegerField()
        tier = peewee.CharField(max_length=16)
        created = peewee.BigIntegerField()
        verified = peewee.BigIntegerField(null=True)
        disabled = peewee.BigIntegerField(null=True)
        leaving = peewee.BigIntegerField(null=True, index=True)

    class Session(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        secret = peewee.CharField(max_length=64, index=True)
        csrf = peewee.CharField(max_length=43)
        agent = peewee.CharField(max_length=200)
        address = peewee.CharField(max_length=45)
        created = peewee.BigIntegerField()
        seen = peewee.BigIntegerField()
        proven = peewee.BigIntegerField()
        expires = peewee.BigIntegerField()

    class RefreshToken(Base):
        hash = peewee.CharField(max_length=64, primary_key=True)
        session = peewee.ForeignKeyField(Session, on_delete="CASCADE")
        used = peewee.BigIntegerField(null=True)
        expires = peewee.BigIntegerField()

    class VaultKey(Base):
        id = peewee.AutoField()
        wrapped = peewee.BlobField()
        created = peewee.BigIntegerField()

    return [User, Session, RefreshToken, VaultKey]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
