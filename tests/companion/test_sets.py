"""Sets that boxes played: tracklists as they were sent, recordings when they come, and nobody else's."""

import pytest

from companion.database import connection, database, new_id, now
from companion.sets import cue
from companion.sets import service as sets
from companion.sets.models import BoxSet, SetEntry
from companion.uploads.models import StoredFile
from device.contracts.documents import Update
from device.contracts.plays import Played
from device.contracts.sets import MOST_ENTRIES, Entry, Finished, Started
from device.contracts.values import FileRef, Track
from device.documents import Content
from tests.companion.posts import claimed, message
from tests.companion.sending import send
from tests.companion.sounds import wav
from tests.companion.test_ingest import parcel, take

RECORDING = FileRef("a" * 64, 1000, "set.flac", "audio/flac")


@pytest.fixture
def box(mira):
    return claimed(mira.id)


class Sending:
    """A box's stream of sets."""

    def __init__(self, box, stream="sets"):
        self.box, self.stream, self.epoch, self.seq = box, stream, new_id(), 0

    def send(self, *bodies):
        parcels = []
        for body in bodies:
            self.seq += 1
            parcels.append(parcel(self.box, message(body, self.seq, self.epoch, self.stream), self.stream))
        return take(*parcels)


def started(number, title="Friday"):
    return Started(number, title, "Booth", 1_000_000, True)


def finished(number, count=2, title="Friday", **more):
    entries = tuple(
        Entry(60.0 * at, Track(f"Song {at}", "Band", tempo=120.0, key="8A"), 1 + at % 2, 55.0, 1.5)
        for at in range(count)
    )
    return Finished(number, title, "Booth", 1_000_000, 3600.0, count, entries, "stopped", **more)


def test_a_set_is_shown_while_it_is_played_and_with_its_tracklist_when_it_is_over(mira, box):
    sending, number = Sending(box), new_id()
    sending.send(started(number))
    (shown,) = mira.get("/sets").json["items"]
    assert (shown["state"], shown["title"], shown["recorded"]) == ("playing", "Friday", True)
    sending.send(finished(number, 3, recording=RECORDING, loudness=-9.5, samplerate=48000))
    whole = mira.get(f"/sets/{shown['id']}").json
    assert whole["state"] == "finished"
    assert [(one["position"], one["at"], one["title"], one["deck"]) for one in whole["entries"]] == [
        (0, 0.0, "Song 0", 1),
        (1, 60.0, "Song 1", 2),
        (2, 120.0, "Song 2", 1),
    ]
    assert whole["recording"] == {"hash": "a" * 64, "size": 1000, "name": "set.flac", "file": ""}
    assert whole["loudness"] == -9.5


def test_the_tracklist_is_a_cue_sheet_beside_the_recording(mira, noor, box):
    number = new_id()
    Sending(box).send(finished(number, 3, title='Fri"day', recording=RECORDING))
    (shown,) = mira.get("/sets").json["items"]
    answer = mira.get(f"/sets/{shown['id']}/cue")
    assert 'filename="set.cue"' in answer.headers["Content-Disposition"]
    assert answer.text.split("\r\n") == [
        'TITLE "Fri\'day"', 'FILE "set.flac" WAVE',
        "  TRACK 01 AUDIO", '    TITLE "Song 0"', '    PERFORMER "Band"', "    INDEX 01 00:00:00",
        "  TRACK 02 AUDIO", '    TITLE "Song 1"', '    PERFORMER "Band"', "    INDEX 01 01:00:00",
        "  TRACK 03 AUDIO", '    TITLE "Song 2"', '    PERFORMER "Band"', "    INDEX 01 02:00:00", "",
    ]  # fmt: skip
    assert noor.get(f"/sets/{shown['id']}/cue").status_code == 404


