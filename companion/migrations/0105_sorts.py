"""Tracks sorted by tempo, key and loudness."""

import peewee

_INDEXES = (
    ("track_owner_id_tempo_id", "track", "owner_id, tempo, id"),
    ("track_owner_id_key_id", "track", "owner_id, key, id"),
    ("track_owner_id_loudness_id", "track", "owner_id, loudness, id"),
)


def up(migrator, db):
    if not isinstance(db, peewee.SqliteDatabase):  # both sort by code points
        db.execute_sql('ALTER TABLE "track" ALTER COLUMN "key" TYPE varchar(12) COLLATE "C"')
    for name, table, columns in _INDEXES:
        db.execute_sql(f"CREATE INDEX {name} ON {table} ({columns})")


def down(migrator, db):
    for name, _, _ in _INDEXES:
        db.execute_sql(f"DROP INDEX {name}")
    if not isinstance(db, peewee.SqliteDatabase):
        db.execute_sql('ALTER TABLE "track" ALTER COLUMN "key" TYPE varchar(12) COLLATE "default"')
