"""A box from afar, in a real browser: its panel, commands, settings, and what is sent to it."""

import re

import pytest

from device.contracts.commands import Answered
from device.contracts.configuration import Applied, Refusal
from device.contracts.files import Received
from device.contracts.lists import Ready
from device.contracts.live import Values
from device.contracts.status import Deck
from tests.companion.browser import Visitor, chromium, companion
from tests.companion.stage import online
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion"]


@pytest.fixture(scope="module")
def mira(chromium, companion):
    somebody = Visitor(chromium, companion)
    somebody.sign_up("Mira Sand", "mira@example.org")
    yield somebody
    somebody.close()


@pytest.fixture(scope="module")
def box(mira, companion):
    """Mira's box (an id), which is there and plays."""
    companion.show_code("7K2M9QXP")
    found = mira.api("POST", "/boxes/claims", {"code": "7K2M-9QXP"})["id"]
    companion.send(found, "status", online(Deck(1, "Night bus", "Noor", True, 10.0, 300.0)))
    return found


def _last(mira, box):
    return mira.api("GET", f"/boxes/{box}/commands?limit=1")["items"][0]


def test_a_grave_command_is_asked_about_given_and_its_refusal_said_in_the_boxs_words(mira, box, companion):
    page = mira.page
    mira.go(f"/boxes/{box}")
    page.get_by_role("button", name="Start the sound again").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert mira.api("GET", f"/boxes/{box}/commands")["items"] == []
    page.get_by_role("button", name="Start the sound again").click()
    page.get_by_role("dialog").get_by_role("button", name="Start the sound again").click()
    given = page.locator(".given li").first
    given.get_by_text("Waiting").wait_for()
    assert re.search(r"until \d\d:\d\d", given.inner_text())
    companion.send(box, "answers", Answered(_last(mira, box)["id"], "refused", "a deck plays; stop it, or insist"))
    page.locator(".toast").get_by_text("Refused: A deck plays; stop it, or insist").wait_for()
    given.get_by_text("Refused").wait_for()
    page.get_by_role("button", name="Pause deck 1 on the box").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    given.get_by_text("pause").wait_for()
    asked = _last(mira, box)
    assert (asked["do"], asked["arguments"]) == ("deck1.play", {"value": 0})
    companion.send(box, "answers", Answered(asked["id"], "done"))
    given.get_by_text("Done").wait_for()


def test_any_command_can_be_chosen_with_what_it_takes_by_the_keyboard_alone(mira, box):
    page = mira.page
    mira.go(f"/boxes/{box}")
    page.get_by_role("button", name="More controls").focus()
    page.keyboard.press("Enter")
    page.get_by_label("What to do").select_option("deck2.tempo")
    page.get_by_label("Value").press_sequentially("-2.5")
    page.get_by_label("Give up after").select_option("3600")
    page.get_by_label("Value").press("Enter")
    page.get_by_role("dialog").wait_for(state="detached", timeout=15_000)
    asked = _last(mira, box)
    assert (asked["do"], asked["arguments"], asked["until"] - asked["given"]) == (
        "deck2.tempo", {"value": -2.5}, 3_600_000,
    )  # fmt: skip
    page.locator(".given").get_by_text("−2.5 %").wait_for()


def test_settings_are_saved_a_refusal_stands_at_its_setting_and_nobodys_change_is_lost(mira, box, companion):
    page = mira.page
    mira.expected = ("412",)
    mira.go(f"/boxes/{box}/settings")
    page.get_by_text("Nothing is decided here yet").wait_for()
    page.get_by_label("Period of the sound server").select_option("32")
    page.get_by_label("Recording format").select_option("flac")
    page.get_by_text("2 changes").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("takes it over as soon as it hears of it").wait_for()
    held = mira.api("GET", f"/boxes/{box}/configuration")
    assert held["settings"] == {"audio.period": "32", "record.format": "flac"}
    companion.send(
        box, "answers", Applied(held["revision"], (Refusal("audio.period", "this card takes 64 frames at least"),))
    )
    page.get_by_text("The box refused it: this card takes 64 frames at least").wait_for()
    assert page.get_by_label("Period of the sound server").get_attribute("aria-invalid") == "true"
    page.get_by_label("Equaliser").select_option("shelf")
    mira.api("PUT", f"/boxes/{box}/configuration", {"settings": {"record.format": "wav"}})  # another page
    page.get_by_role("alert").get_by_text("were changed meanwhile").wait_for()
    assert page.get_by_role("button", name="Save").is_disabled()
    assert page.get_by_label("Recording format").input_value() == "wav"
    page.get_by_role("button", name="Keep mine on top").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("One change").wait_for(state="detached")
    wanted = mira.api("GET", f"/boxes/{box}/configuration")["settings"]
    assert wanted == {"record.format": "wav", "mixer.eq_mode": "shelf"}


