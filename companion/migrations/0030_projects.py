"""Projects, who works on them, what is in them, and what was done."""

import peewee


def _models(database):
    class Base(peewee.Model):
        class Meta:
            legacy_table_names = False

    Base._meta.set_database(database)

    class User(Base):
        id = peewee.CharField(max_length=26, primary_key=True)

    class Project(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
        title = peewee.CharField(max_length=200)
        notes = peewee.TextField()
        status = peewee.CharField(max_length=10)
        tempo = peewee.DoubleField(null=True)
        key = peewee.CharField(max_length=4)
        cover = peewee.CharField(max_length=26)
        version = peewee.IntegerField()
        created = peewee.BigIntegerField()
        changed = peewee.BigIntegerField()
        archived = peewee.BigIntegerField(null=True)
        deleted = peewee.BigIntegerField(null=True)
        sorted_by = peewee.CharField(max_length=400)
        searched = peewee.TextField()

    class Member(Base):
        id = peewee.BigAutoField()
        project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
        user = peewee.ForeignKeyField(User, on_delete="CASCADE")
        role = peewee.SmallIntegerField()
        since = peewee.BigIntegerField()

        class Meta:
            indexes = ((("project", "user"), True),)

    class Invitation(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
        email = peewee.CharField(max_length=254, index=True)
        role = peewee.SmallIntegerField()
        hash = peewee.CharField(max_length=64, unique=True)
        inviter = peewee.ForeignKeyField(User, on_delete="CASCADE")
        created = peewee.BigIntegerField()
        expires = peewee.BigIntegerField(index=True)

        class Meta:
            indexes = ((("project", "email"), True),)

    class Item(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
        kind = peewee.CharField(max_length=10)
        subject = peewee.CharField(max_length=26, index=True)
        name = peewee.CharField(max_length=200)
        position = peewee.IntegerField()
        adder = peewee.ForeignKeyField(User, on_delete="CASCADE")
        added = peewee.BigIntegerField()

        class Meta:
            indexes = ((("project", "kind", "subject"), True),)

    class Comment(Base):
        id = peewee.CharField(max_length=26, primary_key=True)
        project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
        item = peewee.ForeignKeyField(Item, null=True, on_delete="SET NULL")
        author = peewee.ForeignKeyField(User, null=True, on_delete="SET NULL")
        answers = peewee.CharField(max_length=26, index=True)
        text = peewee.TextField()
        position = peewee.BigIntegerField(null=True)
        created = peewee.BigIntegerField()
        edited = peewee.BigIntegerField(null=True)
        resolved = peewee.BigIntegerField(null=True)

    class Change(Base):
        id = peewee.BigAutoField()
        project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
        actor = peewee.ForeignKeyField(User, null=True, on_delete="SET NULL")
        what = peewee.CharField(max_length=20)
        before = peewee.TextField()
        after = peewee.TextField()
        at = peewee.BigIntegerField()

    return [Project, Member, Invitation, Item, Comment, Change]


def up(migrator, db):
    db.create_tables(_models(db), safe=False)
    db.execute_sql("CREATE INDEX project_deleted ON project (deleted) WHERE deleted IS NOT NULL")


def down(migrator, db):
    db.drop_tables(_models(db)[::-1], safe=False)