def test_a_cue_sheet_has_at_most_99_tracks_in_their_order_and_none_at_the_same_frame():
    tracks = [cue.Cue(at, f"T{at}", "") for at in (7200.5, 3.0, 3.001, *range(10, 130))]
    lines = cue.sheet("", "a.flac", tracks).splitlines()
    assert lines[2:5] == ["  TRACK 01 AUDIO", '    TITLE "T3.001"', "    INDEX 01 00:03:00"]
    assert sum("TRACK" in line for line in lines) == 99
    assert cue.sheet("", "a.flac", [cue.Cue(7200.5, "x", "")]).splitlines()[-1] == "    INDEX 01 120:00:38"


def test_a_set_without_a_beginning_is_whole_and_a_late_beginning_does_not_undo_it(mira, box):
    number = new_id()
    Sending(box).send(finished(number))
    Sending(box).send(started(number, "Old name"))
    (shown,) = mira.get("/sets").json["items"]
    assert (shown["state"], shown["title"]) == ("finished", "Friday")


def test_a_set_of_a_later_numbering_takes_the_place_of_the_same_one(mira, box):
    number = new_id()
    for count in (5, 2):
        Sending(box).send(finished(number, count))
    with connection():
        assert BoxSet.select().count() == 1
        assert SetEntry.select().count() == 2


def test_the_longest_tracklist_fits(mira, box):
    number = new_id()
    Sending(box).send(finished(number, MOST_ENTRIES))
    (shown,) = mira.get("/sets").json["items"]
    assert len(mira.get(f"/sets/{shown['id']}").json["entries"]) == MOST_ENTRIES


def test_a_box_cannot_reach_into_anothers_set_by_its_number(mira, noor, box):
    number = new_id()
    Sending(box).send(finished(number))
    Sending(claimed(noor.id)).send(finished(number, title="Not yours"))
    assert [one["title"] for one in mira.get("/sets").json["items"]] == ["Friday"]
    assert [one["title"] for one in noor.get("/sets").json["items"]] == ["Not yours"]


def test_only_the_owner_sees_names_and_deletes_a_set(mira, noor, box):
    Sending(box).send(finished(new_id()))
    path = f"/sets/{mira.get('/sets').json['items'][0]['id']}"
    for answer in (noor.get(path), noor.patch(path, {"title": "x"}), noor.delete(path)):
        assert answer.status_code == 404
    assert mira.patch(path, {"title": "Closing", "notes": "good"}).json["title"] == "Closing"
    assert mira.delete(path).status_code == 204
    assert mira.get("/sets").json["items"] == []


def test_a_set_that_is_played_is_not_deleted(mira, box):
    Sending(box).send(started(new_id()))
    path = f"/sets/{mira.get('/sets').json['items'][0]['id']}"
    assert mira.delete(path).status_code == 409


def _stored(owner):
    return StoredFile.create(
        owner=owner, size=1000, kind="audio", format="flac", name="set.flac", sha256="a" * 64
    ).id  # fmt: skip


def test_a_recording_belongs_to_its_set_once_it_came_and_goes_with_it(mira, noor, box):
    number = new_id()
    Sending(box).send(finished(number, recording=RECORDING))
    with connection(), database.atomic():
        file = _stored(mira.id)
        assert not sets.attach(mira.id, box, number, "recording", "b" * 64, file)
        assert not sets.attach(noor.id, box, number, "recording", "a" * 64, file)
        assert sets.attach(mira.id, box, number, "recording", "a" * 64, file)
    (shown,) = mira.get("/sets").json["items"]
    assert shown["recording"]["file"] == file
    assert mira.delete(f"/files/{file}").status_code == 409
    mira.delete(f"/sets/{shown['id']}")
    with connection():
        assert not StoredFile.select().where(StoredFile.id == file).exists()


