"""Remote commands and configurations of boxes."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class BoxCommand(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        box = peewee.CharField(max_length=64)
        do = peewee.CharField(max_length=80)
        permission = peewee.CharField(max_length=10)
        arguments = peewee.TextField()
        by = peewee.CharField(max_length=120)
        given = peewee.BigIntegerField()
        until = peewee.BigIntegerField()
        state = peewee.CharField(max_length=10)
        said = peewee.CharField(max_length=500)
        result = peewee.TextField()
        answered = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("box", "owner", "id"), False), (("state", "until"), False))

    class BoxConfiguration(Base):
        id = peewee.BigAutoField()
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        box = peewee.CharField(max_length=64)
        revision = peewee.BigIntegerField()
        settings = peewee.TextField()
        applied = peewee.BigIntegerField()
        applied_at = peewee.BigIntegerField(null=True)
        refused = peewee.TextField()

        class Meta:
            indexes = ((("owner", "box"), True),)

    return [BoxCommand, BoxConfiguration]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
