"""Documents in browsers: real Yjs clients, a real live process, and the database that outlives it."""

import pytest

from companion import database
from companion.documents import service, store
from companion.documents.models import Document, DocumentUpdate
from device.contracts import updates
from device.documents import Entry, built
from tests.companion.browsers import HAS_YJS, Browser
from tests.companion.posts import until
from tests.companion.rooms import Live

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_YJS, reason="node and the page's packages are not installed"),
]


@pytest.fixture
def live(settings):
    made = Live(settings)
    yield made
    made.stop()


@pytest.fixture
def browsers():
    made = [Browser() for _ in range(3)]
    yield made
    for one in made:
        one.__exit__()


def playlist(user, title="Friday", tracks=()):
    with database.connection():
        return service.create(user, title, tracks)


def stored(number):
    """What the database has."""
    with database.connection():
        return built(store.rows(number)).content


def entry(number, title, **more):
    return {"do": "add", "entry": {"id": f"{number:026d}", "title": title}} | more


def same(*browsers):
    """Whether all have the same, in all respects."""
    told = [one.told for one in browsers]
    return all(
        [one[what] for what in ("about", "tracks", "notes", "vector")]
        == [told[0][what] for what in ("about", "tracks", "notes", "vector")]
        for one in told
    )


def test_what_one_browser_writes_another_shows_and_the_database_keeps(live, mira, browsers):
    number = playlist(mira.id, tracks=[Entry("0" * 26, "Opener")])
    one, other, _ = browsers
    assert one.connect(live.port, number, mira.id)
    assert other.connect(live.port, number, mira.id)
    until(lambda: one.told["about"] == {"title": "Friday"} and other.told["answers"])
    one.edit({"do": "title", "text": "Saturday"}, entry(1, "Night Bus"), {"do": "write", "at": 0, "text": "wait 😀"})
    until(lambda: other.told["notes"] == "wait 😀")
    assert [row["title"] for row in other.told["tracks"]] == ["Opener", "Night Bus"]
    other.edit({"do": "move", "id": f"{1:026d}", "to": 0}, {"do": "write", "at": 7, "text": "!"})
    until(lambda: same(one, other) and one.told["notes"] == "wait 😀!")
    until(lambda: stored(number).notes == "wait 😀!")
    shown = mira.get(f"/documents/{number}").json
    assert (shown["title"], [row["title"] for row in shown["tracks"]]) == ("Saturday", ["Night Bus", "Opener"])
    mira.patch(f"/documents/{number}", {"notes": "from a program"})
    until(lambda: one.told["notes"] == "from a program" and same(one, other))


def test_what_was_written_apart_is_the_same_for_all_once_they_are_back(live, mira, browsers):
    number = playlist(mira.id, tracks=[Entry(f"{at:026d}", f"Track {at}") for at in range(4)])
    one, other, third = browsers
    for browser in browsers:
        assert browser.connect(live.port, number, mira.id)
    until(lambda: all(browser.told["answers"] for browser in browsers) and same(*browsers))
    one.ask("close")
    other.ask("close")
    one.edit({"do": "write", "at": 0, "text": "first "}, {"do": "move", "id": f"{3:026d}", "to": 0})
    other.edit({"do": "write", "at": 0, "text": "second "}, {"do": "remove", "id": f"{1:026d}"}, entry(9, "New"))
    third.edit({"do": "note", "id": f"{2:026d}", "text": "loud"}, {"do": "title", "text": "Sunday"})
    until(lambda: stored(number).title == "Sunday")
    assert one.connect(live.port, number, mira.id)
    assert other.connect(live.port, number, mira.id)
    until(lambda: same(*browsers) and "first" in third.told["notes"] and "second" in third.told["notes"])
    assert sorted(row["title"] for row in one.told["tracks"]) == ["New", "Track 0", "Track 2", "Track 3"]
    until(lambda: _equal(stored(number).state, one))


def _equal(state, browser):
    """State vectors name clients in any order."""
    return updates.ends(state) == updates.ends(bytes.fromhex(browser.told["vector"]))


