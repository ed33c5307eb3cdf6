"""Documents by requests: made, listed, edited, deleted, and nobody else's."""

from companion.database import connection, database, new_id, now
from companion.documents import receiving, service, store
from companion.documents.models import Document
from companion.events.models import Event
from companion.ingest import service as ingest
from companion.ingest.models import DeadLetter
from companion.outgoing.models import OutgoingRow, OutgoingStream
from device.contracts import envelope, updates
from device.contracts.documents import Gone, State, Update, join, split
from device.documents import Content
from tests.companion.posts import claimed, message

TRACKS = [{"title": "Night Bus", "artist": "Mira", "hash": "a" * 64, "seconds": 301.5}, {"title": "Harbour"}]


def made(person, title="Friday", **more):
    answer = person.post("/documents", {"title": title, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_playlist_is_made_read_listed_edited_and_deleted(mira):
    playlist = made(mira, tracks=TRACKS, notes="bring water")
    assert playlist["of"] == "playlist"
    assert playlist["about"] == {"title": "Friday"}
    assert playlist["notes"] == "bring water"
    assert [row["title"] for row in playlist["tracks"]] == ["Night Bus", "Harbour"]
    assert playlist["count"] == 2
    here = f"/documents/{playlist['id']}"
    changed = mira.patch(here, {"title": "Saturday", "notes": "bring much water"}).json
    assert (changed["title"], changed["notes"]) == ("Saturday", "bring much water")
    second = playlist["tracks"][1]["id"]
    more = mira.post(f"{here}/tracks", {"tracks": [{"title": "Opener"}], "at": 0}).json
    assert [row["title"] for row in more["tracks"]] == ["Opener", "Night Bus", "Harbour"]
    moved = mira.patch(f"{here}/tracks/{second}", {"at": 0, "note": "slowly"}).json
    assert (moved["tracks"][0]["title"], moved["tracks"][0]["note"]) == ("Harbour", "slowly")
    assert mira.delete(f"{here}/tracks/{second}").status_code == 204
    assert [row["title"] for row in mira.get(here).json["tracks"]] == ["Opener", "Night Bus"]
    assert mira.delete(here).status_code == 204
    assert mira.get(here).status_code == 404
    assert mira.get("/documents").json["items"] == []


def test_documents_are_listed_by_change_and_title_searched_and_paged(mira, noor):
    for title in ("Friday night", "saturday", "Friday noon"):
        made(mira, title)
    made(noor, "Friday of Noor")

    def titles(query):
        return [row["title"] for row in mira.get(f"/documents{query}").json["items"]]

    assert titles("") == ["Friday noon", "saturday", "Friday night"]
    assert titles("?search=friday+noon") == ["Friday noon"]
    assert titles("?of=set") == []
    first = mira.get("/documents?limit=2&sort=title").json
    second = mira.get(f"/documents?limit=2&sort=title&after={first['next']}").json
    shown = [row["title"] for row in first["items"] + second["items"]]
    assert sorted(shown) == sorted(["Friday night", "Friday noon", "saturday"])
    assert second["next"] == ""


def test_an_edit_is_told_to_the_owners_boxes_and_pages_and_a_box_does_not_hear_itself(mira):
    with connection():
        Event.delete().execute()
    one, other = claimed(mira.id), claimed(mira.id)
    number = made(mira)["id"]
    assert [down(box)[-1].document for box in (one, other)] == [number, number]
    fresh = Content(body.update for body in down(one))
    assert fresh.title == "Friday"
    update = fresh.edit(lambda: fresh.write("from the box"))
    taken(up(one, Update(number, "playlist", update)))
    assert mira.get(f"/documents/{number}").json["notes"] == "from the box"
    assert (len(down(one)), len(down(other))) == (1, 2)
    with connection():
        assert Event.select().where((Event.kind == "document") & (Event.user == mira.id)).count() == 2


def test_a_box_begins_documents_in_parts_asks_and_is_asked(mira):
    box, number, mine = claimed(mira.id), new_id(), Content()
    update = mine.edit(lambda: (mine.call("Long"), mine.write("y" * 600_000)))
    lines = up(box, *split(number, "playlist", update), State(number, "playlist", b"\0"))
    taken(lines)
    taken(lines)
    assert mira.get(f"/documents/{number}").json["title"] == "Long"
    assert Content([join(down(box))]).state == mine.state
    later = mine.edit(lambda: mine.write("z")), mine.edit(lambda: mine.write("zz"))
    taken(up(box, Update(number, "playlist", later[1])))
    asked = down(box)[-1]
    assert isinstance(asked, State)
    taken(up(box, Update(number, "playlist", mine.lacking(asked.vector))))
    assert mira.get(f"/documents/{number}").json["notes"] == "zz"


def test_what_is_deleted_stays_so_and_anothers_document_is_not_touched(mira, noor):
    box, hers, mine = claimed(mira.id), made(noor)["id"], Content()
    update = mine.edit(lambda: mine.call("Mine"))
    taken(up(box, Update(hers, "playlist", update), Update(new_id(), "playlist", b"\xff" * 20)))
    assert noor.get(f"/documents/{hers}").json["title"] == "Friday"
    with connection():
        assert DeadLetter.select().count() == 2
    number = made(mira)["id"]
    mira.delete(f"/documents/{number}")
    taken(up(box, Update(number, "playlist", update)))
    assert down(box)[-1] == Gone(number)
    assert mira.get("/documents").json["items"] == []


def test_a_box_that_knows_nothing_is_told_what_there_is(mira):
    number, gone = made(mira)["id"], made(mira)["id"]
    mira.delete(f"/documents/{gone}")
    box = claimed(mira.id)
    with connection(), database.atomic():
        receiving.welcome(box, mira.id)
    said = {body.document: type(body) for body in down(box)}
    assert said == {number: State, gone: Gone}


def unread(monkeypatch):
    """From now on no document may be read."""

    def read(*_):
        raise AssertionError("a document was read")

    store._kept.clear()
    monkeypatch.setattr(store, "built", read)


def test_what_documents_have_is_known_without_reading_them(mira, monkeypatch):
    number = made(mira, tracks=TRACKS)["id"]
    box, mine = claimed(mira.id), Content()
    taken(up(box, Update(number, "playlist", mine.edit(lambda: mine.call("Here, too")))))
    with connection():
        whole = [update for _, update in store.rows(number)]
        page = Content(whole)
        fresh = page.edit(lambda: page.write("of a page"))
        service.save(number, [(mira.id, fresh)], store.about(page))
    unread(monkeypatch)
    with connection(), database.atomic():
        receiving.welcome(box, mira.id)
    assert updates.ends(down(box)[-1].vector) == updates.ends(page.state)
    taken(up(box, State(number, "playlist", mine.state)))
    mine.merge(down(box)[-1].update)
    assert mine.entries() == page.entries()
    assert mine.notes == "of a page"
    taken(up(box, State(number, "playlist", updates.varint(1) + updates.varint(77) + updates.varint(5))))
    assert [type(body) for body in down(box)[-2:]] == [Update, State], "and asked for what it has more"


def test_of_a_document_of_which_it_is_not_known_it_is_found_out_once(mira, monkeypatch):
    number, box = made(mira, tracks=TRACKS)["id"], claimed(mira.id)
    with connection():
        Document.update(state=None).execute()
    for _ in range(2):
        with connection(), database.atomic():
            receiving.welcome(box, mira.id)
        unread(monkeypatch)
    with connection():
        monkeypatch.undo()
        whole = Content(update for _, update in store.rows(number))
    assert updates.ends(down(box)[-1].vector) == updates.ends(whole.state)


def test_a_document_of_which_an_update_is_left_out_is_told_as_it_is_shown(mira):
    number, box = made(mira)["id"], claimed(mira.id)
    text_in_tracks = bytes([1, 1, 5, 0, 4, 1, 6]) + b"tracks" + bytes([3]) + b"abc" + bytes([0])
    with connection():
        row = store.held(number)
        store.append(row, text_in_tracks, mira.id, store.About("Friday", 0, bytes(row.state)))
    taken(up(box, State(number, "playlist", b"\0")))
    whole = Content([down(box)[-1].update])
    assert (whole.title, whole.notes) == ("Friday", "")


def test_many_documents_are_kept_in_memory_as_long_as_they_are_small_together(mira, monkeypatch):
    monkeypatch.setattr(store, "MOST_KEPT_BYTES", 3000)
    store._kept.clear()
    for at in range(4):
        made(mira, notes=f"{at}" * 1000)
    assert len(store._kept) == 2


def test_a_document_that_is_full_takes_nothing_more(mira, monkeypatch):
    monkeypatch.setattr(store, "MOST_BYTES", 2000)
    number = made(mira)["id"]
    for _ in range(30):  # history is not what fills it
        assert mira.patch(f"/documents/{number}", {"notes": "a" * 300}).status_code == 200
        assert mira.patch(f"/documents/{number}", {"notes": "b" * 300}).status_code == 200
    answer = mira.patch(f"/documents/{number}", {"notes": "c" * 3000})
    assert answer.status_code == 409
    assert "full" in answer.json["detail"]
    assert mira.get(f"/documents/{number}").json["notes"] == "b" * 300


def down(box):
    """What waits for a box of documents, in order."""
    with connection():
        rows = OutgoingRow.select().join(OutgoingStream).where((OutgoingStream.box == box) & ~OutgoingRow.skip)
        found = [
            envelope.decode("down", row.stream.stream, bytes(row.payload)) for row in rows.order_by(OutgoingRow.first)
        ]
    return [message.body for message in found if message.head.stream == "documents"]


def up(box, *bodies):
    """Messages of a box, in a numbering of their own."""
    epoch = new_id()
    made = [message(body, at, epoch, "documents") for at, body in enumerate(bodies, 1)]
    return [(f"rackdeck/v1/box/{box}/up/documents", payload) for payload in made]


def taken(lines):
    with connection():
        ingest.take([ingest.opened(topic, payload, now()) for topic, payload in lines])
