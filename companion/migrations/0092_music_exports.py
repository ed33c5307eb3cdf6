"""Exports may have the music in them."""

import peewee


def up(migrator, db):
    kind = "INTEGER NOT NULL DEFAULT 0" if isinstance(db, peewee.SqliteDatabase) else "BOOLEAN NOT NULL DEFAULT FALSE"
    db.execute_sql(f'ALTER TABLE "export" ADD COLUMN "music" {kind}')


def down(migrator, db):
    db.execute_sql('ALTER TABLE "export" DROP COLUMN "music"')
