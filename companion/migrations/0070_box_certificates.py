"""The authority that gives boxes their certificates, and what it gave."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class Authority(Base):
        id = peewee.SmallIntegerField(primary_key=True)
        key = peewee.BlobField()
        certificate = peewee.TextField()
        broker_key = peewee.BlobField()
        broker_certificate = peewee.TextField()
        access = peewee.BlobField()
        crl = peewee.TextField()
        crl_number = peewee.BigIntegerField()
        crl_made = peewee.BigIntegerField()

    class Enrolment(Base):
        box = peewee.CharField(max_length=64, primary_key=True)
        fingerprint = peewee.CharField(max_length=64)
        until = peewee.BigIntegerField()
        house = peewee.BooleanField()
        barred = peewee.BooleanField()

    class Certificate(Base):
        serial = peewee.CharField(max_length=40, primary_key=True)
        box = peewee.CharField(max_length=64, index=True)
        issued = peewee.BigIntegerField()
        expires = peewee.BigIntegerField()
        revoked = peewee.BigIntegerField(null=True)
        listed = peewee.BigIntegerField(null=True)
        kicks = peewee.SmallIntegerField(null=True, index=True)

    return [Authority, Enrolment, Certificate]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db), safe=False)
