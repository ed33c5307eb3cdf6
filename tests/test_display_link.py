"""Screen and engine: absent, hung, restarted, refusing; the screen draws on."""

import ast
from pathlib import Path

import pygame
import pytest

import display
from device.panel.client import PANEL_FILE
from display.engine_card import EngineCard
from display.sender import MOST_WAITING, STALE_SECONDS, Sender
from tests.fake_engine import FakeEngine
from tests.fake_screen import open_screen


def shows_card(screen) -> bool:
    return any(isinstance(widget, EngineCard) for widget in screen.app.page.widgets)


@pytest.mark.parametrize("page", ["deck", "mixer", "browser", "settings", "help"])
@pytest.mark.parametrize("size", [(1280, 720), (800, 480)])
def test_without_an_engine_every_page_says_so_and_nothing_is_sent(tmp_path, page, size):
    with open_screen(tmp_path, engine=False, page=page, size=size) as screen:
        assert shows_card(screen)
        for x in range(30, size[0], 90):
            for y in range(60, size[1], 60):
                for kind in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
                    screen.mouse(kind, (x, y))
            screen.frame(0.02)
        assert not screen.app.desk.alive


def test_the_screen_comes_by_itself_when_an_engine_starts(tmp_path):
    with open_screen(tmp_path, engine=False) as screen:
        assert shows_card(screen)
        screen.engine = FakeEngine(tmp_path / "panel")
        screen.frame(1.0)
        screen.frame()
        assert not shows_card(screen)
        screen.tap("deck1.play")
        assert screen.asked() == [("deck1.play", 1.0)]


