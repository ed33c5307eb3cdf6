"""The companion on real databases: every test that takes `app` runs on SQLite and on PostgreSQL."""

import os
import shutil

import pytest
from argon2 import PasswordHasher

from companion import config, database, site
from companion.accounts import passwords
from companion.app import create_app
from companion.bench.postgres import Postgres, is_installed
from companion.jobs import service as jobs
from tests.companion.people import Person


@pytest.fixture(scope="session")
def postgres():
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def cheap_hashing():
    """Argon2 at its least costs: the same code, without 150 ms of CPU for each sign-in."""
    passwords.use(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk():
    """SQLite as safe from kills as ever: only a power cut would take back what was committed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database._PRAGMAS, "synchronous", "off")
        yield


@pytest.fixture(scope="session", autouse=True)
def page_read_once():
    """The built page is read once, not for each application: no test writes there."""
    read, built = site.load, []

    def load(dist):
        if dist != site.DIST:
            return read(dist)
        if not built:
            built.append(read(dist))
        return built[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "load", load)
        yield


def _bound(folder, address):
    """Settings on a database, which is what models use from now on."""
    made = config.load({"PATH": os.environ["PATH"]}, folder=folder, database_url=address, limits=False)
    database.bind(made)
    return made


def _migrated(folder, address):
    """Settings on a database that has every table."""
    made = _bound(folder, address)
    with database.connection():
        database.runner().up()
    return made


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """An SQLite database to copy: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")
    _migrated(folder, None)
    return folder / "companion.db"


@pytest.fixture(scope="session")
def migrated_database(postgres, tmp_path_factory):
    """The name of a PostgreSQL database to copy."""
    address = postgres.database()
    _migrated(tmp_path_factory.mktemp("migrated"), address)
    return address.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request, tmp_path):
    """Settings on an empty, migrated database; limits are off."""
    folder, address = tmp_path / "companion", None
    folder.mkdir()
    if request.param == "postgres":
        template = request.getfixturevalue("migrated_database")
        address = request.getfixturevalue("postgres").database(template)
    else:
        shutil.copyfile(request.getfixturevalue("migrated_file"), folder / "companion.db")
    yield _bound(folder, address)
    database.database.close()
    if address:
        request.getfixturevalue("postgres").drop(address)


@pytest.fixture
def sqlite_settings(migrated_file, tmp_path):
    """Settings on SQLite alone, for what does not depend on the database."""
    (tmp_path / "companion").mkdir()
    shutil.copyfile(migrated_file, tmp_path / "companion" / "companion.db")
    yield _bound(tmp_path / "companion", None)
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
