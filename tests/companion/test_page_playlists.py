"""Documents in real browsers: playlists made, filled and put in order, edited by two at once and offline; sets."""

import pytest

from tests.companion.browser import NARROW, PASSWORD, Visitor, chromium, companion
from tests.companion.stage import document_of, finished
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion"]
TRACKS = ("Night bus", "Harbour lights", "Concrete garden", "Slow rooms")
ARRIVED = "Object.keys(JSON.parse(localStorage.documents ?? '{}')).length === 0"
LOST = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "Failed to fetch", "WebSocket connection")


@pytest.fixture(scope="module")
def mira(chromium, companion, tmp_path_factory):
    """Mira at her desk, with four tracks in her library."""
    somebody = Visitor(chromium, companion)
    somebody.sign_up("Mira Sand", "mira@example.org")
    somebody.go("/library")
    folder = tmp_path_factory.mktemp("music")
    somebody.upload(*(write_tune(folder / f"{name}.wav", 3, seed) for seed, name in enumerate(TRACKS)))
    somebody.until("navigator.serviceWorker.controller !== null")
    yield somebody
    somebody.close()


@pytest.fixture
def phone(chromium, companion, mira):
    """Mira's phone."""
    state = mira.context.storage_state()
    somebody = Visitor(chromium, companion, viewport=NARROW, storage_state={"cookies": state["cookies"], "origins": []})
    somebody.expected = LOST
    yield somebody
    somebody.close()


def _made(visitor, title, names=TRACKS):
    """A playlist of the API's making; its id."""
    known = {row["title"]: row for row in visitor.api("GET", "/tracks")["items"]}
    tracks = [{"title": name, "track": known[name]["id"], "seconds": 3} for name in names]
    return visitor.api("POST", "/documents", {"title": title, "tracks": tracks})["id"]


def _open(visitor, playlist):
    visitor.go(f"/playlists/{playlist}")
    visitor.page.get_by_text("In step").wait_for()


def _order(visitor):
    return visitor.page.locator(".playlist .name").all_inner_texts()


def _until(visitor, *names):
    wanted = list(names)
    visitor.until(
        f"JSON.stringify([...document.querySelectorAll('.playlist .name')].map((one) => one.textContent)) === "
        f"JSON.stringify({wanted})"
    )


def _kept(visitor, playlist):
    """What the companion has: order of titles, notes of tracks, notes."""
    found = visitor.api("GET", f"/documents/{playlist}")
    tracks = found["tracks"]
    return [row["title"] for row in tracks], {row["title"]: row["note"] for row in tracks}, found["notes"]


def _menu(page, title, choice):
    page.get_by_role("button", name=f"What can be done with {title}").click()
    page.get_by_role("menuitem", name=choice, exact=True).click()


def _write_note(visitor, title, text):
    _menu(visitor.page, title, "Write a note")
    visitor.until("document.activeElement.matches('.track-note textarea')")
    visitor.page.keyboard.type(text)


