"""Documents, their updates, and parts of updates."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Document(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        of = peewee.CharField(max_length=10)
        title = peewee.CharField(max_length=120)
        count = peewee.IntegerField()
        sequence = peewee.BigIntegerField()
        checkpoint = peewee.BigIntegerField()
        bytes = peewee.BigIntegerField()
        created = peewee.BigIntegerField()
        changed = peewee.BigIntegerField()
        deleted = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("owner", "changed", "id"), False),)

    class DocumentUpdate(Base):
        id = peewee.BigAutoField()
        document = peewee.ForeignKeyField(Document, on_delete="CASCADE", index=False)
        sequence = peewee.BigIntegerField()
        by = peewee.CharField(max_length=64)
        at = peewee.BigIntegerField()
        payload = peewee.BlobField()

        class Meta:
            indexes = ((("document", "sequence"), True),)

    class DocumentPart(Base):
        id = peewee.BigAutoField()
        box = peewee.CharField(max_length=64)
        document = peewee.CharField(max_length=26)
        part = peewee.SmallIntegerField()
        parts = peewee.SmallIntegerField()
        payload = peewee.BlobField()

        class Meta:
            indexes = ((("box", "part"), True),)

    return [Document, DocumentUpdate, DocumentPart]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
