"""Tracks, artists, credits, recordings, markers, analyses, and the index for searching."""

import peewee


def _models(database):
    collation = "BINARY" if isinstance(database, peewee.SqliteDatabase) else '"C"'  # both sort by code points

    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class StoredFile(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Track(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        title = peewee.CharField(max_length=200)
        artist = peewee.CharField(max_length=300)
        album = peewee.CharField(max_length=200)
        number = peewee.CharField(max_length=10)
        year = peewee.SmallIntegerField()
        genre = peewee.CharField(max_length=60)
        isrc = peewee.CharField(max_length=12)
        label = peewee.CharField(max_length=100)
        copyright = peewee.CharField(max_length=200)
        notes = peewee.TextField()
        tempo = peewee.DoubleField(null=True)
        key = peewee.CharField(max_length=12)
        title_sort = peewee.CharField(max_length=100, collation=collation)
        artist_sort = peewee.CharField(max_length=100, collation=collation)
        album_sort = peewee.CharField(max_length=100, collation=collation)
        recording = peewee.CharField(max_length=26)
        file = peewee.CharField(max_length=26, index=True)
        artwork = peewee.CharField(max_length=26, index=True)
        seconds = peewee.DoubleField()
        format = peewee.CharField(max_length=8)
        loudness = peewee.DoubleField(null=True)
        version = peewee.IntegerField()
        created = peewee.BigIntegerField()
        changed = peewee.BigIntegerField()
        deleted = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = (
                (("owner", "id"), False),
                (("owner", "title_sort", "id"), False),
                (("owner", "artist_sort", "id"), False),
                (("owner", "album_sort", "id"), False),
                (("owner", "year", "id"), False),
                (("owner", "seconds", "id"), False),
                (("owner", "changed", "id"), False),
                (("owner", "genre", "id"), False),
            )

    class Artist(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE", index=False)
        name = peewee.CharField(max_length=120)
        folded = peewee.CharField(max_length=120, collation=collation)

        class Meta:
            indexes = ((("owner", "folded"), True),)

    class Credit(Base):
        id = peewee.BigAutoField()
        track = peewee.ForeignKeyField(Track, on_delete="CASCADE")
        artist = peewee.ForeignKeyField(Artist, on_delete="CASCADE")
        role = peewee.CharField(max_length=20)
        position = peewee.SmallIntegerField()

    class Recording(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        track = peewee.ForeignKeyField(Track, on_delete="CASCADE", index=False)
        number = peewee.IntegerField()
        kind = peewee.CharField(max_length=12)
        label = peewee.CharField(max_length=100)
        file = peewee.ForeignKeyField(StoredFile, on_delete="RESTRICT")
        created = peewee.BigIntegerField()

        class Meta:
            indexes = ((("track", "number"), True),)

    class Marker(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        track = peewee.ForeignKeyField(Track, on_delete="CASCADE")
        start = peewee.DoubleField()
        end = peewee.DoubleField(null=True)
        label = peewee.CharField(max_length=60)
        colour = peewee.SmallIntegerField()

    class Analysis(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        file = peewee.ForeignKeyField(StoredFile, on_delete="CASCADE", index=False)
        analyser = peewee.CharField(max_length=40)
        release = peewee.CharField(max_length=20)
        tempo = peewee.DoubleField(null=True)
        key = peewee.CharField(max_length=12)
        results = peewee.TextField()
        made = peewee.BigIntegerField()

        class Meta:
            indexes = ((("file", "analyser"), True),)

    return [Track, Artist, Credit, Recording, Marker, Analysis]


# The words are folded before they come here, so both databases find the same.
SEARCH_SQLITE = (
    "CREATE VIRTUAL TABLE track_search USING fts5(track, owner, title, artist, album, rest, "
    "prefix = '2 3', tokenize = 'unicode61 remove_diacritics 0')",
)
SEARCH_POSTGRES = (
    "CREATE TABLE track_search (track varchar(26) PRIMARY KEY REFERENCES track (id) ON DELETE CASCADE, "
    "words tsvector NOT NULL)",
    "CREATE INDEX track_search_words ON track_search USING gin (words)",
)


def up(migrator, db):
    db.create_tables(_models(db), safe=False)
    for statement in SEARCH_SQLITE if isinstance(db, peewee.SqliteDatabase) else SEARCH_POSTGRES:
        db.execute_sql(statement)


def down(migrator, db):
    db.execute_sql("DROP TABLE track_search")
    db.drop_tables(_models(db)[::-1], safe=False)
