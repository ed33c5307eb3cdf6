"""How far the time of each machine has come, which its clock may leap away from."""

import peewee


def _model(database):
    class KnownTime(peewee.Model):
        boot = peewee.CharField(max_length=36, primary_key=True)
        up = peewee.BigIntegerField()
        at = peewee.BigIntegerField()

        class Meta:
            legacy_table_names = False

    KnownTime._meta.set_database(database)
    return KnownTime


def up(migrator, db):
    db.create_tables([_model(db)], safe=False)


def down(migrator, db):
    db.drop_tables([_model(db)], safe=False)
