"""An account elsewhere is known by who vouches for it, too: another provider's people may have the same numbers."""


def up(migrator, db):
    db.execute_sql('ALTER TABLE "outside_identity" ADD COLUMN "issuer" VARCHAR(255) NOT NULL DEFAULT \'\'')
    migrator.migrate(
        migrator.drop_index("outside_identity", "outside_identity_provider_subject"),
        migrator.add_index("outside_identity", ("provider", "issuer", "subject"), unique=True),
    )


def down(migrator, db):
    """Of two who have one number at different providers, the one linked first stays."""
    db.execute_sql(
        'DELETE FROM "outside_identity" WHERE EXISTS (SELECT 1 FROM "outside_identity" AS "first" WHERE '
        '"first"."provider" = "outside_identity"."provider" AND "first"."subject" = "outside_identity"."subject" '
        'AND "first"."id" < "outside_identity"."id")'
    )
    migrator.migrate(
        migrator.drop_index("outside_identity", "outside_identity_provider_issuer_subject"),
        migrator.add_index("outside_identity", ("provider", "subject"), unique=True),
    )
    db.execute_sql('ALTER TABLE "outside_identity" DROP COLUMN "issuer"')
