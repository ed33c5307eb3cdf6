"""Taking all data along, and leaving."""

import io
import json
import zipfile

import pytest

from companion.accounts import deletion, export, setup
from companion.accounts.models import Export, Session, User
from companion.audit.models import AuditEntry
from companion.database import connection, now
from companion.events.models import Event
from companion.jobs.models import Job
from tests.companion import mailbox
from tests.companion.people import PASSWORD

DAY = 24 * 3600 * 1000


@pytest.fixture
def hooks(monkeypatch):
    """A domain that has something to tell and to erase."""
    erased = []
    monkeypatch.setitem(export._parts, "songs", lambda user: ({"title": f"Ébène {n}", "by": user} for n in range(2)))
    monkeypatch.setitem(export._parts, "nothing", lambda user: iter(()))
    monkeypatch.setitem(deletion._erasers, "songs", erased.append)
    return erased


def download(person, number):
    return person.get(f"/account/exports/{number}/file")


def test_an_export_holds_what_every_domain_tells_and_no_secret(settings, mira, hooks):
    number = mira.post("/account/exports").json["id"]
    row = mira.get("/account/exports").json["items"][0]
    answer = download(mira, number)
    assert (row["id"], row["size"]) == (number, len(answer.data))
    assert answer.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert {"account.json", "ways-in.json", "songs.json", "nothing.json"} <= set(archive.namelist())
    assert json.loads(archive.read("account.json"))["email"] == mira.email
    assert json.loads(archive.read("songs.json"))[1] == {"title": "Ébène 1", "by": mira.id}
    assert json.loads(archive.read("nothing.json")) == []
    with connection():
        user, session = User.get_by_id(mira.id), Session.get(Session.user == mira.id)
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert not [secret for secret in (user.password, session.secret, session.csrf) if secret in everything]
    assert any("data is ready" in mail["Subject"] for mail in mailbox.mails(settings, mira.email))


def test_an_export_is_its_owners_alone_and_goes_after_seven_days(app, mira, noor, hooks):
    number = mira.post("/account/exports").json["id"]
    assert download(noor, number).status_code == 404
    with connection():
        Export.update(expires=now() - 1).execute()
    assert download(mira, number).status_code == 404
    with connection():
        setup.keep_house()
        assert Export.select().count() == 0
    assert not list((app.extensions["settings"].folder / "files" / "exports").rglob("*.zip"))


def test_one_export_at_a_time_and_another_after_one_that_failed(mira, hooks):
    with connection():
        job = Job.create(kind="export", subject=Export.create(user=mira.id, expires=now() + DAY).id)
    assert mira.post("/account/exports").status_code == 409
    with connection():
        Job.update(state="failed").where(Job.id == job.id).execute()
    assert mira.post("/account/exports").status_code == 202


def test_a_link_to_an_export_needs_a_fresh_proof(mira, hooks):
    number = mira.post("/account/exports").json["id"]
    with connection():
        Session.update(proven=0).execute()
    assert download(mira, number).json["type"].endswith("/proof-needed")


def leave(person, password=PASSWORD):
    return person.post("/account/deletion", json={"password": password})


def test_leaving_needs_the_password_and_ends_all_sessions(app, settings, mira, hooks):
    assert leave(mira, "Wrong 1st password").status_code == 403
    assert mira.get("/session").status_code == 200
    answer = leave(mira)
    assert answer.status_code == 202
    assert abs(answer.json["goes"] - now() - 7 * DAY) < DAY
    assert mira.get("/session").status_code == 401
    assert "will be deleted" in mailbox.mails(settings, mira.email)[-1]["Subject"]


def back(app, person):
    person.client = app.test_client()
    answer = person.client.post("/api/v1/session", json={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 201
    person.csrf = answer.json["csrf"]
    return answer.json["user"]


def test_who_comes_back_within_seven_days_stays(app, mira, hooks):
    leave(mira)
    assert abs(back(app, mira)["leaving"] - now() - 7 * DAY) < DAY
    assert mira.delete("/account/deletion").status_code == 204
    assert mira.delete("/account/deletion").status_code == 409
    with connection():
        setup.keep_house()
    assert mira.get("/session").json["user"]["leaving"] is None
    assert hooks == []


def test_after_seven_days_everything_is_gone(app, mira, noor, hooks):
    mira.post("/account/exports")
    leave(mira)
    with connection():
        User.update(leaving=now() - 6 * DAY).where(User.id == mira.id).execute()
        setup.keep_house()
        assert hooks == []
        User.update(leaving=now() - 7 * DAY - 1).where(User.id == mira.id).execute()
        setup.keep_house()
        assert hooks == [mira.id]
        assert User.get_or_none(User.id == mira.id) is None
        assert Job.select().where(Job.owner == mira.id).count() == 0
        last = Event.select(Event.id).order_by(Event.id.desc()).first().id
        assert Event.select().where((Event.user == mira.id) & (Event.id < last)).count() == 0
        assert AuditEntry.get(AuditEntry.action == "account.erased").subject == mira.id
        assert Job.get(Job.kind == "erase").state == "done"
    assert not list((app.extensions["settings"].folder / "files" / "exports").rglob("*.zip"))
    assert noor.get("/session").status_code == 200


def test_an_erasure_that_failed_is_done_again(app, mira, hooks, monkeypatch):
    def broken(_user):
        raise RuntimeError("the disk is away")

    monkeypatch.setitem(deletion._erasers, "songs", broken)
    leave(mira)
    with connection():
        User.update(leaving=now() - 8 * DAY).where(User.id == mira.id).execute()
        setup.keep_house()
        assert User.get_or_none(User.id == mira.id) is not None
        monkeypatch.setitem(deletion._erasers, "songs", hooks.append)
        setup.keep_house()
        assert User.get_or_none(User.id == mira.id) is None


def test_the_last_administrator_stays_while_there_are_others(admin, mira):
    answer = leave(admin)
    assert answer.status_code == 409
    assert "administers" in answer.json["detail"]


def test_who_is_alone_may_leave(admin):
    assert leave(admin).status_code == 202


def test_without_a_password_leaving_needs_a_fresh_sign_in(mira):
    with connection():
        User.update(password="").where(User.id == mira.id).execute()
        Session.update(proven=0).execute()
    assert leave(mira, "").json["type"].endswith("/proof-needed")
