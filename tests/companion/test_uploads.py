"""Uploads by the tus protocol: resumed, checked, refused, and nobody else's."""

import base64
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from companion.accounts import tiers
from companion.database import connection, database, now
from companion.installed import Installed
from companion.jobs.models import Job
from companion.uploads import checking, house, receiving, service, tus
from companion.uploads.models import Upload
from companion.web.limits import TABLE
from tests.companion.sending import BODY, begin, begun, meta, more, send
from tests.companion.sounds import wav

pytestmark = pytest.mark.slow

SOUND = wav(seconds=0.2)


def test_options_tells_what_the_server_can_do(app):
    answer = app.test_client().open("/api/v1/uploads", method="OPTIONS")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "checksum",
        "expiration",
    }


def test_a_file_comes_in_pieces_and_is_told_how_far_it_is(mira):
    made = begin(mira, len(SOUND), filename="a.wav")
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "0")
    number = made.headers["Location"].rsplit("/", 1)[1]
    assert parsedate_to_datetime(made.headers["Upload-Expires"]).timestamp() * 1000 > now() + 6 * 24 * 3600 * 1000
    for at in range(0, len(SOUND), 10_000):
        answer = more(mira, number, at, SOUND[at : at + 10_000])
        assert answer.status_code == 204
        assert int(answer.headers["Upload-Offset"]) == min(at + 10_000, len(SOUND))
        head = mira._call("HEAD", f"/uploads/{number}", headers={"Tus-Resumable": "1.0.0"})
        assert head.headers["Upload-Offset"] == answer.headers["Upload-Offset"]
        assert head.headers["Cache-Control"] == "no-store"
    done = mira.get(f"/uploads/{number}").json
    assert (done["state"], done["duplicate"]) == ("ready", False)
    stored = mira.get(f"/files/{done['file']}").json
    assert stored["sha256"] == hashlib.sha256(SOUND).hexdigest()
    assert mira.get(f"/files/{done['file']}/content").data == SOUND
    assert not service.path(number).exists()


def test_the_first_bytes_may_come_with_the_creation(mira):
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(SOUND)), "Upload-Metadata": meta(filename="x.wav")}
    made = mira.post("/uploads", data=SOUND[:5000], content_type=BODY, headers=headers)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "5000")
    assert more(mira, made.json["id"], 5000, SOUND[5000:]).status_code == 204


def test_bytes_at_another_offset_are_refused_and_change_nothing(mira):
    number = begun(mira, SOUND)
    more(mira, number, 0, SOUND[:1000])
    for offset in (0, 999, 1001, 5000):
        answer = more(mira, number, offset, b"x" * 10)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "1000")
    assert service.path(number).read_bytes() == SOUND[:1000]


def test_a_checksum_that_does_not_fit_takes_all_bytes_back(mira):
    number = begun(mira, SOUND)
    good = base64.b64encode(hashlib.sha1(SOUND[:3000]).digest()).decode()
    wrong = more(mira, number, 0, SOUND[:2999] + b"!", **{"Upload-Checksum": f"sha1 {good}"})
    assert wrong.status_code == 460
    assert mira.get(f"/uploads/{number}").json["offset"] == 0
    right = more(mira, number, 0, SOUND[:3000], **{"Upload-Checksum": f"sha1 {good}"})
    assert (right.status_code, right.headers["Upload-Offset"]) == (204, "3000")
    assert more(mira, number, 3000, b"x", **{"Upload-Checksum": "crc99 aaaa"}).status_code == 400


def test_more_bytes_than_were_announced_are_refused(mira):
    number = begun(mira, SOUND[:100])
    assert more(mira, number, 0, SOUND).status_code == 413
    assert mira.get(f"/uploads/{number}").json["offset"] == 0


