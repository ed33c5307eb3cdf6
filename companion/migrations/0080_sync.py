"""What boxes send and are sent: cursors, held messages, dead letters, rows that wait."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class IngestCursor(Base):
        id = peewee.BigAutoField()
        box = peewee.CharField(max_length=64)
        stream = peewee.CharField(max_length=20)
        epoch = peewee.CharField(max_length=26)
        upto = peewee.BigIntegerField()
        moved = peewee.BigIntegerField()
        greeted = peewee.BooleanField()

        class Meta:
            indexes = ((("box", "stream", "epoch"), True),)

    class HeldMessage(Base):
        id = peewee.BigAutoField()
        cursor = peewee.ForeignKeyField(IngestCursor, on_delete="CASCADE", index=False)
        box = peewee.CharField(max_length=64, index=True)
        first = peewee.BigIntegerField()
        last = peewee.BigIntegerField()
        size = peewee.IntegerField()
        payload = peewee.BlobField()

        class Meta:
            indexes = ((("cursor", "first"), True),)

    class DeadLetter(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        box = peewee.CharField(max_length=64)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        stream = peewee.CharField(max_length=20)
        epoch = peewee.CharField(max_length=26)
        seq = peewee.BigIntegerField()
        kind = peewee.CharField(max_length=60)
        kv = peewee.IntegerField()
        payload = peewee.BlobField()
        mended = peewee.BlobField()
        reason = peewee.CharField(max_length=500)
        state = peewee.CharField(max_length=10, index=True)
        came = peewee.BigIntegerField()
        settled = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("box", "id"), False),)

    class OutgoingStream(Base):
        id = peewee.BigAutoField()
        box = peewee.CharField(max_length=64)
        stream = peewee.CharField(max_length=20)
        owner = peewee.CharField(max_length=26)
        epoch = peewee.CharField(max_length=26)
        next = peewee.BigIntegerField()
        stamp_ms = peewee.BigIntegerField()
        stamp_count = peewee.IntegerField()
        bytes = peewee.BigIntegerField()
        lapsed = peewee.BooleanField()

        class Meta:
            indexes = ((("box", "stream"), True),)

    class OutgoingRow(Base):
        id = peewee.BigAutoField()
        stream = peewee.ForeignKeyField(OutgoingStream, on_delete="CASCADE", index=False)
        first = peewee.BigIntegerField()
        last = peewee.BigIntegerField()
        key = peewee.CharField(max_length=80)
        skip = peewee.BooleanField()
        size = peewee.IntegerField()
        payload = peewee.BlobField()
        expires = peewee.BigIntegerField(null=True)
        made = peewee.BigIntegerField()

        class Meta:
            indexes = ((("stream", "first"), True), (("stream", "key"), False))

    class OutgoingLease(Base):
        id = peewee.SmallIntegerField(primary_key=True)
        holder = peewee.CharField(max_length=26)
        until = peewee.BigIntegerField()

    return [IngestCursor, HeldMessage, DeadLetter, OutgoingStream, OutgoingRow, OutgoingLease]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
