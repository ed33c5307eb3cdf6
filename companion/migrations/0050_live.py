"""Tickets of live events."""

import peewee


def _models(database):
    class LiveTicket(peewee.Model):
        hash = peewee.CharField(max_length=64, primary_key=True)
        user = peewee.CharField(max_length=26)
        session = peewee.CharField(max_length=26)
        expires = peewee.BigIntegerField(index=True)

        class Meta:
            legacy_table_names = False

    LiveTicket._meta.set_database(database)
    return [LiveTicket]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db), safe=False)