def test_a_playlist_is_begun_filled_by_search_heard_noted_upon_and_renamed(mira):
    page = mira.page
    mira.go("/playlists")
    page.get_by_text("No playlists yet").wait_for()
    page.get_by_role("button", name="New playlist").click()
    page.get_by_label("Title of the playlist").fill("Friday, harbour")
    page.get_by_role("button", name="Begin it").click()
    page.get_by_text("Nothing in it yet").wait_for()
    page.get_by_role("button", name="Add tracks").click()
    page.get_by_role("dialog").get_by_role("button", name="Upload music").wait_for()
    search = page.locator("dialog [type=search]")
    for words, title in (("bus", "Night bus"), ("slow", "Slow rooms"), ("conc", "Concrete garden")):
        search.fill(words)
        page.get_by_role("button", name=f"Add {title}").click()
    page.get_by_role("button", name="Done", exact=True).click()
    _until(mira, "Night bus", "Slow rooms", "Concrete garden")
    page.get_by_role("button", name="Play Slow rooms").click()
    mira.until("document.getElementById('audio').currentTime > 0.2")
    page.keyboard.press("k")
    _write_note(mira, "Concrete garden", "Only the break")
    page.get_by_label("Title of the playlist").fill("Saturday, harbour")
    page.get_by_label("Title of the playlist").press("Enter")
    page.get_by_label("Notes", exact=True).fill("No kick before eleven.")
    page.get_by_text("In step").wait_for()
    mira.until(ARRIVED)
    playlist = page.url.rsplit("/", 1)[1]
    titles, notes, written = _kept(mira, playlist)
    assert titles == ["Night bus", "Slow rooms", "Concrete garden"]
    hashes = {row["title"]: row["hash"] for row in mira.api("GET", "/tracks")["items"]}
    put_in = mira.api("GET", f"/documents/{playlist}")["tracks"]
    assert [row["hash"] for row in put_in] == [hashes[title] for title in titles], "a box finds its own file by it"
    assert notes["Concrete garden"] == "Only the break"
    assert written == "No kick before eleven."
    mira.go("/playlists")
    page.get_by_role("link", name="Saturday, harbour").wait_for()
    _menu(page, "Saturday, harbour", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("No playlists yet").wait_for()


def test_rows_are_moved_by_keys_by_menu_and_by_hand_and_a_track_that_was_taken_out_comes_back(mira):
    page = mira.page
    playlist = _made(mira, "Order")
    _open(mira, playlist)
    page.get_by_role("button", name="Move Slow rooms").focus()
    page.keyboard.press("ArrowUp")
    _until(mira, "Night bus", "Harbour lights", "Slow rooms", "Concrete garden")
    page.keyboard.press("Home")
    _until(mira, "Slow rooms", "Night bus", "Harbour lights", "Concrete garden")
    page.get_by_text("Slow rooms is now 1 of 4.").wait_for(state="attached")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move Slow rooms"
    _menu(page, "Night bus", "Move down")
    _until(mira, "Slow rooms", "Harbour lights", "Night bus", "Concrete garden")
    handle = page.get_by_role("button", name="Move Concrete garden").bounding_box()
    x, y = handle["x"] + 8, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 150, steps=5)
    page.mouse.up()
    _until(mira, "Slow rooms", "Concrete garden", "Harbour lights", "Night bus")
    _menu(page, "Concrete garden", "Take out")
    _until(mira, "Slow rooms", "Harbour lights", "Night bus")
    page.get_by_role("button", name="Undo").click()
    _until(mira, "Slow rooms", "Concrete garden", "Harbour lights", "Night bus")
    page.get_by_role("button", name="Move Slow rooms").press("End")
    _until(mira, "Concrete garden", "Harbour lights", "Night bus", "Slow rooms")
    page.keyboard.press("Control+z")
    _until(mira, "Slow rooms", "Concrete garden", "Harbour lights", "Night bus")
    mira.until(ARRIVED)
    assert _kept(mira, playlist)[0] == ["Slow rooms", "Concrete garden", "Harbour lights", "Night bus"]


def test_two_who_edit_at_once_one_of_them_offline_have_the_same_at_the_end_and_after_a_reload(mira, phone):
    playlist = _made(mira, "Both")
    _open(mira, playlist)
    _open(phone, playlist)
    mira.page.get_by_role("list", name="Also here").wait_for()
    phone.until("navigator.serviceWorker.controller !== null")
    _open(phone, playlist)  # once more, so that what it shows offline was read through the service worker
    phone.context.set_offline(True)
    phone.page.get_by_text("Offline").first.wait_for()
    phone.page.get_by_role("button", name="Move Slow rooms").press("Home")
    _write_note(phone, "Harbour lights", "from the train")
    phone.page.get_by_label("Notes", exact=True).fill("Written in a tunnel. ")
    phone.page.get_by_text("your changes are kept here").wait_for()
    phone.page.reload()
    phone.settle()
    _until(phone, "Slow rooms", "Night bus", "Harbour lights", "Concrete garden")
    _menu(mira.page, "Harbour lights", "Move down")
    mira.page.get_by_label("Notes", exact=True).fill("Written at the desk. ")
    _menu(mira.page, "Night bus", "Take out")
    _until(mira, "Concrete garden", "Harbour lights", "Slow rooms")
    phone.context.set_offline(False)
    order = ["Slow rooms", "Concrete garden", "Harbour lights"]
    for visitor in (mira, phone):
        _until(visitor, *order)
        visitor.until(ARRIVED)
    for visitor in (mira, phone):
        _open(visitor, playlist)
        _until(visitor, *order)
        assert visitor.page.get_by_label("Note on Harbour lights").input_value() == "from the train"
    titles, _, notes = _kept(mira, playlist)
    assert titles == order
    assert {visitor.page.get_by_label("Notes", exact=True).input_value() for visitor in (mira, phone)} == {notes}
    assert sorted(notes.split(". ")) == ["", "Written at the desk", "Written in a tunnel"]


