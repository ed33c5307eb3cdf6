"""The history of health."""

import peewee


def _models(database):
    class HealthSample(peewee.Model):
        at = peewee.BigIntegerField(primary_key=True)
        failing = peewee.CharField(max_length=200)
        database_ms = peewee.DoubleField()
        queue_lag_ms = peewee.BigIntegerField()
        jobs_waiting = peewee.IntegerField()
        disk_free = peewee.IntegerField()
        memory = peewee.IntegerField()
        load = peewee.DoubleField()

        class Meta:
            legacy_table_names = False

    HealthSample._meta.set_database(database)
    return [HealthSample]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db), safe=False)
