"""What whoever is new here meets in the first hour, in a real browser: doors, a lost companion, a first set."""

import pytest

from tests.companion.browser import PASSWORD, Visitor, chromium, companion
from tests.companion.stage import finished
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion"]


@pytest.fixture(scope="module")
def mira(chromium, companion):
    """Mira, who came first."""
    somebody = Visitor(chromium, companion, service_workers="block")
    page = somebody.page
    somebody.go("/")  # where nobody is signed in; that is no error
    page.get_by_role("heading", name="Welcome to your companion").wait_for()
    page.get_by_label("Name").fill("Mira Sand")
    page.get_by_label("E-mail").fill("mira at example")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_text("That is no e-mail address").wait_for()
    page.get_by_text("Use at least 8 characters; here are 5.").wait_for()
    page.get_by_label("E-mail").fill("mira@example.org")
    page.get_by_text("That is no e-mail address").wait_for(state="detached")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("heading", name="Welcome, Mira").wait_for()
    yield somebody
    somebody.close()


@pytest.fixture(scope="module")
def box(mira, companion):
    """Her box (an id), which was never online."""
    companion.show_code("7K2M9QXP")
    return mira.api("POST", "/boxes/claims", {"code": "7K2M-9QXP"})["id"]


def test_a_box_that_is_hers_since_this_minute_is_said_to_join(mira, box):
    mira.go("/boxes")
    mira.page.get_by_text("Joining…").wait_for()


def test_uploads_that_are_finished_cover_nothing_after_a_while(mira, tmp_path):
    mira.go("/library")
    mira.choose(write_tune(tmp_path / "Night bus.wav", 3))
    mira.page.locator(".tray h2", has_text="Uploads finished").wait_for(timeout=60_000)
    mira.page.locator(".tray").wait_for(state="detached")
    mira.page.get_by_role("link", name="Night bus", exact=True).wait_for()


def test_a_set_that_nobody_named_is_called_by_its_evening_is_on_the_overview_and_can_be_named(mira, box, companion):
    page = mira.page
    companion.send(box, "sets", finished("2026-11-21 23-42-05"))
    mira.go("/")
    page.get_by_role("heading", name="Latest sets").wait_for()
    page.locator(".sets a").click()
    page.locator(".track-name").wait_for()
    title = page.locator("h1").inner_text()
    assert title.endswith((" morning", " afternoon", " evening", " night"))
    page.get_by_role("button", name="Name it").click()
    page.keyboard.type("Boat, sunset")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Name it").wait_for(state="detached")
    assert mira.api("GET", "/sets")["items"][0]["title"] == "Boat, sunset"


def test_a_track_whose_file_is_on_the_box_alone_says_so_and_is_counted(mira, box):
    page = mira.page
    tracks = [{"title": "Harbour lights", "hash": "a" * 64}]
    playlist = mira.api("POST", "/documents", {"title": "Friday", "tracks": tracks})["id"]
    mira.go(f"/playlists/{playlist}")
    page.get_by_text("only on Studio rack").wait_for()
    page.get_by_text("one is not in your library").wait_for()
    assert page.get_by_text("No artist yet").count() == 0


def test_an_amount_is_shown_as_it_is_understood_and_a_wrong_first_row_is_explained(mira):
    page, mira.expected = mira.page, ("422",)
    mira.go("/earnings?new=1")
    page.get_by_label("Amount").fill("450,50")
    page.get_by_text("Read as €450.50").wait_for()
    page.get_by_label("Amount").fill("1.234,5")
    page.get_by_text("Read as €1,234.50").wait_for()
    page.get_by_label("Amount").fill("1,234")
    page.get_by_label("What for").fill("Kiosk")
    page.get_by_role("button", name="Enter", exact=True).click()
    page.get_by_text("That can be read in two ways").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Import a CSV file").click()
    choose = page.locator("dialog input[type=file]").set_input_files
    choose({"name": "a.csv", "mimeType": "text/csv", "buffer": b"date,source,title,amount,currency\n"})
    page.get_by_text("there is no day; unknown is").wait_for()
    row = b'day,kind,what for,amount,currency\n2025-02-01,Streaming,January,"1,234.56",EUR\n'
    choose({"name": "b.csv", "mimeType": "text/csv", "buffer": row})
    page.get_by_text("In all: €1,234.56.").wait_for()
    page.get_by_role("button", name="Cancel").click()


def test_a_companion_that_was_away_is_tried_often_and_at_once_when_somebody_asks(mira):
    page, mira.expected = mira.page, ("ERR_FAILED", "WebSocket", "Failed to fetch")
    mira.go("/playlists")
    tries = []

    def away(route):
        tries.append(route.request.url)
        route.abort()

    page.route("**/api/v1/**", away)
    page.get_by_role("link", name="Projects").first.click()
    page.get_by_text("Offline. You see what was read last").wait_for()
    tried = len(tries)
    page.get_by_role("button", name="Try now").click()
    for _ in range(400):
        if sum("ticket" in one for one in tries[tried:]) >= 4:
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError("who waits longer and longer is long in coming back")
    page.unroute("**/api/v1/**")
    page.get_by_role("button", name="Try now").click()
    page.get_by_text("Offline. You see what was read last").wait_for(state="detached")
