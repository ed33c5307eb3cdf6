"""What becomes of an upload: its check, its place, its name, and how it is served."""

import io
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.accounts import export
from companion.accounts.deletion import _erasers
from companion.database import connection, now
from companion.errors import Problem, Unavailable
from companion.jobs import ledger
from companion.jobs import service as jobs
from companion.jobs.models import Job
from companion.uploads import checking, house, names, service
from companion.uploads.models import StoredFile, Upload, key
from tests.companion.applications import another
from tests.companion.sending import begin, begun, more, send
from tests.companion.sounds import archive, picture, wav

pytestmark = pytest.mark.slow

SOUND = wav(seconds=0.2)


def left(number):
    """What storage still has of an upload."""
    return [path for path in service.storage()._folder.rglob("*") if number in str(path)]


HOSTILE = [
    (b"<html><script>alert(1)</script>" + b" " * 600, "song.mp3", "web page"),
    (b"\x7fELF" + bytes(900), "song.wav", "program"),
    (SOUND + archive(), "song.wav", "archive hides"),
    (picture() + b"<script>" + b" " * 600, "cover.jpg", "behind the picture"),
    (archive({"../../etc/cron.d/x": b"x" * 600}), "project.zip", "unsafe name"),
    (archive({"zeros": bytes(30 << 20)}), "project.zip", "far more"),
    (b"RIFF" + bytes(4) + b"WAVE" + os.urandom(900), "noise.wav", "damaged|no sound"),
    (b'{"a": ' + b" " * 600, "p.json", "no valid JSON"),
]


def test_a_hostile_file_is_refused_with_a_sentence_and_leaves_nothing(mira):
    for data, name, reason in HOSTILE:
        done = send(mira, data, filename=name)
        assert done["state"] == "refused", reason
        assert any(word in done["reason"] for word in reason.split("|")), done["reason"]
        assert not service.path(done["id"]).exists()
        with pytest.raises(Problem):
            service.storage().size(key(done["id"]))
    assert mira.get("/files").json["items"] == []


def test_a_file_of_the_wrong_kind_for_its_purpose_is_refused_at_its_first_bytes(mira):
    number = begun(mira, SOUND, purpose="artwork")
    answer = more(mira, number, 0, SOUND[:2000])
    assert answer.status_code == 415
    assert "image" in answer.json["detail"]


def test_the_limit_of_a_kind_holds_whatever_the_name_says(mira):
    answer = begin(mira, 60_000_000, filename="movie.mp4")
    assert answer.status_code == 201  # a video may be as large
    refused = more(mira, answer.json["id"], 0, picture()[:4096])
    assert refused.status_code == 413
    assert refused.json["detail"] == "a picture may have 50 MB; this has 60 MB"
    assert mira.get(f"/uploads/{answer.json['id']}").json["state"] == "refused"


def test_how_large_a_sound_may_be_is_a_setting(settings, mira):
    assert begin(mira, 5_000_000_000, filename="long.wav").status_code == 413
    for most, status in ((1, 413), (6000, 201)):
        another(settings, largest_audio_mb=most, largest_video_mb=1)
        answer = begin(mira, 5_000_000_000, filename="long.wav", purpose="track")
        assert answer.status_code == status
    rf64 = b"RF64\xff\xff\xff\xffWAVEds64" + bytes(600)
    assert more(mira, answer.json["id"], 0, rf64).status_code == 204
    options = mira.client.open("/api/v1/uploads", method="OPTIONS")
    assert options.headers["Tus-Max-Size"] == "6000000000"


