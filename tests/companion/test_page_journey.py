"""The page in a real browser, from signing up to listening, reading without a network, and by keys alone."""

import re
import wave

import numpy as np
import pytest

from tests.companion.browser import PASSWORD, Visitor, chromium, companion, visitor

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion", "visitor"]
RATE = 44100


def write_tune(path, seconds=12, seed=1):
    """A WAV that has a beat, so that its waveform, loudness and spectrum show something. Returns the path."""
    time = np.arange(seconds * RATE) / RATE
    beat = np.sin(2 * np.pi * 55 * time) * np.exp(-8 * (time % 0.5))
    noise = np.random.default_rng(seed).standard_normal(len(time)) * np.exp(-30 * ((time + 0.25) % 0.5)) * 0.2
    mono = np.tanh(beat + noise) * 0.7 * np.clip(time / 2, 0, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.stack([mono, mono], 1) * 32767).astype("<i2").tobytes())
    return path


def test_from_signing_up_to_a_played_and_renamed_track_that_is_read_offline(visitor, tmp_path):
    page = visitor.page
    page.goto(f"{visitor.url}/sign-up")
    page.get_by_label("Name").fill("Mira Sand")
    page.get_by_label("E-mail").fill("mira@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("heading", name="Welcome, Mira").wait_for()

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload your first track").click()
    chooser.value.set_files(str(write_tune(tmp_path / "Night bus.wav")))
    page.get_by_text("In your library").wait_for(timeout=60_000)
    page.locator(".tray").get_by_role("link", name="Night bus.wav").click()

    visitor.settle()
    assert page.get_by_label("Title").input_value() == "Night bus"
    assert re.search(r"−\d+\.\d LUFS", page.locator(".numbers").inner_text())
    assert page.locator("figcaption").count() == 2
    visitor.until("document.querySelector('.big-wave canvas')?.className.includes('waiting') === false")
    painted = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert page.locator(".big-wave canvas").evaluate(painted)

    page.locator("header.top").get_by_role("button", name="Play").click()
    visitor.until("document.getElementById('audio').currentTime > 0.4")
    page.keyboard.press("k")
    visitor.until("document.getElementById('audio').paused")

    title = page.get_by_label("Title")
    title.fill("Night bus, last stop")
    title.press("Enter")
    page.locator(".player").get_by_text("Night bus").wait_for()
    assert visitor.api("GET", "/tracks?q=stop")["items"][0]["title"] == "Night bus, last stop"

    visitor.until("navigator.serviceWorker.controller !== null")
    visitor.go("/library")
    page.get_by_role("link", name="Night bus, last stop").first.click()
    visitor.settle()
    visitor.expected = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    visitor.context.set_offline(True)
    page.reload()
    visitor.settle()
    assert page.get_by_label("Title").input_value() == "Night bus, last stop"
    page.get_by_text("You see what was read last").wait_for()
    page.get_by_label("Genre").fill("Dub")
    page.get_by_label("Genre").press("Enter")
    page.get_by_text("Changed here, not sent yet").wait_for()
    visitor.context.set_offline(False)
    page.get_by_text("Changed here, not sent yet").wait_for(state="detached", timeout=20_000)
    assert visitor.api("GET", "/tracks?q=stop")["items"][0]["genre"] == "Dub"


def test_an_upload_goes_on_where_the_line_was_lost(visitor, tmp_path):
    visitor.sign_up("Noor", "noor@example.org")
    visitor.expected = ("ERR_FAILED",)
    page, asked = visitor.page, []
    path = write_tune(tmp_path / "Long way.wav", seconds=110)  # two and a half pieces

    def line(route):
        offset = int(route.request.headers["upload-offset"])
        asked.append(offset)
        if offset and asked.count(offset) == 1:
            route.abort("failed")  # the second piece is lost once
        else:
            route.continue_()

    page.route(
        re.compile(r"/api/v1/uploads/\w+$"),
        lambda route: line(route) if route.request.method == "PATCH" else route.continue_(),
    )
    visitor.go("/library")
    visitor.upload(path)
    assert asked[0] == 0
    assert asked[1] == asked[2] > 0
    page.get_by_role("link", name="Long way").wait_for()


def test_a_file_that_is_no_music_is_refused_with_a_reason(visitor, tmp_path):
    visitor.sign_up("Ada", "ada@example.org")
    visitor.expected = ("415",)
    (tmp_path / "song.wav").write_bytes(b"MZ" + bytes(2000))
    visitor.go("/library")
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.keyboard.press("u")
    chooser.value.set_files(str(tmp_path / "song.wav"))
    visitor.page.locator(".tray").get_by_text("This is a program").wait_for()


def test_everything_can_be_done_by_keys(visitor, tmp_path):
    page, keys = visitor.page, visitor.page.keyboard
    visitor.sign_up("Kai", "kai@example.org")
    visitor.go("/")
    visitor.upload(write_tune(tmp_path / "First.wav", 6), write_tune(tmp_path / "Second.wav", 8, seed=2))
    keys.press("Control+k")
    keys.type("sign out")
    keys.press("Enter")
    page.get_by_role("heading", name="Good to see you").wait_for()
    keys.type("kai@example.org")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.locator(".rail").wait_for()

    keys.press("g")
    keys.press("l")
    page.get_by_role("grid", name="Library").wait_for()
    page.locator("[role=row][tabindex='0']").focus()
    keys.press("ArrowDown")
    visitor.until("document.activeElement.dataset.at === '1'")
    keys.press("Space")
    visitor.until("!document.getElementById('audio').paused")
    keys.press("x")
    page.get_by_text("1 selected").wait_for()
    keys.press("Escape")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/library/\w+"))
    visitor.settle()

    visitor.until("document.getElementById('audio').currentTime > 0.2")
    keys.press("m")
    page.get_by_label("Name of the marker").wait_for()
    keys.press("i")
    keys.press("Shift+ArrowRight")
    page.get_by_text("Loop 0:").wait_for()
    keys.press("Shift+L")
    keys.press("+")
    page.get_by_role("button", name="Show all").wait_for()

    keys.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    keys.press("Escape")
    keys.press("Control+k")
    keys.type("first")
    page.get_by_role("option", name="First").wait_for()
    keys.press("Enter")
    visitor.until("document.querySelector('.title')?.value === 'First'")

    keys.press("g")
    keys.press("l")  # alone, it would play faster
    page.get_by_role("grid", name="Library").wait_for()
    keys.press("Control+k")
    keys.type("new project")
    page.get_by_role("option", name="New project").wait_for()
    keys.press("Enter")
    page.get_by_role("dialog", name="New project").wait_for()
    keys.type("By hand")
    keys.press("Enter")
    page.get_by_role("heading", name="By hand").wait_for()
    focus_is_seen = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
    for _ in range(5):
        keys.press("Tab")
        assert page.evaluate(focus_is_seen)


def test_what_one_page_does_shows_in_another_at_once(chromium, companion, visitor):
    visitor.sign_up("Lu", "lu@example.org")
    visitor.go("/projects")
    other = Visitor(chromium, companion, storage_state=visitor.context.storage_state())
    other.go("/projects")
    other.page.wait_for_timeout(500)  # until its line of events is open
    other.api("POST", "/projects", {"title": "Seen twice"})
    visitor.page.get_by_role("link", name="Seen twice").wait_for(timeout=10_000)
    other.close()
