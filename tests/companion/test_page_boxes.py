"""What boxes send, in a real browser: live state, sets, earnings, dead letters, and a box claimed by its address."""

import re
from pathlib import Path

import pytest

from device.contracts.status import Deck, Offline
from tests.companion.browser import Visitor, chromium, companion
from tests.companion.stage import entry, finished, online, report
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion"]


@pytest.fixture(scope="module")
def mira(chromium, companion):
    """Mira, who is the first here and administers it."""
    somebody = Visitor(chromium, companion)
    somebody.sign_up("Mira Sand", "mira@example.org")
    yield somebody
    somebody.close()


@pytest.fixture(scope="module")
def box(mira, companion):
    """Her box (an id), claimed by the address that its QR code has."""
    page = mira.page
    companion.show_code("7K2M9QXP")
    mira.go("/boxes?claim=7K2M-9QXP")
    assert page.get_by_label("Code on the box").input_value() == "7K2M-9QXP"
    page.get_by_role("button", name="Make it mine").click()
    page.get_by_text("The box must show the same six digits").wait_for()
    assert re.fullmatch(r"[0-9]{3} [0-9]{3}", page.locator(".check-digits").inner_text())
    page.get_by_role("button", name="It shows the same").click()
    page.get_by_text("Not heard of yet").wait_for()
    return page.url.rsplit("/", 1)[1]


def test_a_box_that_shows_other_digits_is_let_go_at_once(mira, companion):
    companion.show_code("3F4G5H6J")
    mira.go("/boxes?claim=3F4G5H6J")
    mira.page.get_by_role("button", name="Make it mine").click()
    mira.page.get_by_role("button", name="It does not").click()
    mira.page.get_by_text("is not yours any more").wait_for()
    assert mira.api("GET", "/boxes") == []


def test_a_box_is_shown_live_and_its_last_words_when_it_is_gone(mira, box, companion):
    page = mira.page
    mira.go(f"/boxes/{box}")
    loaded = page.evaluate("performance.timeOrigin")
    companion.send(box, "status", online(waiting=3, title="Friday at the Kiosk"))
    page.get_by_role("heading", name="Plays").wait_for()
    page.get_by_text("Friday at the Kiosk").wait_for()
    page.get_by_text("Behind by").wait_for()
    page.get_by_text("3 messages from it").wait_for()
    assert page.get_by_role("progressbar", name="How far Night bus is").is_visible()
    companion.send(box, "status", online(Deck(2, "Harbour lights", "Noor", True, 0.0, 200.0)))
    page.locator(".decks").get_by_text("Harbour lights").wait_for()
    page.locator(".decks").get_by_text("Night bus").wait_for(state="detached")
    page.get_by_role("link", name="Health").click()
    companion.send(box, "health", *[report(load) for load in (20, 60, 30)])
    page.get_by_text("At most 60 %").wait_for()
    page.get_by_role("link", name="Now").click()
    companion.send(box, "status", Offline("lost", "On mains again soon."))
    page.get_by_role("heading", name="Away").wait_for()
    page.get_by_text("On mains again soon.").wait_for()
    assert page.evaluate("performance.timeOrigin") == loaded


def test_a_set_appears_is_found_heard_from_a_track_on_and_written_about(mira, box, companion, tmp_path):
    page = mira.page
    mira.go("/library")
    mira.upload(write_tune(tmp_path / "Night bus.wav"))
    track = mira.api("GET", "/tracks")["items"][0]["id"]
    mira.go("/sets")
    page.get_by_text("Sets that your boxes play appear here").wait_for()
    companion.send(box, "sets", finished("Boat, sunset", track), finished("Attic rehearsal"))
    page.get_by_role("link", name="Boat, sunset").wait_for()
    page.get_by_label("Search sets").fill("sunset garden")
    page.get_by_role("link", name="Attic rehearsal").wait_for(state="detached")
    page.get_by_role("link", name="Boat, sunset").click()
    page.get_by_text("The recording is on its way").wait_for()
    companion.attach(page.url.rsplit("/", 1)[1], track)
    page.get_by_role("button", name="Play from 0:04, Night bus").click()
    mira.until("document.getElementById('audio').currentTime > 4.05")
    page.keyboard.press("k")
    assert page.locator(".tracklist [aria-current]").inner_text().split("\n")[1] == "Night bus"
    links = page.locator("aside a[download]")
    assert [one.rsplit("/", 1)[1] for one in links.evaluate_all("all => all.map((one) => one.href)")] == [
        "recording?download=true",
        "cue",
    ]
    notes = page.get_by_label("Notes")
    notes.fill("Play the harbour later.")
    notes.blur()
    mira.until("true")
    page.reload()
    mira.settle()
    assert page.get_by_label("Notes").input_value() == "Play the harbour later."


def _enter(page, title, amount, currency):
    page.get_by_label("What for").fill(title)
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Currency").last.fill(currency)
    page.get_by_role("button", name="Enter", exact=True).click()


