"""Lists and tracks that are sent to boxes: the files go by themselves, the box says how far it is, changes follow."""

import pytest

from companion.catalogue.models import Recording, Track
from companion.database import connection, database, new_id, now
from companion.events.models import Event
from companion.jobs.models import Job
from companion.lists import service
from companion.lists.models import BoxList
from companion.outgoing.models import OutgoingStream
from companion.uploads.models import StoredFile
from device.contracts import files, lists
from device.contracts.receipts import Numbering, Opening
from tests.companion.posts import claimed, message
from tests.companion.shared import prove
from tests.companion.test_commanding import told, waiting
from tests.companion.test_ingest import dead, parcel, take
from tests.companion.test_sets import Sending


@pytest.fixture
def box(mira):
    return claimed(mira.id)


def track(owner, title="Song"):
    """A track of somebody's, by id, and the hash of its file."""
    digest = new_id().ljust(64, "0").encode().hex()[:64]
    with connection(), database.atomic():
        kept = {"size": 1000, "kind": "audio", "format": "flac", "name": f"{title}.flac", "sha256": digest}
        file = StoredFile.create(owner=owner.id, facts='{"seconds": 60.0}', **kept)
        names = {"title": title, "title_sort": title, "artist": "Band", "artist_sort": "Band", "genre": ""}
        row = Track.create(owner=owner.id, file=file.id, seconds=60.0, **names)
        mix = Recording.create(track=row, number=1, kind="mix", label="", file=file.id)
        Track.update(recording=mix.id).where(Track.id == row.id).execute()
    return row.id, digest


def playlist(mira, *tracks, title="Friday"):
    rows = [{"title": "Song", "track": number} if number else {"title": "Elsewhere"} for number in tracks]
    answer = mira.post("/documents", {"title": title, "tracks": rows})
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def sent(mira, box, number):
    answer = mira.post(f"/boxes/{box}/lists", {"list": number})
    assert answer.status_code == 201, answer.json
    return answer.json


def follow():
    with connection():
        return service.follow()


def test_a_list_is_sent_with_each_of_its_files_once_and_what_is_not_in_the_library_is_counted(mira, box):
    (one, first), (two, second) = track(mira), track(mira)
    number = playlist(mira, one, two, one, "", new_id())
    row = sent(mira, box, number)
    assert [body.file.hash for body in waiting(box, files.Sent)] == [first, second]
    assert all(body.list == number for body in waiting(box, files.Sent))
    (held,) = waiting(box, lists.Sent)
    assert (held.list, held.of, held.title, held.by, held.files) == (
        number,
        "playlist",
        "Friday",
        "Mira",
        (first, second),
    )
    assert row["state"] == "sending"  # a job does it
    whole = mira.get(f"/boxes/{box}/lists/{number}").json
    assert (whole["state"], whole["files"], whole["missing"]) == ("sent", 2, 2)
    assert whole["tracks"] == [
        {"track": one, "hash": first, "state": "sent"},
        {"track": two, "hash": second, "state": "sent"},
    ]


def test_what_the_box_says_of_it_is_shown_and_told_to_open_pages(mira, box):
    number = playlist(mira, track(mira)[0])
    sent(mira, box, number)
    Sending(box, "documents").send(lists.Ready(number, 0, 1), lists.Ready(number, 1, 0), lists.Ready(new_id(), 3, 4))
    (row,) = mira.get(f"/boxes/{box}/lists").json["items"]
    assert (row["there"], row["lacking"]) == (1, 0)
    assert '"there": 1' in told(mira.id, "box.list")[-1]
    assert dead() == []


def test_what_another_box_says_changes_nothing(mira, noor, box):
    number = playlist(mira, track(mira)[0])
    sent(mira, box, number)
    Sending(claimed(noor.id), "documents").send(lists.Ready(number, 9, 9))
    assert mira.get(f"/boxes/{box}/lists").json["items"][0]["there"] == 0


def test_a_full_disk_of_the_box_is_told(mira, box):
    one, digest = track(mira)
    sent(mira, box, playlist(mira, one))
    Sending(box, "files").send(files.Received(digest, "disk full"))
    assert mira.get(f"/boxes/{box}/lists").json["items"][0]["full"] == 1


def test_what_is_added_follows_and_a_deleted_document_ends_the_list(mira, box):
    (one, first), (two, second) = track(mira), track(mira)
    number = playlist(mira, one)
    sent(mira, box, number)
    assert follow() == 0
    assert mira.post(f"/documents/{number}/tracks", {"tracks": [{"title": "Two", "track": two}]}).status_code == 200
    assert follow() == 1
    assert follow() == 0
    assert [body.file.hash for body in waiting(box, files.Sent)] == [first, second]  # the first is not sent again
    assert [body.files for body in waiting(box, lists.Sent)] == [(first, second)]
    assert mira.delete(f"/documents/{number}").status_code == 204
    assert follow() == 1
    assert [body.list for body in waiting(box, lists.Withdrawn)] == [number]
    assert mira.get(f"/boxes/{box}/lists").json["items"] == []