def test_sets_come_in_pages_newest_first(mira, box):
    sending = Sending(box)
    for at in range(5):
        body = finished(new_id(), 0, title=str(at))
        sending.send(Finished(body.set, body.title, body.box, 1000 * (at // 2), 1.0, 0, (), "stopped"))
    found, after = [], ""
    while True:
        answer = mira.get(f"/sets?limit=2&after={after}").json
        found += [one["title"] for one in answer["items"]]
        after = answer["next"]
        if not after:
            break
    assert sorted(found) == ["0", "1", "2", "3", "4"]
    assert found[0] == "4"


def test_plays_are_found_by_time_box_and_track(mira, box):
    track = new_id()
    other = claimed(mira.id)
    sending = Sending(box, "plays")
    for at in (1000, 2000, 3000):
        sending.send(Played(Track(f"at {at}", id=track if at == 2000 else None), 1, at, 30.0))
    Sending(other, "plays").send(Played(Track("elsewhere"), 1, now(), 30.0))

    def titles(query):
        return [one["title"] for one in mira.get(f"/plays?{query}").json["items"]]

    assert titles("since=1500&until=3000") == ["at 2000"]
    assert titles(f"track={track}") == ["at 2000"]
    assert titles(f"box={other}") == ["elsewhere"]
    assert titles("") == ["elsewhere", "at 3000", "at 2000", "at 1000"]


def test_sets_are_found_by_their_words_and_those_of_their_tracks_and_sorted(mira, noor, box):
    for title, count in (("Warehouse", 2), ("Attic", 4)):
        Sending(box).send(finished(new_id(), count, title))

    def ask(query):
        return [one["title"] for one in mira.get(f"/sets?{query}").json["items"]]

    assert ask("search=ware") == ask("search=booth+house") == ["Warehouse"]
    assert ask("search=song+3+band") == ["Attic"]
    assert ask("search=nothing") == ask("search=100%25") == []
    assert ask("sort=title") == ["Attic", "Warehouse"]
    assert noor.get("/sets?search=ware").json["items"] == []
    for sort in ("started", "length", "title"):
        first = mira.get(f"/sets?sort={sort}&limit=1").json
        rest = mira.get(f"/sets?sort={sort}&limit=1&after={first['next']}").json
        assert {one["title"] for one in (*first["items"], *rest["items"])} == {"Attic", "Warehouse"}
        assert rest["next"] == ""


def test_a_recording_is_heard_with_its_waveform_once_it_came(mira, noor, box):
    sound = send(mira, wav(seconds=0.5))["result"]
    recording = mira.get(f"/tracks/{sound}").json["recordings"][0]
    number = new_id()
    Sending(box).send(finished(number, recording=RECORDING))
    (shown,) = mira.get("/sets").json["items"]
    for what in ("recording", "waveform", "log"):
        assert mira.get(f"/sets/{shown['id']}/{what}").status_code == 404
    with connection():
        sets.attach(mira.id, box, number, "recording", "a" * 64, recording["file"])
    heard = mira.get(f"/sets/{shown['id']}/recording", headers={"Range": "bytes=0-3"})
    assert (heard.status_code, heard.data) == (206, b"RIFF")
    assert mira.get(f"/sets/{shown['id']}/waveform").data[:8] == b"RDPEAKS1"
    assert (
        'attachment; filename="set.'
        in mira.get(f"/sets/{shown['id']}/recording?download=true").headers["Content-Disposition"]
    )
    assert noor.get(f"/sets/{shown['id']}/recording").status_code == 404


def test_what_is_written_about_a_set_is_in_its_document_once_there_is_one(mira, box):
    sending, number = Sending(box), new_id()
    sending.send(finished(number, 2))
    here = f"/sets/{mira.get('/sets').json['items'][0]['id']}"
    assert mira.get(here).json["document"] == ""
    made = Content()
    made.edit(lambda: (made.call("Friday, late"), made.write("from the box")))
    Sending(box, "documents").send(Update(number, "set", made.lacking()))
    shown = mira.get(here).json
    assert (shown["document"], shown["title"], shown["notes"]) == (number, "Friday, late", "from the box")
    changed = mira.patch(here, {"title": "Saturday", "notes": "from the page"}).json
    assert (changed["title"], changed["notes"]) == ("Saturday", "from the page")
    told = mira.get(f"/documents/{number}").json
    assert (told["title"], told["notes"]) == ("Saturday", "from the page")
    mira.patch(f"/documents/{number}", {"title": "Sunday"})
    assert mira.get("/sets?search=sunday").json["items"][0]["title"] == "Sunday"
    assert mira.delete(here).status_code == 204
    assert mira.get(f"/documents/{number}").status_code == 404
