"""A track's page in a real browser: tags, markers, versions; and uploads that the companion puts off."""

import json
import re

import pytest

from companion.catalogue.models import Recording
from companion.uploads.models import StoredFile
from tests.companion.browser import chromium, companion, visitor
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion", "visitor"]


def _on_track(visitor, folder, name, seconds=12, seed=1):
    """A new account's only track, shown. Returns its id."""
    visitor.sign_up(name, f"{name.lower()}@example.org")
    visitor.go("/library")
    visitor.upload(write_tune(folder / "Night bus.wav", seconds, seed=seed))
    visitor.page.get_by_role("link", name="Night bus").first.click()
    visitor.page.wait_for_url(re.compile(r"/library/\w+"))
    visitor.settle()
    return visitor.page.url.rsplit("/", 1)[1]


def _write(page, label, text):
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Enter")
    return field


def test_a_tag_that_is_none_is_refused_in_a_sentence_and_the_good_one_stays(visitor, tmp_path):
    track = _on_track(visitor, tmp_path, "Tia")
    page = visitor.page
    good = {"Tempo": "120,5", "Year": "2024", "Key": "f# minor", "Number": "7/12"}
    for label, text in good.items():
        _write(page, label, text)
    visitor.until("document.querySelector('[aria-label=Number]').value === '7/12'")
    for label, text, why in (
        ("Tempo", "fast", "is no tempo"),
        ("Year", "last year"[:4], "is no year"),
        ("Key", "H sharp", "is no key"),
        ("Number", "seventh", "is no track number"),
    ):
        field = _write(page, label, text)
        page.get_by_text(why).wait_for()
        visitor.until(f"document.querySelector('[aria-label={label}]').value !== {text!r}")
        assert field.input_value()
    held = visitor.api("GET", f"/tracks/{track}")
    assert (held["tempo"], held["year"], held["key"], held["number"]) == (120.5, 2024, "F#m", "7/12")


def test_with_a_loop_both_a_plain_marker_and_the_loop_can_be_kept_and_the_loop_once_only(visitor, tmp_path):
    track = _on_track(visitor, tmp_path, "Lia", seed=2)
    page = visitor.page
    page.locator("header.top").get_by_role("button", name="Play").click()
    visitor.until("document.getElementById('audio').currentTime > 0.3")
    page.keyboard.press("k")
    page.keyboard.press("i")
    page.get_by_role("button", name="Keep this loop").click()
    page.get_by_label("Name of the marker").wait_for()
    assert page.get_by_role("button", name="This loop is kept").is_disabled()
    page.get_by_role("button", name="Add marker").click()
    visitor.until("document.querySelectorAll('.markers li').length === 2")
    visitor.until(f"fetch('/api/v1/tracks/{track}').then((r) => r.json()).then((r) => r.markers.length === 2)")
    ends = [marker["end"] for marker in visitor.api("GET", f"/tracks/{track}")["markers"]]
    assert sum(end is None for end in ends) == 1


def test_a_track_that_was_cut_short_says_so_and_asks_for_the_whole(visitor, companion, tmp_path):
    visitor.sign_up("Ida", "ida@example.org")
    visitor.go("/library")
    visitor.upload(write_tune(tmp_path / "Night bus.wav"))
    track = visitor.api("GET", "/tracks")["items"][0]["id"]
    with companion.database():
        file = StoredFile.get_by_id(Recording.get(Recording.track == track).file_id)
        facts = json.dumps(json.loads(file.facts) | {"cut_short": 301.4})
        StoredFile.update(facts=facts).where(StoredFile.id == file.id).execute()
    visitor.go(f"/library/{track}")
    note = visitor.page.locator(".note")
    note.get_by_text("0:12 of 5:01 are in it").wait_for()
    assert note.get_by_role("button", name="Upload a new version").is_visible()
    visitor.page.get_by_role("button", name="What can be done with").first.click()  # nothing here finds tempo and key
    assert visitor.page.get_by_role("menuitem", name="Find tempo and key").count() == 0
    assert visitor.page.get_by_role("menuitem", name="Download the file").is_visible()


def test_a_new_version_is_told_of_drawn_whole_played_in_the_bar_and_can_be_put_back(visitor, tmp_path):
    track = _on_track(visitor, tmp_path, "Vera", seconds=6, seed=3)
    page = visitor.page
    first = visitor.api("GET", f"/tracks/{track}")["recording"]
    page.locator("header.top").get_by_role("button", name="Play").click()
    visitor.until("document.getElementById('audio').currentTime > 0.2")
    page.keyboard.press("k")
    longer = write_tune(tmp_path / "Night bus 2.wav", 20, seed=4)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Version", exact=True).click()
    chooser.value.set_files(str(longer))
    page.get_by_text("Number 2 is what is played now").wait_for(timeout=60_000)
    page.get_by_text("Added to the track as a version").wait_for()
    second = visitor.api("GET", f"/tracks/{track}")["recording"]
    visitor.until(f"document.getElementById('audio').src.includes('{second}')")
    visitor.until("document.querySelector('.big-wave').getAttribute('aria-valuemax') === '20'")
    page.get_by_role("button", name="Show all").wait_for(state="detached")
    page.get_by_role("button", name="Play number 1 still").click()
    visitor.until(f"document.getElementById('audio').src.includes('{first}')")
    assert visitor.api("GET", f"/tracks/{track}")["recording"] == first


def test_uploads_that_are_put_off_wait_together_say_until_when_and_then_go_on(visitor, tmp_path):
    visitor.sign_up("Rae", "rae@example.org")
    visitor.expected = ("429",)
    page, asked = visitor.page, []

    def limit(route):
        if route.request.method != "POST":
            return route.continue_()
        asked.append(route.request.headers["upload-metadata"])
        if len(asked) > 2:
            return route.continue_()
        return route.fulfill(status=429, headers={"Retry-After": "4"}, json={"type": "/problems/too-many-requests"})

    page.route(re.compile(r"/api/v1/uploads$"), limit)
    visitor.go("/library")
    visitor.choose(*(write_tune(tmp_path / f"{n}.wav", 3, seed=n) for n in range(4)))
    page.locator(".tray").get_by_text(re.compile(r"goes on at \d\d:\d\d")).nth(3).wait_for()
    assert len(asked) == 2  # the others were not tried in vain
    page.locator(".tray h2", has_text="Uploads finished").wait_for(timeout=60_000)
    assert len(asked) == 6
