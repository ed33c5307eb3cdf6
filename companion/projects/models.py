"""Projects, who works on them, what is in them, and what was done."""

from enum import IntEnum

import peewee

from companion.accounts.models import User
from companion.database import IdField, Model, now

STATUSES = ("idea", "sketch", "recording", "mixing", "mastering", "finished")


class Role(IntEnum):
    """What somebody may do in a project; each includes those before it."""

    VIEWER = 1
    COMMENTER = 2
    EDITOR = 3
    OWNER = 4


class Project(Model):
    """Music on its way. tempo: beats a minute; key: such as `F#m`; cover: an artwork of the catalogue, or empty.

    version: counts what changes in the fields; archived, deleted: when. sorted_by, searched: title, and title and
    notes, without case and accents.
    """

    id = IdField()
    owner = peewee.ForeignKeyField(User, on_delete="CASCADE")
    title = peewee.CharField(max_length=200)
    notes = peewee.TextField(default="")
    status = peewee.CharField(max_length=10, default=STATUSES[0])
    tempo = peewee.DoubleField(null=True)
    key = peewee.CharField(max_length=4, default="")
    cover = peewee.CharField(max_length=26, default="")
    version = peewee.IntegerField(default=1)
    created = peewee.BigIntegerField(default=now)
    changed = peewee.BigIntegerField(default=now)
    archived = peewee.BigIntegerField(null=True)
    deleted = peewee.BigIntegerField(null=True)
    sorted_by = peewee.CharField(max_length=400, default="")
    searched = peewee.TextField(default="")


class Member(Model):
    """Somebody else than the owner who works on a project. `role` as in Role."""

    id = peewee.BigAutoField()
    project = peewee.ForeignKeyField(Project, backref="members", on_delete="CASCADE")
    user = peewee.ForeignKeyField(User, on_delete="CASCADE")
    role = peewee.SmallIntegerField()
    since = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("project", "user"), True),)


class Invitation(Model):
    """An open invitation to a project. hash: SHA-256 of the secret that was mailed."""

    id = IdField()
    project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
    email = peewee.CharField(max_length=254, index=True)
    role = peewee.SmallIntegerField()
    hash = peewee.CharField(max_length=64, unique=True)
    inviter = peewee.ForeignKeyField(User, on_delete="CASCADE")
    created = peewee.BigIntegerField(default=now)
    expires = peewee.BigIntegerField(index=True)

    class Meta:
        indexes = ((("project", "email"), True),)


class Item(Model):
    """Something of the catalogue in a project: `subject` is its id there, `kind` what it is. It stays its adder's."""

    id = IdField()
    project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
    kind = peewee.CharField(max_length=10)
    subject = peewee.CharField(max_length=26, index=True)
    name = peewee.CharField(max_length=200)
    position = peewee.IntegerField()
    adder = peewee.ForeignKeyField(User, on_delete="CASCADE")
    added = peewee.BigIntegerField(default=now)

    class Meta:
        indexes = ((("project", "kind", "subject"), True),)


class Comment(Model):
    """What somebody said, at `position` (ms) of an item, or of the project. answers: the comment it replies to.

    about: the item's id, kept while it is off the project.
    """

    id = IdField()
    project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
    item = peewee.ForeignKeyField(Item, null=True, on_delete="SET NULL")
    author = peewee.ForeignKeyField(User, null=True, on_delete="SET NULL")
    about = peewee.CharField(max_length=26, default="")
    answers = peewee.CharField(max_length=26, index=True, default="")
    text = peewee.TextField()
    position = peewee.BigIntegerField(null=True)
    created = peewee.BigIntegerField(default=now)
    edited = peewee.BigIntegerField(null=True)
    resolved = peewee.BigIntegerField(null=True)


class Change(Model):
    """One line of a project's history. before, after: JSON of what was touched, by name."""

    id = peewee.BigAutoField()
    project = peewee.ForeignKeyField(Project, on_delete="CASCADE")
    actor = peewee.ForeignKeyField(User, null=True, on_delete="SET NULL")
    what = peewee.CharField(max_length=20)
    before = peewee.TextField()
    after = peewee.TextField()
    at = peewee.BigIntegerField(default=now)
