"""Files between boxes and the companion, and the tokens that they go by."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Transfer(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        box = peewee.CharField(max_length=64)
        way = peewee.CharField(max_length=4)
        hash = peewee.CharField(max_length=64)
        size = peewee.BigIntegerField()
        name = peewee.CharField(max_length=180)
        mime = peewee.CharField(max_length=80)
        purpose = peewee.CharField(max_length=20)
        set = peewee.CharField(max_length=26)
        list = peewee.CharField(max_length=26)
        track = peewee.TextField()
        state = peewee.CharField(max_length=12)
        said = peewee.CharField(max_length=500)
        upload = peewee.CharField(max_length=26, index=True)
        file = peewee.CharField(max_length=26, index=True)
        tries = peewee.SmallIntegerField()
        done = peewee.BigIntegerField()
        created = peewee.BigIntegerField()
        changed = peewee.BigIntegerField()

        class Meta:
            indexes = ((("owner", "box", "way", "hash"), True), (("owner", "box", "id"), False))

    class TransferToken(Base):
        hash = peewee.CharField(max_length=64, primary_key=True)
        transfer = peewee.ForeignKeyField(Transfer, on_delete="CASCADE")
        expires = peewee.BigIntegerField(index=True)

    return [Transfer, TransferToken]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
