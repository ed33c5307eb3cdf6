"""Files from the companion to boxes, and what their owner sees of those on their way."""

import json

import pytest

from companion.accounts import export
from companion.accounts.models import User
from companion.boxes import service as boxes
from companion.boxes.models import Box
from companion.database import connection, database
from companion.errors import Forbidden, NotFound
from companion.jobs import service as jobs
from companion.outgoing import service as outgoing
from companion.transfers import service, views
from companion.transfers.models import Transfer, TransferToken
from companion.uploads.models import StoredFile, Upload
from device.contracts import files
from tests.companion.filebox import LOG, SOUND, FileBox, give, row, track
from tests.companion.sending import send
from tests.companion.sounds import wav

pytestmark = pytest.mark.slow


@pytest.fixture
def box(app, mira):
    return FileBox(app, mira.id)


class TestGoingDown:
    def test_a_track_is_sent_fetched_and_there(self, mira, box):
        number = track(mira)
        mira.patch(f"/tracks/{number}", {"title": "Night/Bus", "tempo": 122.0})
        sent_file = give(box, number, list="0" * 26)
        sent = box.answer()
        assert (sent.file, sent.list, sent.purpose) == (sent_file, "0" * 26, "track")
        assert (sent.track.id, sent.track.title, sent.track.tempo) == (number, "Night/Bus", 122.0)
        assert sent.file.name == "Night-Bus.wav"
        answer = box.ask("GET", sent, Range="bytes=0-")
        assert (answer.status_code, answer.data) == (206, SOUND)
        box.say(files.Received(sent.file.hash, "there"))
        with connection():
            assert service.states(box.box, [sent.file.hash]) == {sent.file.hash: "there"}
        assert box.ask("GET", sent).status_code == 401, "the token is used up"

    def test_it_goes_on_where_it_was_cut_and_the_owner_sees_how_far_it_is(self, mira, box):
        give(box, track(mira))
        sent = box.answer()
        first = box.ask("GET", sent, Range="bytes=0-999")
        rest = box.ask("GET", sent, Range="bytes=1000-", If_Range=first.headers["ETag"])
        assert first.data + rest.data == SOUND
        (shown,) = mira.get(f"/boxes/{box.box}/files").json["items"]
        assert (shown["way"], shown["state"], shown["done"], shown["size"]) == ("down", "sent", 1000, len(SOUND))
        other = box.ask("GET", sent, Range="bytes=1000-", If_Range='"another"')
        assert (other.status_code, other.data) == (200, SOUND)

    def test_a_long_file_goes_in_pieces_between_which_the_token_is_judged(self, mira, box, monkeypatch):
        monkeypatch.setattr(views, "PIECE", 10_000)
        give(box, track(mira))
        sent, got = box.answer(), b""
        while len(got) < 30_000:
            got += box.ask("GET", sent, Range=f"bytes={len(got)}-").data
        assert got == SOUND[:30_000]
        with connection():
            boxes.revoke(mira.id, box.box)
        assert box.ask("GET", sent, Range="bytes=30000-").status_code == 401

    def test_ranges_that_make_no_sense_do_no_harm(self, mira, box):
        give(box, track(mira))
        sent = box.answer()
        for asked, status in {
            "bytes=99999999-": 416, "bytes=5-2": 416, "bytes=-0": 416, "bytes=0-1,5-9": 200, "bytes=-5": 206,
            "bytes=" + ",".join(["0-"] * 500): 200, "items=0-5": 200, "bytes=" + "9" * 99: 200,
        }.items():  # fmt: skip
            answer = box.ask("GET", sent, Range=asked)
            assert answer.status_code == status, asked
            assert len(answer.data) <= max(len(SOUND), 2000)

    def test_a_box_that_asks_again_gets_it_again_and_not_for_ever(self, mira, box):
        give(box, track(mira))
        sent = box.answer()
        for _ in range(service.MOST_TRIES - 1):
            box.say(files.Received(sent.file.hash, "wanted", "the companion says status 401"))
            again = box.answer()
            assert (again.url, again.token != sent.token) == (sent.url, True)
            sent = again
        box.say(files.Received(sent.file.hash, "wrong hash", "what came is not the file that was meant"))
        assert row().state == "failed"
        assert box.ask("GET", sent).status_code == 401
        give(box, mira.get("/tracks").json["items"][0]["id"])
        assert box.ask("GET", box.answer()).status_code == 200, "its owner may try again"

    @pytest.mark.parametrize(("outcome", "status"), [("disk full", 200), ("not playable", 401)])
    def test_what_hinders_a_box_is_shown_to_its_owner(self, mira, box, outcome, status):
        give(box, track(mira))
        sent = box.answer()
        box.say(files.Received(sent.file.hash, outcome, "so it is"))
        (shown,) = mira.get(f"/boxes/{box.box}/files?way=down").json["items"]
        assert (shown["state"], shown["said"]) == (outcome, "so it is")
        assert box.ask("GET", sent).status_code == status

    def test_only_the_owners_tracks_go_to_the_owners_boxes(self, app, mira, noor, box):
        theirs, number = track(noor), track(mira)
        with pytest.raises(NotFound):
            give(box, theirs)
        with connection():
            boxes.revoke(mira.id, box.box)
        with pytest.raises(Forbidden):
            give(box, number)

    def test_a_stem_is_sent_by_its_own_name(self, mira, box):
        number = track(mira)
        send(mira, wav(seconds=0.3), filename="Drums.wav", purpose="stem", subject=number)
        stem = next(one for one in mira.get(f"/tracks/{number}").json["recordings"] if one["kind"] == "stem")
        give(box, number, recording=stem["id"])
        assert (box.answer().purpose, box.answer().file.name) == ("stem", "Night Bus (Drums).wav")

    def test_a_name_of_the_longest_fits_a_disk(self, mira, box):
        number = track(mira)
        mira.patch(f"/tracks/{number}", {"title": "🎵" * 199 + "."})
        name = give(box, number).name
        assert len(name.encode()) <= 240
        assert name.endswith(".wav")

    def test_a_track_that_is_deleted_is_fetched_no_more(self, mira, box):
        number = track(mira)
        give(box, number)
        sent = box.answer()
        assert mira.delete(f"/tracks/{number}").status_code == 204
        assert mira.delete(f"/tracks/{number}/bin").status_code == 204
        assert row().state == "failed"
        assert box.ask("GET", sent).status_code == 404
        box.say(files.Received(sent.file.hash, "wanted", "the companion says status 404"))
        assert row().state == "failed"

    def test_a_box_with_a_new_memory_is_told_what_is_on_its_way_in_both_ways(self, mira, box):
        give(box, track(mira))
        wanted = box.offer(LOG, "bundle")
        box.patch(wanted, LOG[:10])
        with connection(), database.atomic():
            outgoing.welcome(box.box, mira.id)
        sent, again = box.told(files.Sent), box.told(files.Wanted)
        assert len(sent) == len(again) == 1
        assert again[0].offset == 10
        assert box.ask("GET", sent[0]).status_code == 200

    def test_what_another_box_says_has_no_effect(self, app, mira, noor, box):
        give(box, track(mira))
        for other in (FileBox(app, noor.id), FileBox(app, mira.id)):
            other.say(files.Received(box.answer().file.hash, "there"))
        assert row().state == "sent"


