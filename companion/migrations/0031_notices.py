"""Notices, and which kinds somebody wants no mail of."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Notice(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        kind = peewee.CharField(max_length=40)
        body = peewee.TextField()
        at = peewee.BigIntegerField()
        read = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("user", "id"), False),)

    class NoMail(Base):
        id = peewee.BigAutoField()
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        kind = peewee.CharField(max_length=40)

        class Meta:
            indexes = ((("user", "kind"), True),)

    return [Notice, NoMail]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
