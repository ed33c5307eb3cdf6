"""Boxes, codes to claim them by, and what they tell of themselves."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Box(Base):
        id = peewee.CharField(max_length=64, primary_key=True)
        owner = peewee.ForeignKeyField(User, null=True, on_delete="SET NULL")
        name = peewee.CharField(max_length=60)
        model = peewee.CharField(max_length=60)
        fingerprint = peewee.CharField(max_length=100)
        claimed = peewee.BigIntegerField(null=True)
        online = peewee.BooleanField()
        seen = peewee.BigIntegerField(null=True)
        reported = peewee.BigIntegerField()
        versions = peewee.TextField()
        storage_used = peewee.BigIntegerField(null=True)
        storage_total = peewee.BigIntegerField(null=True)
        playing = peewee.CharField(max_length=300)
        heir = peewee.CharField(max_length=254, index=True)
        heir_until = peewee.BigIntegerField(null=True)

    class ClaimOffer(Base):
        hash = peewee.CharField(max_length=64, primary_key=True)
        box = peewee.CharField(max_length=64, unique=True)
        info = peewee.TextField()
        expires = peewee.BigIntegerField(index=True)

    class ClaimTries(Base):
        user = peewee.ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        count = peewee.SmallIntegerField()
        since = peewee.BigIntegerField()

    class BoxEvent(Base):
        id = peewee.BigAutoField()
        box = peewee.ForeignKeyField(Box, on_delete="CASCADE")
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        kind = peewee.CharField(max_length=20)
        detail = peewee.TextField()
        at = peewee.BigIntegerField(index=True)

        class Meta:
            indexes = ((("box", "owner", "id"), False),)

    return [Box, ClaimOffer, ClaimTries, BoxEvent]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