def test_all_music_is_taken_along_as_it_came(mira, noor):
    other = wav(seconds=0.1)
    send(noor, picture())
    for sound in (SOUND, other):
        send(mira, sound, filename="a.wav")
    assert mira.get("/account/exports").json["music_size"] == len(SOUND) + len(other)
    number = mira.post("/account/exports?music=true").json["id"]
    row = mira.get("/account/exports").json["items"][0]
    data = mira.get(f"/account/exports/{number}/file").data
    packed = zipfile.ZipFile(io.BytesIO(data))
    assert (row["music"], row["size"]) == (True, len(data))
    music = {name: packed.read(name) for name in packed.namelist() if name.startswith("music/")}
    assert music == {"music/a.wav": SOUND, "music/a (2).wav": other}
    plain = mira.post("/account/exports").json["id"]
    assert not [
        name
        for name in zipfile.ZipFile(io.BytesIO(mira.get(f"/account/exports/{plain}/file").data)).namelist()
        if "music/" in name
    ]


def test_music_is_not_taken_along_where_the_disk_has_no_room_for_it(mira, monkeypatch):
    monkeypatch.setattr(export, "LEAST_FREE", 1 << 62)
    assert mira.post("/account/exports?music=true").status_code == 409
    assert mira.get("/account/exports").json["items"] == []


def test_nothing_is_served_before_it_was_checked(app, mira, monkeypatch):
    monkeypatch.setattr(jobs, "push", lambda _number: None)
    number = begun(mira, SOUND)
    more(mira, number, 0, SOUND)
    assert mira.get(f"/uploads/{number}").json["state"] == "checking"
    assert mira.get(f"/files/{number}").status_code == 404
    assert mira.get(f"/files/{number}/content").status_code == 404
    assert more(mira, number, len(SOUND), b"x").status_code == 409


def test_the_same_content_is_kept_once_for_each_owner(mira, noor):
    first, again = send(mira, SOUND), send(mira, SOUND, filename="other name.wav")
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert (again["file"], again["result"]) == (first["file"], first["result"])
    others = send(noor, SOUND)
    assert (others["duplicate"], others["state"]) == (False, "ready")
    assert others["file"] != first["file"]


def test_a_check_that_dies_in_the_middle_is_done_again(app, mira, monkeypatch):
    accept, deaths = service.accept, [1]

    def dying(*arguments):
        if deaths:
            deaths.pop()
            raise RuntimeError("the worker died")
        accept(*arguments)

    monkeypatch.setattr(service, "accept", dying)
    done = send(mira, SOUND)
    assert done["state"] == "checking"
    assert not service.path(done["id"]).exists()  # it lies in storage by now
    with connection():
        ledger.retry(Job.get(Job.subject == done["id"]).id)
    done = mira.get(f"/uploads/{done['id']}").json
    assert done["state"] == "ready"
    assert mira.get(f"/files/{done['file']}/content").data == SOUND


def test_an_upload_whose_check_failed_for_good_ends_with_a_reason(app, mira, monkeypatch):
    def broken(*_arguments):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(service, "accept", broken)
    done = send(mira, SOUND)
    with connection():
        house.keep_house()
        assert mira.get(f"/uploads/{done['id']}").json["state"] == "checking"  # it may be retried
        later = now() + service.LIFE_MS - house.PATIENCE_MS - 1
        Upload.update(expires=later).where(Upload.id == done["id"]).execute()
        house.keep_house()
    ended = mira.get(f"/uploads/{done['id']}").json
    assert (ended["state"], "send it again" in ended["reason"]) == ("refused", True)
    with connection():
        assert service.files.used(mira.id) == 0


def test_an_upload_that_is_cancelled_while_it_is_checked_becomes_nothing(app, mira, monkeypatch):
    keep = checking._keep

    def cancelled_meanwhile(work, row, *others):
        kept = keep(work, row, *others)
        service.cancel(mira.id, row.id)
        return kept

    monkeypatch.setattr(checking, "_keep", cancelled_meanwhile)
    number = begun(mira, SOUND)
    more(mira, number, 0, SOUND)
    assert mira.get(f"/uploads/{number}").status_code == 404
    assert mira.get("/files").json["items"] == mira.get("/tracks").json["items"] == []
    assert left(number) == []


