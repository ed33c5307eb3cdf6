"""The companion on real databases: every test that takes `app` runs on SQLite and on PostgreSQL."""

import os
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from companion import config, database
from companion.accounts import passwords
from companion.app import create_app
from companion.jobs import service as jobs
from tests.companion.people import Person
from tests.companion.servers import Postgres


@pytest.fixture(scope="session")
def postgres():
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def cheap_hashing():
    """Argon2 at its least costs: the same code, without 150 ms of CPU for each sign-in."""
    passwords.use(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request, tmp_path):
    """Settings on an empty, migrated database; limits are off."""
    address = request.getfixturevalue("postgres").database() if request.param == "postgres" else None
    environ = {"PATH": os.environ["PATH"]}
    made = config.load(environ, folder=tmp_path / "companion", database_url=address, limits=False)
    database.bind(made)
    with database.connection():
        database.runner().up()
    yield made
    database.database.close()


@pytest.fixture
def app(settings):
    """The application. Jobs are done at once, in the request that makes them."""
    app = create_app(settings)
    jobs.open_queue(settings, immediate=True)
    return app


@pytest.fixture
def admin(app):
    """The first account, which administers."""
    return Person(app, "Ada")


@pytest.fixture
def mira(app, admin):
    """An artist."""
    return Person(app, "Mira")


@pytest.fixture
def noor(app, admin):
    """Another artist, who has nothing to do with Mira."""
    return Person(app, "Noor")
