"""Migrations on a database that is in use: with rows in it, forth and back, and killed in the middle."""

import os
import subprocess
import sys

import pytest

from companion import database
from companion.accounts.models import Session, User
from companion.accounts.outside import OutsideIdentity
from companion.audit import service as audit
from companion.audit.models import AuditEntry
from companion.boxes import claims
from companion.catalogue.models import Track
from companion.database import connection
from companion.database import database as db
from companion.notices import service as notices
from companion.projects.models import Comment

pytestmark = pytest.mark.slow

SLOW = """
import pathlib, time
def up(migrator, db):
    db.execute_sql("CREATE TABLE half (x INTEGER)")
    db.execute_sql('UPDATE "user" SET name = \\'changed\\'')
    pathlib.Path({mark!r}).touch()
    time.sleep(60)
def down(migrator, db):
    db.execute_sql("DROP TABLE half")
"""
MIGRATE = """
import pathlib, sys
from companion import config, database
database.bind(config.load())
database.MIGRATIONS = pathlib.Path(sys.argv[1])
with database.connection(), database.migrating():
    database.runner().up()
"""


@pytest.fixture
def lived_in(app, mira, noor):
    """A companion that somebody has used."""
    project = mira.post("/projects", {"title": "Boat"}).json["id"]
    mira.post(f"/projects/{project}/comments", {"text": "Louder"})
    mira.post(
        "/earnings/entries", {"source": "gig", "title": "Kiosk", "amount": 100, "currency": "EUR", "day": "2026-01-31"}
    )
    with connection():
        for number in range(3):
            Track.create(owner=mira.id, title=f"T{number}", title_sort=f"t{number}", tempo=120.0 + number, key="Gm")
        OutsideIdentity.create(user=mira.id, provider="oidc", issuer="https://one.example", subject="7")
        OutsideIdentity.create(user=noor.id, provider="oidc", issuer="https://two.example", subject="7")
        notices.tell(mira.id, "project.joined", {"who": "Noor", "title": "Boat", "project": project})
        claims.offer_claim("7K2M9QXP", claims.PublicInfo("box-000001", "Rack", "rack-1", "f" * 64))
    assert mira.post("/boxes/claims", {"code": "7K2M9QXP"}).status_code == 201


def counted():
    return {model.__name__: model.select().count() for model in (User, Session, Track, AuditEntry, Comment)}


def test_going_back_and_forth_step_by_step_keeps_what_people_have(lived_in, mira):
    with connection():
        runner, before = database.runner(), counted()
        assert before["Track"] == 3
        assert before["Comment"] == 1
        names = [row.name for row in runner.migrations() if row.name > "0051"]
        for name in reversed(names):
            assert runner.down() == [name]
        assert runner.up() == names
        assert counted() == before
        assert runner.up() == []
        audit.record("after")
        assert [track.tempo for track in Track.select().order_by(Track.id)] == [120.0, 121.0, 122.0]
    titles = [row["title"] for row in mira.get("/tracks?sort=tempo").json["items"]]
    assert titles == ["T0", "T1", "T2"]


def test_a_kill_in_the_middle_of_a_migration_leaves_all_as_it_was_and_the_next_start_goes_on(
    settings, lived_in, tmp_path
):
    folder, mark = tmp_path / "migrations", tmp_path / "half way"
    folder.mkdir()
    (folder / "9999_slow.py").write_text(SLOW.format(mark=str(mark)))
    known = {"PATH": os.environ["PATH"], "COMPANION_FOLDER": str(settings.folder)}
    if settings.database_url:
        known["DATABASE_URL"] = settings.database_url
    db.close()
    killed = subprocess.Popen([sys.executable, "-c", MIGRATE, str(folder)], env=known)
    try:
        while not mark.exists():
            assert killed.poll() is None
    finally:
        killed.kill()
        killed.wait()
    with connection():
        assert "half" not in db.get_tables()
        assert {user.name for user in User.select()} == {"Ada", "Mira", "Noor"}
    (folder / "9999_slow.py").write_text(SLOW.format(mark=str(mark)).replace("time.sleep(60)", "pass"))
    again = subprocess.run([sys.executable, "-c", MIGRATE, str(folder)], env=known, timeout=60, check=False)
    assert again.returncode == 0
    with connection():
        assert "half" in db.get_tables()
