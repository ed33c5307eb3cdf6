"""Earnings with their sums, and where releases stand."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class EarningsLedger(Base):
        owner = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        zone = peewee.CharField(max_length=60)
        revision = peewee.BigIntegerField()

    class EarningsEntry(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        source = peewee.CharField(max_length=12)
        title = peewee.CharField(max_length=120)
        note = peewee.CharField(max_length=500)
        amount = peewee.BigIntegerField()
        currency = peewee.CharField(max_length=3)
        day = peewee.CharField(max_length=10)
        release = peewee.CharField(max_length=26)
        key = peewee.CharField(max_length=80)
        reverses = peewee.ForeignKeyField("self", null=True, unique=True, on_delete="CASCADE")
        posted = peewee.BigIntegerField()

        class Meta:
            indexes = ((("owner", "key"), True), (("owner", "day", "id"), False))

    class EarningsSum(Base):
        id = peewee.BigAutoField()
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        currency = peewee.CharField(max_length=3)
        day = peewee.CharField(max_length=10)
        source = peewee.CharField(max_length=12)
        release = peewee.CharField(max_length=26)
        amount = peewee.BigIntegerField()
        count = peewee.IntegerField()

        class Meta:
            indexes = ((("owner", "currency", "day", "source", "release"), True),)

    class ReleaseStatus(Base):
        id = peewee.BigAutoField()
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        release = peewee.CharField(max_length=26)
        title = peewee.CharField(max_length=120)
        artist = peewee.CharField(max_length=120)
        stage = peewee.CharField(max_length=20)
        changed = peewee.BigIntegerField()
        date = peewee.CharField(max_length=10)
        said = peewee.CharField(max_length=500)
        stores = peewee.TextField()

        class Meta:
            indexes = ((("owner", "release"), True),)

    return [EarningsLedger, EarningsEntry, EarningsSum, ReleaseStatus]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