def test_a_list_is_taken_away_and_the_box_is_told(mira, box):
    number = playlist(mira, track(mira)[0])
    sent(mira, box, number)
    assert mira.delete(f"/boxes/{box}/lists/{number}").status_code == 204
    assert mira.delete(f"/boxes/{box}/lists/{number}").status_code == 404
    assert waiting(box, lists.Sent) == []
    assert [body.list for body in waiting(box, lists.Withdrawn)] == [number]
    Sending(box, "documents").send(lists.Ready(number, 1, 0))
    assert dead() == []


def test_what_a_job_gave_up_on_is_begun_again(mira, box, monkeypatch):
    number = playlist(mira, track(mira)[0])
    monkeypatch.setattr(service.transfers, "send", lambda *_args, **_more: 1 / 0)
    assert sent(mira, box, number)["state"] == "sending"
    monkeypatch.undo()
    assert follow() == 0
    monkeypatch.setattr(service, "now", lambda: now() + service.STUCK_MS + 1000)
    with connection():
        Job.delete().execute()
    assert follow() == 1
    assert mira.get(f"/boxes/{box}/lists").json["items"][0]["state"] == "sent"


def test_nobody_sends_anothers_list_or_tracks_or_to_anothers_box(mira, noor, box):
    (mine, _), (hers, _) = track(noor), track(mira)
    theirs = claimed(noor.id)
    number = playlist(mira, hers)
    assert noor.post(f"/boxes/{theirs}/lists", {"list": number}).status_code == 404
    assert noor.post(f"/boxes/{box}/lists", {"list": playlist(noor, mine)}).status_code == 404
    assert noor.post(f"/boxes/{theirs}/tracks", {"tracks": [mine, hers]}).status_code == 404
    assert noor.post(f"/boxes/{box}/tracks", {"tracks": [mine]}).status_code == 404
    assert waiting(box, files.Sent) + waiting(box, lists.Sent) + waiting(theirs, files.Sent) == []
    sent(noor, theirs, playlist(noor, mine, hers))
    assert len(waiting(theirs, files.Sent)) == 1
    assert noor.get(f"/boxes/{theirs}/lists").json["items"][0]["missing"] == 1


def test_tracks_are_sent_by_themselves(mira, box):
    (one, first), (two, second) = track(mira, "One"), track(mira, "Two")
    answer = mira.post(f"/boxes/{box}/tracks", {"tracks": [one, two, one]})
    assert answer.status_code == 202
    assert [(row["track"], row["hash"], row["name"]) for row in answer.json] == [
        (one, first, "Band - One.flac"),
        (two, second, "Band - Two.flac"),
    ]
    assert [(body.file.hash, body.list) for body in waiting(box, files.Sent)] == [(first, None), (second, None)]
    for tracks in ([], [""], ["x" * 27], [1], [one] * 101):
        assert mira.post(f"/boxes/{box}/tracks", {"tracks": tracks}).status_code == 422


def test_lists_come_in_pages_the_latest_first_and_are_so_many_at_most(mira, box, monkeypatch):
    monkeypatch.setattr(service, "MOST_LISTS", 3)
    numbers = [playlist(mira, title=str(count)) for count in range(4)]
    for number in numbers[:3]:
        sent(mira, box, number)
    assert mira.post(f"/boxes/{box}/lists", {"list": numbers[3]}).status_code == 409
    sent(mira, box, numbers[0])
    one = mira.get(f"/boxes/{box}/lists?limit=2").json
    rest = mira.get(f"/boxes/{box}/lists?limit=2&after={one['next']}").json
    assert [row["title"] for row in one["items"] + rest["items"]] == ["2", "1", "0"]
    with connection():
        assert [row["title"] for row in service.exported(mira.id)] == ["0", "1", "2"]


def test_a_box_without_a_memory_is_told_again_and_another_owners_box_is_not(mira, noor, box):
    number = playlist(mira, track(mira)[0])
    sent(mira, box, number)
    opening = Opening((Numbering("plays", new_id(), 1, 1),))
    with connection(), database.atomic():
        OutgoingStream.delete().execute()
    take(parcel(box, message(opening, 0, new_id(), "receipts"), "receipts"))
    assert [body.list for body in waiting(box, lists.Sent)] == [number]
    prove(noor)
    mira.put(f"/boxes/{box}/offer", {"email": noor.email})
    assert noor.post(f"/boxes/offers/{box}/accept").status_code == 200
    assert waiting(box) == []
    assert noor.get(f"/boxes/{box}/lists").json["items"] == []
    with connection():
        assert not BoxList.select().exists()
        assert Event.select().where(Event.user == noor.id, Event.kind == "box.list").count() == 0