def test_the_panel_is_shown_as_it_changes_while_somebody_looks(mira, box, companion):
    page = mira.page
    mira.go(f"/boxes/{box}")
    deck = page.locator(".decks li").first
    names = {"serial": 3, "title": "Harbour lights", "play": 1, "duration": 200.0, "bpm": 121.5}
    whole = {f"deck1.{name}": value for name, value in names.items()} | {"engine.running": True}
    for second in range(60):  # until the page is known to look
        companion.send(box, "live", Values(whole | {"deck1.position": 60.0 + second}, True))
        if deck.get_by_text("Harbour lights").count():
            break
        page.wait_for_timeout(250)
    companion.send(box, "live", Values({"deck1.position": 125.0}))
    deck.get_by_text("2:05 of 3:20").last.wait_for()
    deck.get_by_text("121.5 BPM").wait_for()
    mira.go("/boxes")
    companion.send(box, "live", Values({"deck1.title": "Nobody looks"}))
    assert page.get_by_text("Nobody looks").count() == 0


def test_no_such_page_says_so_wherever_the_address_goes_wrong(mira, box):
    mira.expected = ("404",)
    for path in ("/boxes/nobodys", f"/boxes/{box}/nothing", "/account/nothing", "/admin/nothing", "/nothing"):
        mira.go(path)
        mira.page.get_by_role("heading", name="There is no such page").wait_for()
        assert mira.page.get_by_role("link", name="To the overview").is_visible()


def test_tracks_and_playlists_are_sent_to_a_box_and_how_far_they_are_is_shown(mira, box, companion, tmp_path):
    page = mira.page
    mira.go("/library")
    mira.upload(write_tune(tmp_path / "Night bus.wav"), write_tune(tmp_path / "Harbour lights.wav", seed=2))
    rows = {one["title"]: one["id"] for one in mira.api("GET", "/tracks")["items"]}
    page.get_by_role("checkbox", name="Select all").check()
    page.get_by_role("button", name="Send to a box").click()
    page.get_by_role("dialog").get_by_role("button", name="Studio rack").click()
    page.locator(".toast").get_by_role("button", name="Look").click()
    page.get_by_text("No list is held ready on it").wait_for()
    files = page.locator("section", has_text="Both ways").locator("li")
    files.get_by_text("Waits its turn").nth(1).wait_for()
    held = {one["name"]: one["hash"] for one in mira.api("GET", f"/boxes/{box}/files")["items"]}
    night, lights = (next(digest for name, digest in held.items() if title in name) for title in rows)
    companion.send(box, "files", Received(night, "there"), Received(lights, "disk full", "the disk is full"))
    files.get_by_text("On the box").wait_for()
    files.get_by_text("Disk full").wait_for()
    tracks = [{"title": title, "track": track} for title, track in rows.items()]
    made = mira.api("POST", "/documents", {"title": "Warm-up", "tracks": tracks})["id"]
    mira.go(f"/playlists/{made}")
    page.get_by_role("button", name="What can be done with").first.click()
    page.get_by_role("menuitem", name="Send to a box").click()
    page.get_by_role("dialog").get_by_role("button", name="Studio rack").click()
    page.locator(".toast").get_by_role("button", name="Look").click()
    warm = page.locator(".held li", has_text="Warm-up")
    warm.get_by_text("of 2 files are there").wait_for()
    mira.until(f"fetch('/api/v1/boxes/{box}/lists').then((r) => r.json()).then((r) => r.items[0].state === 'sent')")
    companion.send(box, "documents", Ready(made, 1, 1))
    companion.send(box, "files", Received(lights, "disk full", "the disk is full"))
    warm.get_by_text("1 of 2 files are there").wait_for()
    companion.send(box, "documents", Ready(made, 2, 0))
    companion.send(box, "files", Received(lights, "there"), Received(night, "there"))
    warm.get_by_text("Ready").wait_for()
    warm.get_by_role("button", name="What can be done with").click()
    page.get_by_role("menuitem", name="Hold it no longer").click()
    page.get_by_role("dialog").get_by_role("button", name="Hold it no longer").click()
    page.get_by_text("No list is held ready on it").wait_for()


def test_who_administers_reads_where_mail_lies_that_is_not_sent(mira, companion):
    mira.go("/admin")
    mira.page.get_by_text(str(companion.folder / "outbox")).wait_for()
    mira.go("/admin/users?sort=name")
    assert mira.page.get_by_label("Sort by").input_value() == "name"