def test_a_killed_process_loses_nothing_that_was_told_as_arrived(live, mira, browsers):
    number = playlist(mira.id)
    one, other, _ = browsers
    assert one.connect(live.port, number, mira.id)
    for turn in range(3):
        until(lambda: one.told["answers"])
        one.ask("burst", count=50)
        before = one.told["answers"]
        one.ask("ask")
        until(lambda before=before: one.told["answers"] > before)
        assert stored(number).notes == "x" * 50 * (turn + 1)
        one.ask("burst", count=7)  # may be on its way
        live.kill()
        one.ask("close")
        one.edit({"do": "cut", "at": 0, "length": 7})  # without a line
        live.start()
        until(lambda: one.connect(live.port, number, mira.id))
        until(lambda turn=turn: stored(number).notes == "x" * 50 * (turn + 1))
    assert other.connect(live.port, number, mira.id)
    until(lambda: same(one, other))


def test_nobody_else_is_let_in_and_a_deleted_document_sends_all_away(live, mira, noor, browsers):
    number = playlist(mira.id)
    one, other, third = browsers
    other.connect(live.port, number, noor.id)
    until(lambda: other.told["closed"] == 4403)
    third.ask("connect", url=f"ws://127.0.0.1:{live.port}/ws/documents/{number}?ticket=none")
    until(lambda: third.told["closed"] == 4401)
    assert noor.post(f"/documents/{number}/ticket").status_code == 404
    url = mira.post(f"/documents/{number}/ticket").json["url"]
    assert f"/ws/documents/{number}?ticket=" in url
    assert one.connect(live.port, number, mira.id)
    until(lambda: one.told["answers"])
    mira.delete(f"/documents/{number}")
    until(lambda: one.told["closed"] == 4404)


def test_what_is_not_sound_is_refused_and_harms_nobody(live, mira, browsers):
    number = playlist(mira.id)
    one, other, _ = browsers
    assert other.connect(live.port, number, mira.id)
    until(lambda: other.told["answers"])
    text_in_tracks = bytes([1, 1, 5, 0, 4, 1, 6]) + b"tracks" + bytes([3]) + b"abc" + bytes([0])
    many = bytes([255, 255, 255, 122])
    for update in (b"\xff" * 20, text_in_tracks, many, b""):
        assert one.connect(live.port, number, mira.id)
        one.ask("send", hex=(bytes([0, 2, len(update)]) + update).hex())
        until(lambda: one.told["closed"] == 4409)
    for message, code in (
        (bytes([1, 5, 1, 9, 1, 1, 123]), 4409),
        (bytes([0, 0, 1, 255]), 4409),
        (b"\0" * 1_100_000, 1009),
    ):
        assert one.connect(live.port, number, mira.id)
        one.ask("send", hex=message.hex())
        until(lambda code=code: one.told["closed"] == code)
    other.edit({"do": "write", "at": 0, "text": "all is well"})
    until(lambda: stored(number).notes == "all is well")


def test_who_is_there_is_told_until_they_leave(live, mira, browsers):
    number = playlist(mira.id)
    one, other, third = browsers
    for browser, name in ((one, "Mira"), (other, "Noor")):
        assert browser.connect(live.port, number, mira.id)
        until(lambda browser=browser: browser.told["answers"])
        browser.ask("be", state={"user": {"name": name}})
    until(lambda: one.told["people"] == [{"user": {"name": "Noor"}}])
    assert third.connect(live.port, number, mira.id)
    until(lambda: sorted(row["user"]["name"] for row in third.told["people"] if "user" in row) == ["Mira", "Noor"])
    one.ask("close")
    until(lambda: [row["user"]["name"] for row in third.told["people"] if "user" in row] == ["Noor"])


def test_many_updates_become_one_and_a_new_browser_gets_all(live, mira, browsers, monkeypatch):
    number = playlist(mira.id)
    with database.connection():
        for at in range(store.CHECKPOINT + 20):
            service.change(mira.id, number, notes="x" * at)
        rows = DocumentUpdate.select().where(DocumentUpdate.document == number).count()
        row = Document.get_by_id(number)
        assert rows < 50
        assert row.sequence > store.CHECKPOINT
        assert row.bytes == sum(len(update) for _, update in store.rows(number))
    one, *_ = browsers
    assert one.connect(live.port, number, mira.id)
    until(lambda: one.told["notes"] == "x" * (store.CHECKPOINT + 19))
