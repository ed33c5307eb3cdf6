"""Idempotency keys with their answers."""

import peewee


def _models(database):
    class Repeat(peewee.Model):
        id = peewee.CharField(max_length=64, primary_key=True)
        request = peewee.CharField(max_length=64)
        attempt = peewee.CharField(max_length=26)
        at = peewee.BigIntegerField(index=True)
        answer = peewee.BlobField(null=True)

        class Meta:
            legacy_table_names = False

    Repeat._meta.set_database(database)
    return [Repeat]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db), safe=False)
