"""Lists that boxes hold ready."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class BoxList(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        box = peewee.CharField(max_length=64)
        list = peewee.CharField(max_length=26, index=True)
        of = peewee.CharField(max_length=10)
        title = peewee.CharField(max_length=120)
        by = peewee.CharField(max_length=120)
        state = peewee.CharField(max_length=10)
        files = peewee.TextField()
        missing = peewee.IntegerField()
        there = peewee.IntegerField()
        lacking = peewee.IntegerField()
        seen = peewee.BigIntegerField()
        sent = peewee.BigIntegerField()

        class Meta:
            indexes = ((("owner", "box", "list"), True),)

    return [BoxList]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db), safe=False)