def test_earnings_are_entered_exactly_corrected_by_reversal_and_never_added_across_currencies(mira):
    page = mira.page
    mira.go("/earnings")
    page.get_by_role("button", name="Enter earnings").click()
    _enter(page, "Kiosk, Bremen", "1,250", "EUR")
    page.get_by_text("Write it like 1250.00").wait_for()
    page.get_by_label("Amount").fill("1250.5")
    page.get_by_role("button", name="Enter", exact=True).click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.locator(".sums").get_by_text("€1,250.50").first.wait_for()
    mira.api("POST", "/earnings/entries", entry("USD", 271, "Store"))  # another page, or a program
    page.get_by_role("button", name="USD").click()
    page.locator(".sums").get_by_text("US$0.000271").first.wait_for()
    page.locator(".entries").get_by_text("Kiosk").wait_for(state="detached")
    page.get_by_role("button", name="EUR").click()
    page.get_by_role("button", name="What can be done with Kiosk, Bremen").click()
    page.get_by_role("menuitem", name="Take it back").click()
    page.get_by_label("Why").fill("Half of it was the sound engineer’s")
    page.get_by_role("button", name="Take back, enter anew").click()
    page.get_by_role("heading", name="Enter it anew").wait_for()
    assert page.get_by_label("Amount").input_value() == "1250.50"
    page.get_by_label("Amount").fill("625.25")
    page.get_by_role("button", name="Enter", exact=True).click()
    page.locator(".sums").get_by_text("€625.25").first.wait_for()
    assert sorted(row["amount"] for row in mira.api("GET", "/earnings/entries?currency=EUR")["items"]) == [
        -1_250_500_000, 625_250_000, 1_250_500_000,
    ]  # fmt: skip


def test_a_file_is_looked_at_before_it_is_taken_and_its_wrong_rows_are_named(mira):
    page = mira.page
    mira.expected = ("422",)
    mira.go("/earnings")
    head = "day,source,title,amount,currency\n2025-02-01,store,January,41.37,CHF\n"
    page.get_by_role("button", name="Import a CSV file").click()
    choose = page.locator("dialog input[type=file]").set_input_files
    choose({"name": "a.csv", "mimeType": "text/csv", "buffer": f"{head}2025-02-01,theft,B,1,CHF\n".encode()})
    page.get_by_text("Line 3").wait_for()
    assert page.get_by_role("button", name="Enter it").count() == 0
    choose({"name": "b.csv", "mimeType": "text/csv", "buffer": head.encode()})
    page.get_by_role("button", name="Enter it").click()
    page.get_by_text("One entry is entered").wait_for()
    page.get_by_role("button", name="Import a CSV file").click()
    choose({"name": "b.csv", "mimeType": "text/csv", "buffer": head.encode()})
    page.get_by_text("One was there already").wait_for()
    mira.go("/earnings?currency=CHF")
    page.get_by_label("Year").select_option("2025")
    page.get_by_text("the best month is February with CHF").wait_for()


def test_a_box_that_is_let_go_is_gone_on_every_page_and_nobody_asks_for_it_any_more(mira, companion):
    companion.show_code("8N7P6Q5R")
    box = mira.api("POST", "/boxes/claims", {"code": "8N7P-6Q5R"})["id"]
    mira.api("PATCH", f"/boxes/{box}", {"name": "Van"})
    mira.go(f"/boxes/{box}/music")
    other = mira.context.new_page()
    other.on("console", lambda message: message.type == "error" and mira.faults.append(message.text))
    other.goto(f"{mira.url}/boxes/{box}")
    other.get_by_text("Not heard of yet").wait_for()
    page = mira.page
    page.get_by_role("button", name="What can be done with Van").click()
    page.get_by_role("menuitem", name="Let go of it").click()
    page.get_by_role("dialog").get_by_role("button", name="Let go of it").click()
    page.wait_for_url("**/boxes")
    other.get_by_role("heading", name="There is no such page").wait_for()
    mira.settle()
    assert page.get_by_role("link", name="Van").count() == 0
    other.close()
    assert mira.faults == []


def test_giving_a_box_away_says_what_goes_and_what_stays_and_can_be_taken_back(mira, box):
    page = mira.page
    mira.go(f"/boxes/{box}")
    page.get_by_role("button", name="What can be done with Studio rack").click()
    page.get_by_role("menuitem", name="Give away").click()
    for text in ("with the recordings and tracks", "every recording that has arrived", "seven days"):
        page.get_by_role("dialog").get_by_text(text).wait_for()
    page.get_by_label("E-mail of who gets it").fill("noor@example.org")
    page.get_by_role("button", name="Offer it").click()
    page.get_by_text("It stays yours until they accept").wait_for()
    page.get_by_role("button", name="Take the offer back").click()
    page.get_by_text("Offered to").wait_for(state="detached")


def test_who_administers_reads_a_crash_and_saves_the_report(mira, box, companion):
    page = mira.page
    companion.crash(box)
    mira.go("/admin/faults")
    page.get_by_text("Mira Sand").first.wait_for()
    page.get_by_role("button", name="engine").click()
    page.get_by_role("dialog").get_by_text("rt_mix").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the report").click()
    assert "rt_mix" in Path(download.value.path()).read_text()
    page.get_by_role("button", name="Close").click()
    page.get_by_text("No logs were fetched yet").wait_for()


def test_a_dead_letter_is_mended_and_has_its_effect_once(mira, box, companion):
    page = mira.page
    companion.lose(box)
    mira.go("/admin/letters")
    page.get_by_role("button", name="track.dropped").click()
    text = page.get_by_role("textbox", name="Message")
    text.fill(text.input_value().replace("track.dropped", "track.played"))
    page.get_by_role("button", name="Mend it, and let it take effect").click()
    page.get_by_text("It had its effect").wait_for()
    assert [one["title"] for one in mira.api("GET", f"/plays?box={box}")["items"]] == ["Lost"]
