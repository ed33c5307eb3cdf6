"""What documents have, beside them: it is said to each box that comes."""

import peewee


def up(migrator, db):
    migrator.migrate(migrator.add_column("document", "state", peewee.BlobField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("document", "state"))
