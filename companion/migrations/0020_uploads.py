"""Uploads and stored files."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class StoredFile(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        sha256 = peewee.CharField(max_length=64)
        size = peewee.BigIntegerField()
        kind = peewee.CharField(max_length=10)
        format = peewee.CharField(max_length=8)
        name = peewee.CharField(max_length=200)
        art = peewee.BooleanField()
        facts = peewee.TextField()
        created = peewee.BigIntegerField()

        class Meta:
            indexes = ((("owner", "sha256"), True),)

    class Upload(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        purpose = peewee.CharField(max_length=20)
        subject = peewee.CharField(max_length=26)
        details = peewee.TextField()
        name = peewee.CharField(max_length=200)
        size = peewee.BigIntegerField()
        offset = peewee.BigIntegerField()
        format = peewee.CharField(max_length=8)
        state = peewee.CharField(max_length=10)
        reason = peewee.CharField(max_length=500)
        file = peewee.ForeignKeyField(StoredFile, null=True, on_delete="SET NULL")
        duplicate = peewee.BooleanField()
        result = peewee.CharField(max_length=26)
        created = peewee.BigIntegerField()
        expires = peewee.BigIntegerField(index=True)

    return [StoredFile, Upload]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