def test_two_that_write_at_once_do_not_mix(app, mira):
    number = begun(mira, SOUND)
    with receiving.held(service.path(number)):
        assert more(mira, number, 0, SOUND).status_code == 423
        assert mira.delete(f"/uploads/{number}", headers={"Tus-Resumable": "1.0.0"}).status_code == 423
    assert more(mira, number, 0, SOUND).status_code == 204


def test_slow_senders_leave_places_to_others(mira, monkeypatch):
    monkeypatch.setattr(service, "_gate", Installed(receiving.Gate(2)))
    number = begun(mira, SOUND)
    with service._gate()(mira.id):
        answer = more(mira, number, 0, SOUND)
        with service._gate()("noor"):
            pass
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert more(mira, number, 0, SOUND).status_code == 204


def test_a_cancelled_upload_leaves_nothing(mira):
    number = begun(mira, SOUND)
    more(mira, number, 0, SOUND[:1000])
    assert mira.delete(f"/uploads/{number}", headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert not service.path(number).exists()
    assert more(mira, number, 1000, SOUND[1000:]).status_code == 404


def test_an_upload_is_nobody_elses(mira, noor):
    number = begun(mira, SOUND)
    done = send(mira, wav(seconds=0.1, hertz=200))
    tus_only = {"Tus-Resumable": "1.0.0"}
    assert noor.get(f"/uploads/{number}").status_code == 404
    assert more(noor, number, 0, SOUND).status_code == 404
    assert noor.delete(f"/uploads/{number}", headers=tus_only).status_code == 404
    assert noor.get(f"/files/{done['file']}").status_code == 404
    assert noor.get(f"/files/{done['file']}/content").status_code == 404
    assert noor.delete(f"/files/{done['file']}").status_code == 404
    assert noor.get("/uploads").json["items"] == noor.get("/files").json["items"] == []


NONSENSE = [
    ({"Tus-Resumable": "0.2.2"}, 412),
    ({"Tus-Resumable": ""}, 412),
    ({"Upload-Length": "-1"}, 400),
    ({"Upload-Length": "1e3"}, 400),
    ({"Upload-Length": "٣"}, 400),
    ({"Upload-Length": "9" * 40}, 400),
    ({"Upload-Length": "0"}, 422),
    ({"Upload-Length": str(5 << 30)}, 413),
    ({"Upload-Metadata": "filename ???"}, 400),
    ({"Upload-Metadata": "filename " + base64.b64encode(b"\xff\xfe").decode()}, 400),
    ({"Upload-Metadata": meta(filename="a\0b")}, 400),
    ({"Upload-Metadata": meta(purpose="world domination")}, 422),
    ({"Upload-Metadata": meta(purpose="version", subject="nothing")}, 404),
    ({"Upload-Metadata": meta(purpose="artwork"), "Upload-Length": str(60 << 20)}, 413),
]


def test_a_creation_that_makes_no_sense_is_refused(mira):
    for headers, status in NONSENSE:
        encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
        answer = mira.post("/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "10"} | encoded)
        assert answer.status_code == status, headers
        assert answer.json["detail"]


def test_who_has_a_crate_of_small_files_may_bring_them_at_once():
    assert TABLE["upload"][0] >= 1000


def test_copies_and_parts_that_a_killed_process_left_go_after_a_day(app, mira):
    stale, fresh = service.scratch(), service.scratch()
    part = service.path("0" * 26)
    part.touch()
    for place in (stale.name, part):
        os.utime(place, (0, 0))
    with connection():
        house.keep_house()
    assert [Path(place).exists() for place in (stale.name, fresh.name, part)] == [False, True, False]
    stale._finalizer.detach()
    fresh.cleanup()


def test_a_tier_that_is_full_takes_no_more(mira, monkeypatch):
    monkeypatch.setitem(tiers.TIERS["free"], "storage", len(SOUND) + 1000)
    assert begin(mira, len(SOUND)).status_code == 201  # what is on its way counts
    answer = begin(mira, 2000)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/over-quota")


def test_expired_uploads_go_and_their_bytes_with_them(app, mira):
    number = begun(mira, SOUND)
    more(mira, number, 0, SOUND[:1000])
    with connection():
        Upload.update(expires=now() - 1).where(Upload.id == number).execute()
    assert mira.get(f"/uploads/{number}").status_code == 404
    with connection():
        assert house.keep_house() == 1
        assert house.keep_house() == 0
    assert not service.path(number).exists()


class Breaking(io.BytesIO):
    """A sender who goes away after so many bytes."""

    def __init__(self, data, after):
        super().__init__(data)
        self._after = after

    def read(self, size=-1, /):
        if self.tell() >= self._after:
            raise OSError("gone")
        return super().read(min(size, self._after - self.tell(), 700))


@given(st.lists(st.integers(0, 5000), max_size=12), st.binary(min_size=1, max_size=5000), st.randoms())
@examples(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_breaks_off_the_file_is_whole_in_the_end(tmp_path_factory, breaks, data, random):
    path = tmp_path_factory.mktemp("u") / "x.part"
    receiving.make(path)
    told = [0]
    for after in [*breaks, len(data)]:
        with receiving.held(path) as descriptor:
            if random.random() < 0.5:  # a crash left bytes that nobody was told of
                os.pwrite(descriptor, b"junk" * 50, told[-1])
            source = Breaking(data[told[-1] :], after)
            at = receiving.receive(descriptor, source, told[-1], len(data), lambda at, _head: told.append(at))
            assert at == told[-1]
            assert os.pread(descriptor, at + 1, 0) == data[:at]
    while told[-1] < len(data):
        with receiving.held(path) as descriptor:
            receiving.receive(
                descriptor, io.BytesIO(data[told[-1] :]), told[-1], len(data), lambda at, _: told.append(at)
            )
    assert path.read_bytes() == data


WRITER = """
import sys
from pathlib import Path
from companion.uploads import receiving
receiving.SYNC_BYTES = 1 << 20
class Endless:
    def read(self, size=-1):
        return b"x" * size
with receiving.held(Path(sys.argv[1])) as descriptor:
    receiving.receive(descriptor, Endless(), 0, 1 << 40, lambda at, head: print(at, flush=True))
"""


def test_a_killed_writer_keeps_what_it_told_and_lets_go(tmp_path):
    path = tmp_path / "x.part"
    receiving.make(path)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        told = [int(writer.stdout.readline()) for _ in range(3)]
        with pytest.raises(receiving.Busy), receiving.held(path):
            pass
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().split()]
    with receiving.held(path) as descriptor:
        assert os.fstat(descriptor).st_size >= told[-1]
        assert os.pread(descriptor, told[-1] + 9, 0)[: told[-1]] == b"x" * told[-1]


def test_many_that_race_for_one_upload_leave_one_whole_file(app, mira):
    number = begun(mira, SOUND)
    answers = []

    def writer():
        answers.append(more(mira, number, 0, SOUND).status_code)
        database.close()

    threads = [threading.Thread(target=writer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(204) == 1
    assert set(answers) <= {204, 409, 423, 503}
    done = mira.get(f"/uploads/{number}").json
    assert mira.get(f"/files/{done['file']}/content").data == SOUND


@given(
    st.dictionaries(
        st.text("abcxyz", min_size=1, max_size=8), st.text(max_size=30).filter(lambda t: "\0" not in t), max_size=5
    )
)
def test_metadata_comes_as_it_was_sent(fields):
    from werkzeug.datastructures import Headers

    assert tus.metadata(Headers({"Upload-Metadata": meta(**fields)})) == fields


def test_the_work_is_one_job_of_the_owners(app, mira):
    done = send(mira, SOUND)
    with connection():
        job = Job.get(Job.subject == done["id"])
        assert (job.kind, job.owner, job.state, job.progress) == ("check", mira.id, "done", 1.0)
    assert checking.check
