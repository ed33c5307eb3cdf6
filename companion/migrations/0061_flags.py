"""Flags."""

import peewee


def _models(database):
    class Flag(peewee.Model):
        name = peewee.CharField(max_length=40, primary_key=True)
        about = peewee.CharField(max_length=200)
        percent = peewee.SmallIntegerField()
        users = peewee.TextField()
        changed = peewee.BigIntegerField()

        class Meta:
            legacy_table_names = False

    Flag._meta.set_database(database)
    return [Flag]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db), safe=False)