class TestTheOwner:
    def test_files_come_in_pages_with_their_progress(self, mira, noor, box):
        wanted = box.offer(SOUND)
        box.patch(wanted, SOUND[:1234])
        for at in range(3):
            box.send(b"bundle %d" % at, "bundle")
        found, after = [], ""
        while True:
            answer = mira.get(f"/boxes/{box.box}/files?limit=2&after={after}").json
            found += answer["items"]
            after = answer["next"]
            if not after:
                break
        assert [one["state"] for one in found] == ["kept", "kept", "kept", "wanted"]
        assert found[-1]["done"] == 1234
        assert noor.get(f"/boxes/{box.box}/files").status_code == 404

    def test_all_of_it_is_in_an_export_without_secrets(self, mira, box):
        wanted = box.offer(SOUND)
        with connection():
            (told,) = export._parts["transfers"](mira.id)
        assert (told["box"], told["hash"]) == (box.box, wanted.hash)
        assert wanted.token not in json.dumps(told)

    def test_with_the_account_it_all_goes(self, mira, box):
        box.offer(SOUND)
        give(box, track(mira, wav(seconds=0.2)))
        with connection():
            User.update(leaving=1).where(User.id == mira.id).execute()
            jobs.enqueue("erase", subject=mira.id)
            assert not User.select().where(User.id == mira.id).exists()
            for model in (Transfer, TransferToken, Upload, StoredFile):
                assert not model.select().exists(), model
            assert Box.get_by_id(box.box).owner_id is None
