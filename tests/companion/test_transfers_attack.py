"""Boxes and owners that wish each other ill, files that are two things, and a store that goes away."""

import threading
import zipfile
from io import BytesIO

import pytest

from companion import config
from companion.app import create_app
from companion.boxes import giving
from companion.boxes import service as boxes
from companion.boxes.models import Box
from companion.database import connection, database
from companion.errors import Problem
from companion.jobs import service as jobs
from companion.jobs.models import Job
from companion.outgoing.models import OutgoingStream
from companion.transfers import offers
from companion.transfers.models import Transfer, TransferToken
from companion.uploads.models import StoredFile, Upload
from device.contracts import files
from tests.companion.filebox import LOG, SOUND, FileBox, give, ref, row, stored, track
from tests.companion.people import Person
from tests.companion.shared import let_in, prove

pytestmark = pytest.mark.slow


@pytest.fixture
def box(app, mira):
    return FileBox(app, mira.id)


def as_told(body):
    """What a box is told, without what is chance."""
    return type(body), body.hash, getattr(body, "offset", None), len(getattr(body, "token", ""))


class TestTwoOwners:
    def test_nothing_tells_that_another_has_the_same_content(self, app, mira, noor, box):
        other = FileBox(app, noor.id)
        first = box.offer(SOUND)
        assert as_told(other.offer(SOUND)) == as_told(first), "while it comes"
        box.patch(first, SOUND)
        second = FileBox(app, noor.id).offer(SOUND)
        assert as_told(second) == as_told(first), "when it is here"
        assert other.ask("HEAD", second).headers["Upload-Offset"] == "0"
        assert noor.get(f"/boxes/{other.box}/files").json["items"][0]["file"] == ""
        assert noor.get(f"/boxes/{box.box}/files").status_code == 404

    def test_what_one_has_is_not_fetched_or_written_with_what_the_other_is_told(self, app, mira, noor, box):
        other = FileBox(app, noor.id)
        give(box, track(mira))
        give(other, track(noor))
        mine, theirs = box.answer(), other.answer()
        assert mine.file.hash == theirs.file.hash
        assert mine.url != theirs.url
        assert box.ask("GET", mine, token=theirs.token).status_code == 401
        assert other.ask("GET", theirs, token=mine.token).status_code == 401
        with connection():
            Transfer.update(file=StoredFile.get(StoredFile.owner == noor.id).id).where(
                Transfer.owner == mira.id
            ).execute()
        assert box.ask("GET", mine).status_code == 404, "not even where a row says so"

    def test_a_key_or_a_member_of_a_project_gets_no_files_of_boxes(self, app, mira, noor, box):
        box.send(LOG, "bundle")
        project = mira.post("/projects", {"title": "Night bus"}).json["id"]
        let_in(noor, mira, project, "editor")
        assert noor.get(f"/projects/{project}").status_code == 200
        (shown,) = mira.get(f"/boxes/{box.box}/files").json["items"]
        scopes = ["boxes:read", "uploads:read"]
        key = noor.post("/account/keys", {"name": "taken", "scopes": scopes})
        assert key.status_code == 201, key.json
        bearer = {"Authorization": f"Bearer {key.json['key']}"}
        for path in (f"/boxes/{box.box}/files", f"/files/{shown['file']}/content", f"/files/{shown['file']}"):
            assert app.test_client().get(f"/api/v1{path}", headers=bearer).status_code == 404, path
            assert noor.get(path).status_code == 404, path
        assert app.test_client().get(f"/api/v1/transfers/{row().id}/content", headers=bearer).status_code == 401
        assert noor.delete(f"/account/keys/{key.json['id']}").status_code == 204
        assert app.test_client().get("/api/v1/files", headers=bearer).status_code == 401

    def test_of_taking_and_revoking_at_one_moment_one_holds_and_nothing_is_left(self, mira, noor, box):
        wanted = box.offer(SOUND)
        prove(noor)
        assert mira.put(f"/boxes/{box.box}/offer", {"email": noor.email}).status_code == 200
        barrier, won = threading.Barrier(3), []

        def does(name, act):
            with connection():
                barrier.wait()
                try:
                    act()
                    won.append(name)
                except Problem:
                    pass

        def revoke():
            with database.atomic():
                boxes.revoke(mira.id, box.box)

        acts = [("noor", lambda: giving.take(noor.id, box.box)), ("nobody", revoke)]
        acts.append(("noor", lambda: giving.take(noor.id, box.box)))
        threads = [threading.Thread(target=does, args=one) for one in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert box.ask("HEAD", wanted).status_code == 401
        with connection():
            assert Box.get_by_id(box.box).owner_id == (noor.id if won == ["noor"] else None)
            assert not Transfer.select().exists()
            assert not TransferToken.select().exists()
            assert not Upload.select().exists()
            assert not OutgoingStream.select().where(OutgoingStream.owner == mira.id).exists()


def polyglots():
    """Files that some reader takes for sound and another for something else."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("index.html", "<script>alert(1)</script>")
    page = b"<!doctype html><script>alert(1)</script>"
    found = {"page first": page + SOUND, "sound's head": SOUND[:12] + page, "pdf": b"%PDF-1.4\n" + SOUND}
    return found, packed.getvalue()


class TestTwoThingsAtOnce:
    def test_what_is_no_sound_to_a_probe_is_not_kept_as_one(self, mira, box):
        for name, data in polyglots()[0].items():
            wanted = box.offer(data)
            box.patch(wanted, data)
            assert box.answer().for_good, name
        assert stored() == []
        with connection():
            assert not Upload.select().where(Upload.state.in_(("receiving", "checking"))).exists()

    def test_sound_with_an_archive_behind_it_is_sound_and_shown_as_nothing_else(self, mira, box):
        data = SOUND + polyglots()[1]
        box.send(data, "track", name="Night Bus.html.zip")
        for file in mira.get("/files").json["items"]:
            answer = mira.get(f"/files/{file['id']}/content")
            assert answer.headers["Content-Type"] == "audio/wav"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert ".zip" not in answer.headers["Content-Disposition"]


def test_a_box_that_offers_without_end_is_put_off_and_its_sets_still_find_room(box, monkeypatch):
    monkeypatch.setattr(offers, "MOST_WAITING", 12)
    monkeypatch.setattr(offers, "FOR_SETS", 2)
    for at in range(12):
        box.say(files.Offered(ref(b"%d" % at), "bundle"))
    put_off = box.offer(b"one more", "bundle")
    assert not put_off.for_good
    assert "later" in put_off.said
    assert isinstance(box.offer(b"0", "bundle"), files.Wanted), "what is known goes on"
    box.say(files.Offered(ref(SOUND), "recording"), files.Offered(ref(LOG), "set log"))
    with connection():
        assert Transfer.select().count() == 14
        Transfer.update(state="kept", upload="").where(Transfer.size == 1).execute()
        Upload.delete().execute()
    assert isinstance(box.offer(b"one more", "bundle"), files.Wanted), "with room it comes"


def test_what_was_refused_makes_room_for_what_is_new(box, monkeypatch):
    monkeypatch.setattr(offers, "MOST_WAITING", 3)
    for at in range(30):
        assert box.offer(b"%d" % at, "bundle", size=0).for_good
    with connection():
        assert Transfer.select().count() <= 3
    assert isinstance(box.offer(LOG, "bundle"), files.Wanted)


@pytest.fixture
def bucket(monkeypatch, sqlite_settings):
    """A companion whose files are in a bucket, and the S3 server: it forgets nothing while it is away."""
    moto, boto3 = pytest.importorskip("moto.server"), pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_PROFILE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    servers = [moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)]
    servers[0].start()
    port = servers[0].get_host_and_port()[1]
    address = f"http://127.0.0.1:{port}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="boxes")
    more = {"storage_url": f"s3://boxes/{sqlite_settings.folder.parent.name}", "s3_endpoint": address}
    settings = config.load({}, folder=sqlite_settings.folder, limits=False, **more)
    app = create_app(settings)
    jobs.open_queue(settings, immediate=True)

    def away():
        servers.pop().stop()

    def back():
        servers.append(moto.ThreadedMotoServer("127.0.0.1", port=port, verbose=False))
        servers[0].start()

    yield app, away, back
    app.extensions["storage"]._client.close()
    for server in servers:
        server.stop()


def test_while_the_store_is_away_what_came_waits_and_what_goes_says_so_and_both_go_on(bucket):
    app, away, back = bucket
    Person(app, "Ada")
    mira = Person(app, "Mira")
    box = FileBox(app, mira.id)
    give(box, track(mira))
    sent = box.answer()
    wanted = box.offer(LOG, "bundle")
    assert box.patch(wanted, LOG[:10]).status_code == 204
    away()
    assert box.patch(wanted, LOG[10:], 10).status_code == 204, "it is taken all the same"
    assert box.offset(wanted) == len(LOG)
    with connection():
        job = Job.get(Job.kind == "check", Job.state == "queued")
        assert Upload.get(Upload.id == job.subject).state == "checking"
    assert "tried again" in job.note
    answer = box.ask("GET", sent, Range="bytes=100-")
    assert answer.status_code == 503
    assert "store" in answer.json["detail"]
    assert row().state == "sent"
    back()
    jobs.run(job.id)
    assert box.answer() == files.Kept(ref(LOG).hash)
    answer = box.ask("GET", sent, Range="bytes=100-")
    assert (answer.status_code, answer.data) == (206, SOUND[100:])
