"""A screen without a display, with a stand-in engine: what the display's tests touch and look at."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pygame

from display.app import App, Options
from display.widget import Widget
from tests.fake_engine import FakeEngine

PATIENCE = 10.0


class Screen:
    """An App drawn off screen. `at` names a rectangle of the layout."""

    def __init__(self, app: App, engine: FakeEngine | None):
        self.app = app
        self.engine = engine
        self.now = time.monotonic()

    @property
    def surface(self) -> pygame.Surface:
        return self.app.window.surface

    def frame(self, seconds: float = 0.0, beat: bool = True) -> None:
        """Draw one frame, `seconds` after the last."""
        self.now = max(self.now + seconds, time.monotonic() if seconds == 0 else 0.0)
        if beat and self.engine is not None:
            self.engine.state("engine.beat", self.now)
        self.app.frame(self.now)

    def until(self, condition: Callable[[], object]) -> None:
        """Draw frames until something is so."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "it never came"
            self.frame()
            time.sleep(0.005)

    def at(self, name: str, across: float = 0.5, along: float = 0.5) -> tuple[float, float]:
        """A point in the named rectangle, by default its middle."""
        rect = self.app.page.plan.rects[name]
        return rect.x + across * (rect.w - 1), rect.y + along * (rect.h - 1)

    def widget(self, name: str) -> Widget:
        rect = self.app.page.plan.rects[name]
        return next(widget for widget in self.app.page.widgets if widget.rect == rect)

    def mouse(self, kind: int, place: tuple[float, float]) -> None:
        facts = {"pos": (round(place[0]), round(place[1])), "touch": False}
        facts |= {"rel": (0, 0), "buttons": (1, 0, 0)} if kind == pygame.MOUSEMOTION else {"button": 1}
        self.app.take([pygame.event.Event(kind, facts)])

    def down(self, name: str, **where: float) -> None:
        self.mouse(pygame.MOUSEBUTTONDOWN, self.at(name, **where))

    def up(self, name: str, **where: float) -> None:
        self.mouse(pygame.MOUSEBUTTONUP, self.at(name, **where))

    def tap(self, name: str, **where: float) -> None:
        self.down(name, **where)
        self.frame()
        self.up(name, **where)
        self.frame(0.5)  # so that two taps are not a double tap

    def drag(self, name: str, by: tuple[float, float], **where: float) -> None:
        x, y = self.at(name, **where)
        self.mouse(pygame.MOUSEBUTTONDOWN, (x, y))
        self.mouse(pygame.MOUSEMOTION, (x + by[0], y + by[1]))
        self.frame()
        self.mouse(pygame.MOUSEBUTTONUP, (x + by[0], y + by[1]))
        self.frame(0.5)

    def finger(self, kind: int, finger: int, place: tuple[float, float]) -> None:
        width, height = self.surface.get_size()
        facts = {"touch_id": 1, "finger_id": finger, "x": place[0] / width, "y": place[1] / height, "dx": 0, "dy": 0}
        self.app.take([pygame.event.Event(kind, facts)])

    def key(self, key: int, mod: int = 0, unicode: str = "") -> None:
        facts = {"key": key, "mod": mod, "unicode": unicode, "scancode": 0}
        self.app.take([pygame.event.Event(pygame.KEYDOWN, facts)])
        if unicode.isprintable() and unicode:
            self.app.take([pygame.event.Event(pygame.TEXTINPUT, {"text": unicode})])
        self.frame()

    def key_up(self, key: int) -> None:
        self.app.take([pygame.event.Event(pygame.KEYUP, {"key": key, "mod": 0, "unicode": "", "scancode": 0})])
        self.frame()

    def asked(self, count: int = 1) -> list[tuple[str, object]]:
        """The actions that reached the engine, once there are `count`."""
        assert self.engine is not None
        self.until(lambda: len(self.engine.actions) >= count)
        return self.engine.actions


@contextmanager
def open_screen(folder: Path, engine: bool = True, **options) -> Iterator[Screen]:
    """A screen over a panel in `folder` / panel; music of the box in `folder` / home."""
    panel = folder / "panel"
    panel.mkdir(exist_ok=True)
    before = os.environ.get("RACKDECK_HOME")
    os.environ["RACKDECK_HOME"] = str(folder / "home")
    running = FakeEngine(panel) if engine else None
    app = App(Options(folder=panel, **options), off_screen=True)
    screen = Screen(app, running)
    try:
        screen.frame()
        yield screen
    finally:
        app.close()
        if screen.engine is not None:
            screen.engine.hang.clear()
            screen.engine.stop()
        if before is None:
            del os.environ["RACKDECK_HOME"]
        else:
            os.environ["RACKDECK_HOME"] = before