def test_what_was_changed_offline_is_sent_later_without_the_playlist_being_opened(mira, phone):
    playlist = _made(mira, "Later")
    _open(phone, playlist)
    phone.until("navigator.serviceWorker.controller !== null")
    _open(phone, playlist)
    phone.context.set_offline(True)
    phone.page.get_by_role("button", name="Move Slow rooms").press("Home")
    phone.page.get_by_text("your changes are kept here").wait_for()
    phone.go("/account")
    phone.context.set_offline(False)
    phone.until(ARRIVED)
    assert _kept(mira, playlist)[0][0] == "Slow rooms"


def test_the_cursor_and_what_is_typed_stay_where_they_are_while_another_writes_before_them(mira, phone):
    playlist = _made(mira, "Text", ())
    for visitor in (mira, phone):
        _open(visitor, playlist)
    desk, other = (visitor.page.get_by_label("Notes", exact=True) for visitor in (mira, phone))
    desk.fill("abc def")
    phone.until("document.querySelector('textarea.notes').value === 'abc def'")
    desk.evaluate("field => { field.focus(); field.setSelectionRange(4, 7); }")  # def
    other.evaluate("field => { field.focus(); field.setSelectionRange(0, 0); }")
    phone.page.keyboard.type("12345 ")
    mira.until("document.querySelector('textarea.notes').value === '12345 abc def'")
    assert desk.evaluate("field => [field.selectionStart, field.selectionEnd]") == [10, 13]
    mira.page.keyboard.type("xyz")
    phone.until("document.querySelector('textarea.notes').value === '12345 abc xyz'")
    assert other.evaluate("field => field.selectionStart") == 6
    phone.page.keyboard.press("Control+z")  # takes back what was written here, and nothing of the other's
    mira.until("document.querySelector('textarea.notes').value === 'abc xyz'")
    phone.page.get_by_text("Mira Sand writes here").wait_for()
    for text in ("abc 😀 xyz", "abc 😃 xyz", "abc 😃😀 xyz", "abc 😀 xyz"):  # they differ in the second half of a pair
        desk.fill(text)
        phone.until(f"document.querySelector('textarea.notes').value === '{text}'")
    mira.until(ARRIVED)
    assert _kept(mira, playlist)[2] == "abc 😀 xyz"


def test_tracks_that_are_selected_in_the_library_go_into_a_playlist(mira):
    playlist = _made(mira, "Bag", TRACKS[:1])
    page = mira.page
    mira.go("/library?sort=title")
    for name in ("Concrete garden", "Slow rooms"):
        page.get_by_label(f"Select {name}").click()
    page.get_by_role("toolbar").get_by_role("button", name="Put into a playlist").click()
    page.get_by_role("dialog").get_by_role("button", name="Bag").click()
    page.get_by_text("2 tracks put into Bag").wait_for()
    assert _kept(mira, playlist)[0] == ["Night bus", "Concrete garden", "Slow rooms"]


def test_who_has_no_music_yet_uploads_it_where_tracks_are_chosen(chromium, companion, mira, tmp_path):
    noor = Visitor(chromium, companion)
    noor.sign_up("Noor", "noor@example.org")
    page = noor.page
    _open(noor, noor.api("POST", "/documents", {"title": "First night"})["id"])
    page.get_by_role("button", name="Add tracks").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload your first track").click()
    chooser.value.set_files(str(write_tune(tmp_path / "Salt.wav", 3)))
    page.get_by_role("button", name="Add Salt").click(timeout=60_000)
    page.get_by_role("button", name="Done", exact=True).click()
    _until(noor, "Salt")
    noor.until(ARRIVED)
    noor.close()


