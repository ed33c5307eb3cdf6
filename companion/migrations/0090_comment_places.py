"""Comments know what they are about also while that is off the project, so that they find it again."""


def up(migrator, db):
    db.execute_sql('ALTER TABLE "comment" ADD COLUMN "about" VARCHAR(26) NOT NULL DEFAULT \'\'')
    db.execute_sql('UPDATE "comment" SET "about" = "item_id" WHERE "item_id" IS NOT NULL')


def down(migrator, db):
    db.execute_sql('ALTER TABLE "comment" DROP COLUMN "about"')
