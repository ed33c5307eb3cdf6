"""How boxes are: presence, health, crashes."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Presence(Base):
        box = peewee.CharField(max_length=64, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        online = peewee.BooleanField()
        epoch = peewee.CharField(max_length=26)
        at_ms = peewee.BigIntegerField()
        at_count = peewee.IntegerField()
        reported = peewee.BigIntegerField()
        came = peewee.BigIntegerField()
        body = peewee.TextField()
        words = peewee.CharField(max_length=500)
        reason = peewee.CharField(max_length=20)

    class BoxHealth(Base):
        id = peewee.BigAutoField()
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        box = peewee.CharField(max_length=64)
        at = peewee.BigIntegerField()
        came = peewee.BigIntegerField(index=True)
        body = peewee.TextField()

        class Meta:
            indexes = ((("box", "owner", "id"), False),)

    class BoxCrash(Base):
        id = peewee.BigAutoField()
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        box = peewee.CharField(max_length=64)
        process = peewee.CharField(max_length=60)
        version = peewee.CharField(max_length=60)
        reason = peewee.CharField(max_length=120)
        crashed = peewee.BigIntegerField()
        came = peewee.BigIntegerField(index=True)
        body = peewee.TextField()

        class Meta:
            indexes = ((("box", "owner", "id"), False),)

    return [Presence, BoxHealth, BoxCrash]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