def test_what_a_browser_keeps_of_a_document_does_not_grow_with_every_letter(mira, phone):
    playlist = _made(mira, "Long session")
    _open(phone, playlist)
    phone.until("navigator.serviceWorker.controller !== null")
    _open(phone, playlist)
    phone.context.set_offline(True)
    phone.page.get_by_text("Offline").first.wait_for()
    notes = phone.page.get_by_label("Notes", exact=True)
    notes.focus()
    text = "What should be played, and when. " * 8
    phone.page.keyboard.type(text)
    phone.page.keyboard.press("Backspace")
    count = """indexedDB.databases().then((all) => new Promise((done) => {
      const request = indexedDB.open(all[0].name);
      request.onsuccess = () => {
        const counted = request.result.transaction('updates').objectStore('updates').count();
        counted.onsuccess = () => { request.result.close(); done(counted.result); };
      };
    }))"""
    phone.until(f"{count}.then((n) => n > 0 && n < 200)")
    phone.page.reload()
    phone.settle()
    assert notes.input_value() == text[:-1]
    assert phone.page.evaluate(count) < 200
    phone.context.set_offline(False)
    phone.until(ARRIVED)
    assert _kept(mira, playlist)[2] == text[:-1]


def test_a_playlist_that_was_deleted_meanwhile_says_so(mira, phone):
    playlist = _made(mira, "Short-lived")
    _open(phone, playlist)
    mira.api("DELETE", f"/documents/{playlist}")
    phone.page.locator(".lost").wait_for()


def test_what_a_browser_keeps_of_documents_goes_when_its_user_signs_out(chromium, companion, mira):
    playlist = _made(mira, "Private")
    guest = Visitor(chromium, companion)
    body = {"email": "mira@example.org", "password": PASSWORD}
    assert guest.context.request.post(f"{guest.url}/api/v1/session", data=body).ok
    _open(guest, playlist)
    kept = "indexedDB.databases().then((all) => all.length)"
    guest.until(f"{kept}.then((n) => n === 1)")
    guest.page.keyboard.press("Control+k")
    guest.page.keyboard.type("sign out")
    guest.page.keyboard.press("Enter")
    guest.page.get_by_label("Password").first.wait_for()
    guest.until(f"{kept}.then((n) => n === 0)")
    guest.close()


def test_the_tracklist_of_a_set_is_mended_noted_upon_and_the_same_for_whoever_has_it_open(mira, phone, companion):
    companion.show_code("7K2M9QXP")
    box = mira.api("POST", "/boxes/claims", {"code": "7K2M-9QXP"})["id"]
    made = finished("Boat, sunset", seconds=600.0)
    companion.send(box, "sets", made)
    mira.go(f"/sets/{mira.api('GET', '/sets')['items'][0]['id']}")
    page = mira.page
    page.get_by_text("Night bus").wait_for()
    companion.send(box, "documents", document_of(made))
    page.get_by_text("In step").wait_for()
    phone.go(page.url.removeprefix(mira.url))
    phone.page.get_by_text("In step").wait_for()
    _menu(page, "Night bus", "Correct it")
    page.get_by_label("Title", exact=True).fill("Night bus (dub)")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Add a track").click()
    page.get_by_label("Title", exact=True).fill("Tape loop")
    page.get_by_label("When it began").fill("99:00")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Type a time within the set").wait_for()
    page.get_by_label("When it began").fill("5:00")
    page.get_by_role("button", name="Add", exact=True).click()
    _menu(phone.page, "Harbour lights", "Take out")
    _write_note(phone, "Concrete garden", "people left here")
    phone.page.get_by_label("Notes", exact=True).fill("Too long.")
    wanted = ["Night bus (dub)", "Tape loop", "Concrete garden"]
    shown = "[...document.querySelectorAll('.tracklist .name')].map((one) => one.textContent).join('|')"
    for visitor in (mira, phone):
        visitor.until(f"{shown} === '{'|'.join(wanted)}'")
        visitor.until(ARRIVED)
    assert page.get_by_label("Note on Concrete garden").input_value() == "people left here"
    assert page.get_by_label("Notes", exact=True).input_value() == "Too long."
    page.get_by_label("Title of the set").fill("Boat, dawn")
    page.get_by_label("Title of the set").press("Enter")
    phone.until("document.querySelector('h1').textContent === 'Boat, dawn'")
    assert sorted(row["title"] for row in mira.api("GET", f"/documents/{made.set}")["tracks"]) == sorted(wanted)
