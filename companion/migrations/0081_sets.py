"""Sets that boxes played, their tracklists, and the history of plays."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class BoxSet(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        box = peewee.CharField(max_length=64)
        number = peewee.CharField(max_length=26)
        box_name = peewee.CharField(max_length=120)
        title = peewee.CharField(max_length=120)
        notes = peewee.TextField()
        state = peewee.CharField(max_length=10)
        started = peewee.BigIntegerField()
        seconds = peewee.DoubleField()
        tracks = peewee.IntegerField()
        ended = peewee.CharField(max_length=20)
        recorded = peewee.BooleanField()
        samplerate = peewee.IntegerField()
        dropped = peewee.BigIntegerField()
        loudness = peewee.DoubleField(null=True)
        peak = peewee.DoubleField(null=True)
        recording_hash = peewee.CharField(max_length=64)
        recording_size = peewee.BigIntegerField()
        recording_name = peewee.CharField(max_length=180)
        recording_file = peewee.CharField(max_length=26, index=True)
        log_hash = peewee.CharField(max_length=64)
        log_size = peewee.BigIntegerField()
        log_name = peewee.CharField(max_length=180)
        log_file = peewee.CharField(max_length=26, index=True)
        created = peewee.BigIntegerField()
        changed = peewee.BigIntegerField()

        class Meta:
            indexes = ((("owner", "box", "number"), True), (("owner", "started"), False))

    class SetEntry(Base):
        id = peewee.BigAutoField()
        set = peewee.ForeignKeyField(BoxSet, on_delete="CASCADE", index=False)
        position = peewee.SmallIntegerField()
        at = peewee.DoubleField()
        title = peewee.CharField(max_length=120)
        artist = peewee.CharField(max_length=120)
        track = peewee.CharField(max_length=26)
        hash = peewee.CharField(max_length=64)
        seconds = peewee.DoubleField(null=True)
        tempo = peewee.DoubleField(null=True)
        key = peewee.CharField(max_length=12)
        isrc = peewee.CharField(max_length=12)
        deck = peewee.SmallIntegerField()
        heard = peewee.DoubleField()
        pitch = peewee.DoubleField()

        class Meta:
            indexes = ((("set", "position"), True),)

    class Play(Base):
        id = peewee.BigAutoField()
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        box = peewee.CharField(max_length=64)
        set = peewee.CharField(max_length=26)
        started = peewee.BigIntegerField()
        heard = peewee.DoubleField()
        title = peewee.CharField(max_length=120)
        artist = peewee.CharField(max_length=120)
        track = peewee.CharField(max_length=26)
        hash = peewee.CharField(max_length=64)
        isrc = peewee.CharField(max_length=12)
        deck = peewee.SmallIntegerField()
        pitch = peewee.DoubleField()

        class Meta:
            indexes = ((("owner", "started", "id"), False), (("owner", "track"), False))

    return [BoxSet, SetEntry, Play]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