def test_a_store_that_does_not_answer_is_asked_again_later(app, mira, monkeypatch):
    def away(*_arguments):
        raise Unavailable("the store for files does not answer")

    number = begun(mira, SOUND)
    with monkeypatch.context() as patch:
        patch.setattr(service.storage(), "adopt", away, raising=False)
        more(mira, number, 0, SOUND)
        assert mira.get(f"/uploads/{number}").json["state"] == "checking"
    with connection():
        Job.update(seen=now() - 10_000).execute()
        jobs.sweep()
    file = mira.get(f"/uploads/{number}").json["file"]
    assert mira.get(f"/files/{file}/content").data == SOUND
    track = mira.get("/tracks").json["items"][0]["id"]
    with monkeypatch.context() as patch:
        patch.setattr(service.storage(), "delete", away, raising=False)
        assert mira.delete(f"/tracks/{track}").status_code == mira.delete(f"/tracks/{track}/bin").status_code == 204
    assert left(file)
    with connection():
        Job.update(seen=now() - 10_000).where(Job.state == "queued").execute()
        jobs.sweep()
    assert left(file) == []


def test_erasing_somebody_takes_all_their_files(app, mira, noor):
    done, others = send(mira, SOUND), send(noor, SOUND)
    begun(mira, SOUND)
    with connection():
        for name in sorted(_erasers):
            _erasers[name](mira.id)
        assert not Upload.select().where(Upload.owner == mira.id).exists()
        assert not StoredFile.select().where(StoredFile.owner == mira.id).exists()
    with pytest.raises(Problem):
        service.storage().size(key(done["file"]))
    assert noor.get(f"/files/{others['file']}/content").data == SOUND


def test_ranges_are_answered_so_that_players_can_seek(mira):
    file = send(mira, SOUND, filename='we"ird\u202e/../näme.exe')["file"]
    path = f"/files/{file}/content"
    size = len(SOUND)

    def ask(header, **more_headers):
        return mira.get(path, headers={"Range": header, **more_headers})

    for header, start, end in (("bytes=0-99", 0, 100), ("bytes=100-", 100, size), ("bytes=-7", size - 7, size)):
        answer = ask(header)
        assert (answer.status_code, answer.data) == (206, SOUND[start:end])
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    assert ask(f"bytes=5-{size * 9}").data == SOUND[5:]
    for header in (f"bytes={size}-", "bytes=9-5", "bytes=-0"):
        assert ask(header).status_code == 416
    for header in ("bytes=0-1,5-6", "lines=1-2", "bytes=a-b"):
        assert ask(header).status_code == 200
    whole = mira.get(path)
    assert ask("bytes=0-9", **{"If-Range": whole.headers["ETag"]}).status_code == 206
    assert ask("bytes=0-9", **{"If-Range": '"old"'}).status_code == 200
    assert mira.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert whole.headers["Content-Type"] == "audio/wav"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    said = whole.headers["Content-Disposition"]
    assert said.startswith("attachment;")
    assert said.endswith("filename*=UTF-8''n%C3%A4me.exe.wav")


@given(st.text(max_size=300))
def test_a_shown_name_is_no_path_and_holds_nothing_invisible(text):
    for made in (names.shown(text), names.title(text)):
        assert made
        assert len(made) <= names.LONGEST
        assert not set(made) & set("/\\\0\n\r\u202e\u200b")
        assert made not in (".", "..")
        made.encode()


@pytest.mark.parametrize(
    ("name", "shown", "title"),
    [
        ("../../etc/passwd", "passwd", "passwd"),
        ("C:\\Music\\My_Song.WAV", "My_Song.WAV", "My Song"),
        ("track\u202efdp.exe", "trackfdp.exe", "trackfdp"),
        ("  ..  ", "untitled", "untitled"),
        ("Mr. Fingers - Can You Feel It.flac", "Mr. Fingers - Can You Feel It.flac", "Mr. Fingers - Can You Feel It"),
    ],
)
def test_names_are_cleaned_for_showing(name, shown, title):
    assert (names.shown(name), names.title(name)) == (shown, title)
