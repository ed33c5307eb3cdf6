"""Files between boxes and the companion: whole or not at all, each for its owner alone, whatever is cut on the way."""

import hashlib
import os
import time

import pytest

from companion.boxes import giving
from companion.boxes import service as boxes
from companion.database import connection, database, new_id, now
from companion.jobs import service as jobs
from companion.transfers import offers, setup, tokens
from companion.transfers.models import Transfer, TransferToken
from companion.uploads import receiving
from companion.uploads import service as uploads
from companion.uploads.models import Upload
from device.contracts import files
from tests.companion.filebox import LOG, SOUND, TUS, FileBox, ref, row, stored
from tests.companion.sending import begin, send
from tests.companion.shared import prove, set_tier
from tests.companion.sounds import archive
from tests.companion.test_sets import finished

pytestmark = pytest.mark.slow


@pytest.fixture
def box(app, mira):
    return FileBox(app, mira.id)


class TestComingUp:
    def test_a_recording_and_its_log_come_and_are_in_the_page_of_their_set(self, mira, box):
        number, sound, log = new_id(), ref(SOUND), ref(LOG, "Friday.json", "application/json")
        box.tell(finished(number, recording=sound, log=log))
        assert box.send(SOUND, of=number) == files.Kept(sound.hash)
        assert box.send(LOG, "set log", number, name="Friday.json", mime="application/json") == files.Kept(log.hash)
        (shown,) = mira.get("/sets").json["items"]
        assert shown["recording"]["file"]
        assert shown["loudness"] < 0, "the probe measured what the box could not"
        assert shown["peak"] < 0
        assert mira.get(f"/sets/{shown['id']}/recording").data == SOUND
        assert mira.get(f"/sets/{shown['id']}/waveform").status_code == 200
        assert mira.get(f"/sets/{shown['id']}/log").data == LOG

    def test_a_recording_that_comes_before_its_set_is_found_when_the_set_is_told(self, mira, box):
        number = new_id()
        box.send(SOUND, of=number)
        assert mira.get("/sets").json["items"] == []
        box.tell(finished(number, recording=ref(SOUND)))
        (shown,) = mira.get("/sets").json["items"]
        assert mira.get(f"/sets/{shown['id']}/recording").data == SOUND

    def test_cut_anywhere_it_goes_on_from_there_and_asked_again_the_upload_is_the_same(self, box):
        first = box.offer(SOUND)
        assert box.patch(first, SOUND[:1000]).status_code == 204
        again = box.offer(SOUND)
        assert (again.url, again.offset) == (first.url, 1000)
        assert again.token != first.token
        assert box.offset(first) == box.offset(again) == 1000, "the token before it is good until it is used up"
        assert box.patch(again, SOUND[500:], 500).status_code == 409
        assert box.patch(again, SOUND[1000:70_000], 1000).status_code == 204
        assert box.patch(first, SOUND[70_000:], 70_000).status_code == 204
        assert box.answer() == files.Kept(ref(SOUND).hash)
        assert stored() == [ref(SOUND).hash]

    def test_offered_twice_at_once_there_is_one_upload(self, box):
        body = files.Offered(ref(SOUND), "recording")
        box.say(body, body, body)
        with connection():
            assert Upload.select().count() == Transfer.select().count() == 1
        assert len(box.told()) == 1, "of what waits for the box the last counts"

    def test_what_the_owner_has_already_is_kept_without_being_sent(self, mira, box):
        send(mira, SOUND)
        assert box.offer(SOUND) == files.Kept(ref(SOUND).hash)
        assert box.offer(SOUND) == files.Kept(ref(SOUND).hash)

    def test_what_another_has_is_sent_all_the_same(self, noor, box):
        send(noor, SOUND)
        assert isinstance(box.offer(SOUND), files.Wanted)

    def test_what_came_another_way_meanwhile_is_kept_and_the_upload_goes(self, mira, box):
        box.offer(SOUND)
        send(mira, SOUND)
        assert box.offer(SOUND) == files.Kept(ref(SOUND).hash)
        with connection():
            assert not Upload.select().where(Upload.state == "receiving").exists()

    def test_another_content_than_was_offered_is_wanted_anew_from_the_beginning_and_then_refused(self, box):
        wanted = box.offer(SOUND)
        other = bytes(reversed(SOUND[44:]))
        for _ in range(offers.MOST_WRONG):
            assert isinstance(wanted, files.Wanted)
            assert wanted.offset == 0
            assert box.patch(wanted, SOUND[:44] + other).status_code == 204
            assert box.ask("HEAD", wanted).status_code == 401, "its token is used up"
            wanted = box.answer()
        assert wanted.for_good
        assert stored() == []
        assert box.offer(SOUND) == wanted, "asked again it is the same answer"

    def test_what_is_no_music_is_no_recording(self, box):
        data = archive()
        wanted = box.offer(data)
        assert box.patch(wanted, data).status_code == 415
        assert box.answer().for_good
        assert stored() == []

    def test_a_damaged_recording_is_refused_for_good(self, box):
        data = b"fLaC" + os.urandom(3000)
        refused = box.send(data, name="a.flac", mime="audio/flac")
        assert (refused.for_good, refused.hash) == (True, ref(data).hash)

    def test_too_large_and_empty_files_are_refused_for_good(self, box):
        for size in (0, 10**13):
            assert box.offer(str(size).encode(), size=size).for_good
        assert stored() == []

    def test_a_full_tier_puts_it_off_and_with_room_it_comes(self, mira, box):
        refused = box.offer(SOUND, size=3_000_000_000)
        assert isinstance(refused, files.Wanted)
        refused = box.offer(LOG, "set log", size=900_000_000)
        assert isinstance(refused, files.Wanted)
        refused = box.offer(b"more", size=3_000_000_000)
        assert isinstance(refused, files.Refused)
        assert not refused.for_good
        assert "storage" in refused.said
        set_tier(mira, "pro")
        assert isinstance(box.offer(b"more", size=3_000_000_000), files.Wanted)

    def test_a_full_disk_puts_it_off_and_keeps_ingest_going(self, box, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(receiving.os, "open", full)
            refused = box.offer(SOUND)
        assert isinstance(refused, files.Refused)
        assert not refused.for_good
        assert isinstance(box.offer(SOUND), files.Wanted)

    def test_a_disk_that_is_full_in_the_middle_lets_it_go_on_later(self, box, monkeypatch):
        wanted = box.offer(SOUND)
        box.patch(wanted, SOUND[:5000])

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(receiving.os, "write", full)
            assert box.patch(wanted, SOUND[5000:], 5000).status_code == 503
        assert box.offset(wanted) == 5000
        assert box.patch(wanted, SOUND[5000:], 5000).status_code == 204
        assert box.answer() == files.Kept(ref(SOUND).hash)

    def test_few_files_come_at_one_time_and_the_smallest_first(self, box):
        data = [os.urandom(20) for _ in range(offers.MOST_AT_ONCE + 3)]
        box.say(*(files.Offered(ref(one, size=100_000 - at), "bundle") for at, one in enumerate(data)))
        assert len(box.told(files.Wanted)) == offers.MOST_AT_ONCE
        box.say(*(files.Offered(ref(one), "bundle") for one in data))  # their true size now
        for one in list(data):
            wanted = next((body for body in box.told(files.Wanted) if body.hash == ref(one).hash), None)
            if wanted is None:
                continue
            with connection():
                Upload.update(size=len(one)).execute()
            box.patch(wanted, one)
        for one in data:
            wanted = next((body for body in box.told(files.Wanted) if body.hash == ref(one).hash), None)
            if wanted is not None:
                box.patch(wanted, one)
        assert {body.hash for body in box.told(files.Kept)} == {ref(one).hash for one in data}

    def test_a_bundle_is_kept_unseen_for_its_owner_alone(self, mira, noor, box):
        data = b"#!/bin/sh\n<html>"
        assert box.send(data, "bundle", name="logs.tar.gz", mime="application/gzip") == files.Kept(ref(data).hash)
        (file,) = mira.get("/files").json["items"]
        assert (file["kind"], file["name"]) == ("opaque", "logs.tar.gz")
        answer = mira.get(f"/files/{file['id']}/content")
        assert answer.data == data
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.mimetype == "application/octet-stream"
        assert noor.get(f"/files/{file['id']}/content").status_code == 404
        assert mira.delete(f"/files/{file['id']}").status_code == 204
        assert mira.get(f"/boxes/{box.box}/files").json["items"][0]["file"] == ""

    def test_fetched_logs_are_had_by_who_administers_and_the_audit_log_says_so_but_no_logs_of_sets(
        self, mira, box, admin
    ):
        box.send(b"packed", "bundle", name="logs.tar.gz", mime="application/gzip")
        box.send(LOG, "set log", new_id())
        (shown,) = admin.get("/admin/logs").json["items"]
        assert (shown["box"], shown["owner"], shown["name"]) == (box.box, mira.id, "logs.tar.gz")
        assert admin.get("/admin/logs?box=another").json["items"] == []
        answer = admin.get(f"/admin/logs/{shown['id']}/content")
        assert answer.data == b"packed"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        (noted,) = admin.get("/admin/audit?action=logs.read").json["items"]
        assert (noted["actor"], noted["subject"]) == (admin.id, box.box)
        (file,) = (one for one in mira.get("/files").json["items"] if one["name"] == "logs.tar.gz")
        assert mira.delete(f"/files/{file['id']}").status_code == 204
        assert admin.get("/admin/logs").json["items"] == []
        assert admin.get(f"/admin/logs/{shown['id']}/content").status_code == 404

    def test_a_track_from_a_box_is_in_the_catalogue(self, mira, box):
        box.send(SOUND, "track", name="Night Bus.wav")
        assert [track["title"] for track in mira.get("/tracks").json["items"]] == ["Night Bus"]

    def test_names_are_shown_and_never_a_path(self, mira, box):
        box.send(SOUND, name="...")  # the contract lets nothing worse through
        box.send(LOG, "bundle", name="....sh\u202egpj.exe")
        names = {file["name"] for file in mira.get("/files").json["items"]}
        assert names == {"untitled", "shgpj.exe"}

    def test_what_belongs_to_a_deleted_set_is_not_wanted_any_more(self, mira, box):
        number = new_id()
        box.tell(finished(number, recording=ref(SOUND)))
        wanted = box.offer(SOUND, of=number)
        (shown,) = mira.get("/sets").json["items"]
        assert mira.delete(f"/sets/{shown['id']}").status_code == 204
        assert box.answer().for_good
        assert box.patch(wanted, SOUND).status_code == 401
        with connection():
            assert not Upload.select().exists()

    def test_a_check_that_failed_lets_the_box_offer_it_again(self, box, monkeypatch):
        def broken(*_):
            raise RuntimeError("no idea")

        wanted = box.offer(SOUND)
        with monkeypatch.context() as patched:
            patched.setitem(jobs._handlers, "check", broken)
            box.patch(wanted, SOUND)
        assert box.offer(SOUND) == wanted, "it waits for the check"
        with connection():
            uploads.refuse(Upload.get(), "the check of this file failed; send it again")
        assert not box.answer().for_good
        again = box.offer(SOUND)
        assert again.url == wanted.url
        assert again.offset == 0
        box.patch(again, SOUND)
        assert box.answer() == files.Kept(ref(SOUND).hash)

    def test_an_upload_that_has_expired_is_begun_anew(self, box):
        wanted = box.offer(SOUND)
        box.patch(wanted, SOUND[:1000])
        with connection():
            Upload.update(expires=now() - 1).execute()
        assert box.ask("HEAD", wanted).status_code == 404
        assert box.offer(SOUND).offset == 0

    def test_it_may_take_weeks(self, box):
        box.patch(box.offer(SOUND), SOUND[:1000])
        with connection():
            assert Upload.get().expires > now() + 27 * 24 * 3600 * 1000

    def test_what_a_person_begins_cannot_pass_for_a_box(self, mira, box):
        box.offer(SOUND)
        assert begin(mira, 100, filename="a.wav", purpose="box recording", subject=row().id).status_code == 422
        assert mira.get("/uploads").json["items"] == [], "what boxes send is shown with them"


class TestTokens:
    def test_a_token_is_good_for_its_file_its_way_and_its_time_alone(self, app, mira, noor, box):
        one, other = box.offer(SOUND), box.offer(LOG, "set log")
        noors = FileBox(app, noor.id).offer(SOUND)
        for wrong in (other.token, noors.token, "", "x" * 43, one.token + "x", "é"):
            answer = box.ask("HEAD", one, token=wrong or " ")
            assert answer.status_code == 401, wrong
            assert box.patch(one, SOUND[:10], token=wrong or " ").status_code == 401
        assert box.client.head(one.url, headers=TUS).status_code == 401
        content = files.Wanted(one.hash, one.url.replace("/upload", "/content"), one.token)
        assert box.ask("GET", content).status_code == 401
        with connection():
            TransferToken.update(expires=now() - 1).execute()
        assert box.ask("HEAD", one).status_code == 401
        assert box.ask("HEAD", box.offer(SOUND)).status_code == 200

    def test_it_is_stored_as_a_hash(self, box):
        wanted = box.offer(SOUND)
        with connection():
            rows = [token.hash for token in TransferToken.select()]
        assert wanted.token not in rows
        assert rows == [hashlib.sha256(wanted.token.encode()).hexdigest()]

    def test_it_opens_nothing_else(self, box):
        wanted = box.offer(SOUND)
        for path in ("/api/v1/tracks", "/api/v1/account", "/api/v1/uploads"):
            answer = box.client.get(path, headers={"Authorization": f"Bearer {wanted.token}"})
            assert answer.status_code == 401, path

    def test_a_box_that_is_revoked_midway_is_cut_off_and_nothing_stays(self, mira, box, monkeypatch):
        wanted = box.offer(SOUND)
        received = receiving._read

        def revoked(source):
            piece = received(source)
            if piece:
                with database.atomic():
                    boxes.revoke(mira.id, box.box)
            return piece

        with monkeypatch.context() as patched:
            patched.setattr(receiving, "_read", revoked)
            assert box.patch(wanted, SOUND).status_code == 409
        assert box.ask("HEAD", wanted).status_code == 401
        with connection():
            assert not Upload.select().exists()
            assert not Transfer.select().exists()
            assert not TransferToken.select().exists()
            assert list(uploads.quarantine().glob("*.part")) == []

    def test_a_box_that_is_given_away_leaves_its_files_with_who_gave_it(self, app, mira, noor, box):
        box.send(LOG, "bundle")
        wanted = box.offer(SOUND)
        prove(noor)
        mira.put(f"/boxes/{box.box}/offer", {"email": noor.email})
        with connection():
            giving.take(noor.id, box.box)
        assert box.ask("HEAD", wanted).status_code == 401
        assert noor.get(f"/boxes/{box.box}/files").json["items"] == []
        assert len(mira.get("/files").json["items"]) == 1
        assert noor.get("/files").json["items"] == []

    def test_old_tokens_go(self, box):
        for _ in range(2 * tokens.MOST):
            box.offer(SOUND)
        with connection():
            assert TransferToken.select().count() == tokens.MOST
            TransferToken.update(expires=now() - 1).execute()
            setup.keep_house()
            assert TransferToken.select().count() == 0


def test_a_token_is_judged_by_the_companions_clock(box, monkeypatch):
    wanted = box.offer(SOUND)
    later = time.time_ns() + (tokens.LIFE_MS + 1000) * 1_000_000
    monkeypatch.setattr(tokens, "now", lambda: later // 1_000_000)
    assert box.ask("HEAD", wanted).status_code == 401


class TestChangedItsMind:
    def test_what_is_offered_as_a_log_and_then_as_music_is_looked_at_as_music(self, mira, box):
        junk = b"no music at all " * 500
        first = box.offer(junk, "log", name="engine.log", mime="text/plain")
        second = box.offer(junk, "track")
        assert box.ask("HEAD", first).status_code == 200, "the tokens of the file hold"
        assert box.patch(second, junk).status_code == 415
        assert isinstance(box.answer(), files.Refused)
        assert stored() == []
        assert mira.get("/tracks").json["items"] == []

    def test_what_is_offered_with_another_size_begins_anew(self, box):
        wanted = box.offer(SOUND, size=len(SOUND) + 5)
        assert box.patch(wanted, SOUND).status_code == 204
        again = box.offer(SOUND)
        assert again.offset == 0
        assert box.patch(again, SOUND).status_code == 204
        assert box.answer() == files.Kept(ref(SOUND).hash)
