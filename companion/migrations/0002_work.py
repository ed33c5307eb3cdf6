"""Events, jobs, the audit log."""

import peewee

# A row of the audit log is never changed, and goes only when its 90 days are over.
GUARD_SQLITE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_entry "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_entry "
    "WHEN OLD.at > (CAST(strftime('%s', 'now') AS INTEGER) - 7776000) * 1000 "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
GUARD_POSTGRES = (
    "CREATE FUNCTION audit_guard() RETURNS trigger AS $$ BEGIN "
    "IF TG_OP = 'DELETE' AND OLD.at <= (extract(epoch FROM now()) - 7776000) * 1000 THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_guard()",
)


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class Event(Base):
        id = peewee.BigAutoField()
        user = peewee.CharField(max_length=26, index=True)
        kind = peewee.CharField(max_length=40)
        body = peewee.TextField()
        at = peewee.BigIntegerField()

    class Job(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        kind = peewee.CharField(max_length=40)
        owner = peewee.CharField(max_length=26, index=True, null=True)
        subject = peewee.CharField(max_length=26, index=True)
        args = peewee.TextField()
        state = peewee.CharField(max_length=10, index=True)
        progress = peewee.DoubleField()
        note = peewee.CharField(max_length=500)
        tries = peewee.SmallIntegerField()
        created = peewee.BigIntegerField()
        started = peewee.BigIntegerField(null=True)
        seen = peewee.BigIntegerField(null=True)
        finished = peewee.BigIntegerField(null=True)

    class AuditEntry(Base):
        id = peewee.BigAutoField()
        at = peewee.BigIntegerField()
        actor = peewee.CharField(max_length=26, index=True)
        address = peewee.CharField(max_length=45)
        action = peewee.CharField(max_length=40, index=True)
        subject = peewee.CharField(max_length=60, index=True)
        detail = peewee.TextField()
        hash = peewee.CharField(max_length=64)

    return [Event, Job, AuditEntry]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)
    for statement in GUARD_SQLITE if isinstance(db, peewee.SqliteDatabase) else GUARD_POSTGRES:
        db.execute_sql(statement)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
    if not isinstance(db, peewee.SqliteDatabase):
        db.execute_sql("DROP FUNCTION audit_guard()")
