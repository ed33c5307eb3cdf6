"""A small domain for tests of the web layer: things with a name."""

import peewee

from companion import app as application
from companion.database import IdField, Model, database
from companion.errors import Conflict, NotFound
from companion.jobs import service as jobs
from companion.web.api import Answer, Api, Body, Rule
from companion.web.identity import Access, who


class Thing(Model):
    id = IdField()
    owner = peewee.CharField(max_length=26)
    name = peewee.CharField(max_length=100)
    size = peewee.BigIntegerField(default=0)


class ThingIn(Body):
    name: str
    size: int = 0


class ThingOut(Answer):
    id: str
    name: str
    size: int


api = Api("things", "Things", "/things")
during = []  # called inside the view that makes a thing, after the thing is there


@api.on("POST", "", Rule(Access.ARTIST, scope="things"), takes=ThingIn, gives=ThingOut, status=201)
def make(body):
    """Make a thing."""
    with database.atomic():
        thing = Thing.create(owner=who().user, name=body.name, size=body.size)
    for step in during:
        step()
    if body.name == "late refusal":
        raise Conflict("no")
    return thing


def _mine(thing):
    found = Thing.get_or_none((Thing.id == thing) & (Thing.owner == who().user))
    if found is None:
        raise NotFound("there is no such thing")
    return found


@api.on("GET", "/<thing>", Rule(Access.ARTIST), gives=ThingOut)
def show(thing):
    """One thing."""
    return _mine(thing)


@api.on("PATCH", "/<thing>", Rule(Access.ARTIST), takes=ThingIn, gives=ThingOut)
def change(thing, body):
    """Change a thing."""
    found = _mine(thing)
    found.name, found.size = body.name, body.size
    found.save()
    return found


@api.on("PUT", "/<thing>/unseen", Rule(Access.ARTIST), status=204)
def touch(thing):
    """An address that nobody can GET."""
    _mine(thing)


@api.on("DELETE", "/<thing>", Rule(Access.ARTIST), status=204)
def remove(thing):
    """Remove a thing."""
    _mine(thing).delete_instance()


@api.on("POST", "/broken", Rule(Access.PUBLIC))
def broken():
    """Always fails."""
    raise RuntimeError("a bug")


def create_app(settings):
    """The application with things in it."""
    domains = application.DOMAINS
    application.DOMAINS = (*domains, api)
    try:
        app = application.create_app(settings)
    finally:
        application.DOMAINS = domains
    jobs.open_queue(settings, immediate=True)
    with database.connection_context():
        database.create_tables([Thing])
    return app