def test_an_engine_that_stops_is_noticed_and_one_that_restarts_is_taken_up_again(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.engine.load(1, seconds=30.0, title="Before")
        screen.frame()
        screen.engine.stop()
        screen.engine = None
        screen.frame(1.0)
        assert not shows_card(screen)  # a short pause is no stop
        screen.frame(3.0)
        screen.frame(0.1)
        assert shows_card(screen)
        epoch = screen.app.link.epoch
        screen.engine = FakeEngine(tmp_path / "panel")
        screen.engine.load(1, seconds=30.0, title="After")
        screen.frame(1.0)
        screen.frame(0.1)
        assert not shows_card(screen)
        assert screen.app.link.epoch > epoch
        assert screen.widget("deck1.title").look()[1] == "After"
        screen.tap("deck1.play")
        assert screen.asked() == [("deck1.play", 1.0)]


def test_a_panel_that_was_removed_and_made_anew_is_found(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.engine.stop()
        (tmp_path / "panel" / PANEL_FILE).unlink()
        screen.engine = FakeEngine(tmp_path / "panel")
        screen.frame(4.0, beat=False)
        screen.frame(1.0)
        screen.frame(0.1)
        assert screen.app.desk.alive
        screen.app.desk.set("mixer.crossfader", 0.5)
        assert screen.engine.read("mixer.crossfader") == 0.5


def test_a_panel_of_another_version_is_named_as_the_reason(tmp_path):
    (tmp_path / "panel").mkdir()
    (tmp_path / "panel" / PANEL_FILE).write_bytes(b"RDPANEL1" + bytes(4000))
    with open_screen(tmp_path, engine=False) as screen:
        assert "version" in screen.app.link.reason
        assert shows_card(screen)


def test_a_refusal_comes_up_as_a_message_and_goes_by_itself(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.engine.refuse["deck1.play"] = "deck 1 is empty; load a track first"
        screen.tap("deck1.play")
        screen.until(lambda: screen.app.desk.toasts.sentences)
        assert screen.app.desk.toasts.sentences == ("Deck 1 is empty; load a track first",)
        screen.frame(6.0)
        assert screen.app.desk.toasts.sentences == ()


def test_a_message_goes_at_a_touch_and_the_touch_does_nothing_else(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.app.desk.say("something went wrong")
        screen.frame()
        screen.mouse(pygame.MOUSEBUTTONDOWN, screen.app.desk.toasts.area.center)
        screen.mouse(pygame.MOUSEBUTTONUP, screen.app.desk.toasts.area.center)
        screen.frame()
        assert screen.app.desk.toasts.sentences == ()
        assert screen.app.page.plan.page == "deck"


def test_why_a_track_did_not_load_is_said_once(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.engine.text("deck2.message", "this file is damaged")
        screen.frame()
        assert screen.app.desk.toasts.sentences == ("Deck 2: this file is damaged",)
        screen.frame(6.0)
        screen.frame()
        assert screen.app.desk.toasts.sentences == ()


def test_what_the_engine_needs_is_said_and_old_failures_are_not_repeated(tmp_path):
    (tmp_path / "panel").mkdir()
    engine = FakeEngine(tmp_path / "panel")
    engine.text("engine.message", "waiting for the sound server")
    engine.text("deck1.message", "a failure of an hour ago")
    with open_screen(tmp_path, engine=False) as screen:
        screen.engine = engine
        screen.frame()
        screen.frame()
        assert screen.app.desk.toasts.sentences == ("Waiting for the sound server",)
        engine.text("record.message", "the disk is full")
        screen.frame(6.0)
        assert screen.app.desk.toasts.sentences == ("Recording: the disk is full",)
        screen.frame(6.0)
        screen.tap("bar.settings")
        screen.tap("bar.deck")
        assert screen.app.desk.toasts.sentences == ()


def test_while_the_socket_hangs_the_screen_draws_on_and_values_still_move(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.engine.load(1, seconds=30.0)
        screen.engine.hang.set()
        screen.tap("deck1.play")
        for number in range(2 * MOST_WAITING):
            screen.app.desk.do("deck1.beatjump", float(number))
        before = screen.surface.copy()
        screen.engine.state("deck1.position", 12.0)
        screen.drag("mixer.ch1.trim", (0, -40))
        assert screen.engine.read("mixer.ch1.trim") > 0
        assert screen.engine.actions == []
        assert "not answering" in " ".join(screen.app.desk.toasts.sentences)
        screen.frame(0.1)
        drawn = pygame.surfarray.array3d(screen.surface) != pygame.surfarray.array3d(before)
        rect = screen.app.page.plan.rects["wave1"]
        assert drawn[rect.x : rect.right, rect.y : rect.bottom].any()
        screen.engine.hang.clear()
        assert screen.asked(5)[0] == ("deck1.play", 1.0)


def test_presses_from_before_a_hang_are_dropped_but_their_releases_arrive(tmp_path):
    engine = FakeEngine(tmp_path)
    now = [100.0]
    sender = Sender(tmp_path, lambda: now[0])
    engine.hang.set()
    sender.put("deck1.play", 1.0)
    while sender._waiting:  # taken by the worker, which now waits for the answer
        pass
    sender.put("deck1.hotcue.1.go", 1.0)
    sender.put("deck1.hotcue.1.go", 0.0)
    now[0] += STALE_SECONDS + 1
    sender.put("deck1.cue", 1.0)
    engine.hang.clear()
    sender.close(wait=5)
    assert engine.actions == [("deck1.play", 1.0), ("deck1.hotcue.1.go", 0.0), ("deck1.cue", 1.0)]
    engine.stop()


def test_an_action_without_an_engine_is_a_sentence_not_a_crash(tmp_path):
    sender = Sender(tmp_path, lambda: 0.0)
    sender.put("deck1.play", 1.0)
    sender.close(wait=5)
    assert any("rackdeck up" in sentence for sentence in sender.errors())


def test_the_screen_imports_the_panel_the_contracts_and_the_crate_and_nothing_else_of_the_box():
    allowed = {"device.panel", "device.contracts", "device.errors", "device.paths"}
    for path in Path(display.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                if name.startswith("device."):
                    crate = path.name == "browser.py" and name == "device.library.crate"
                    assert crate or any(name.startswith(package) for package in allowed), (path.name, name)
