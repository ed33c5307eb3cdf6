"""The display process: one loop that reads the panel, takes events and draws, sixty times a second."""

import gc
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pygame

from device import paths
from device.panel import board
from display.browser import Browser
from display.desk import Desk
from display.keys import Keys
from display.link import Link
from display.page import Page
from display.sender import Sender
from display.shared import Shared
from display.stats import Stats
from display.text import Text
from display.touch import Pointers
from display.window import Window

FRAMES_A_SECOND = 60
SETTLE_SECONDS = 3.0


@dataclass(frozen=True)
class Options:
    """What the command line asks for. `size` in pixels; `music` is one more place for the browser."""

    size: tuple[int, int] = (1280, 720)
    fullscreen: bool = False
    decks: int = 2
    page: str = "deck"
    music: Path | None = None
    folder: Path | None = None  # the panel's; None for this box's own


def wall_clock() -> str:
    """The time of day."""
    return time.strftime("%H:%M")


def _places(music: Path | None, runtime: Path) -> list[tuple[str, Path]]:
    """Where the browser looks. music: what was asked for, else what the box that runs was started with."""
    told = (board.Reader(runtime).read("box") or {}).get("music")
    if music is None and isinstance(told, str) and told.startswith("/"):
        music = Path(told)
    own = paths.music()
    if music is None or (music := music.expanduser().absolute()) == own:
        return [("Music", own)]
    return [(music.name or "Music folder", music), ("From the companion", own)]


class App:
    """Everything of the process. `frame` does one round; `run` does them until told to stop."""

    def __init__(self, options: Options, off_screen: bool = False):
        folder = options.folder or paths.runtime()
        self.stop = False
        self.window = Window(options.size, options.fullscreen, off_screen)
        self.link = Link(folder)
        self.sender = Sender(folder, time.monotonic)
        browser = Browser(_places(options.music, folder), folder)
        self.desk = Desk(
            self.link, self.sender, Shared(folder), Text(), browser, decks=options.decks, page=options.page
        )
        self.pointers = Pointers(lambda: self.page.widgets)
        self.keys = Keys(self.desk, self._flip_fullscreen, self._leave)
        self.stats = Stats()
        self.desk.now = time.monotonic()
        self.link.poll(self.desk.now)
        self.page = Page(self.desk, self.window.size, wall_clock)

    def _flip_fullscreen(self) -> None:
        self.window.flip_fullscreen()
        self.desk.stale = True

    def _leave(self) -> None:
        self.stop = True

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True

    def take(self, events: Sequence[pygame.event.Event]) -> None:
        """Act on what the hands did."""
        for event in events:
            if event.type == pygame.QUIT:
                self.stop = True
            elif event.type == pygame.KEYDOWN:
                self.keys.press(event)
            elif event.type == pygame.KEYUP:
                self.keys.release(event)
            elif event.type == pygame.TEXTINPUT:
                self.keys.type(event.text)
            elif event.type == pygame.WINDOWFOCUSLOST:
                self.keys.release_all()
                self.pointers.release_all()
            elif event.type in (pygame.VIDEORESIZE, pygame.WINDOWSIZECHANGED):
                self.window.resized()
                self.desk.stale = True
            elif event.type in (pygame.VIDEOEXPOSE, pygame.WINDOWEXPOSED):
                self.page.redraw_all()
            elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.FINGERDOWN) and self._on_toast(event):
                self.desk.toasts.dismiss()
                self.page.redraw_all()
            else:
                fine = bool(pygame.key.get_mods() & (pygame.KMOD_SHIFT | pygame.KMOD_CTRL))
                self.pointers.handle(event, self.window.size, self.desk.now, fine)

    def _on_toast(self, event: pygame.event.Event) -> bool:
        width, height = self.window.size
        at = event.pos if event.type == pygame.MOUSEBUTTONDOWN else (event.x * width, event.y * height)
        return bool(self.desk.toasts.area.collidepoint(at)) and bool(self.desk.toasts.sentences)

    def frame(self, now: float) -> None:
        """Read the panel as of `now` (monotonic seconds) and draw what changed."""
        desk = self.desk
        desk.now = now
        self.link.poll(now)
        for sentence in self.sender.errors():
            desk.say(sentence)
        desk.update()
        self.pointers.hold()
        if desk.stale or self.page.alive != desk.alive:
            self._turn_page()
        if desk.toasts.expire(now):
            self.page.redraw_all()
        surface = self.window.surface
        changed = self.page.draw(surface)
        if desk.toasts.sentences:
            desk.toasts.draw(surface, desk.text, desk.unit, changed.append)
        self.window.present(changed)

    def _turn_page(self) -> None:
        self.pointers.release_all()
        self.desk.stale = False
        self.page = Page(self.desk, self.window.size, wall_clock)
        self.pointers.unit = self.desk.unit

    def run(self, seconds: float | None = None) -> None:
        """Draw until told to stop (a signal, the window, Ctrl-Q), or for so many seconds."""
        clock = pygame.time.Clock()
        begin = time.monotonic()
        with _signals(self):
            gc.collect()
            gc.freeze()  # what was built so far stays: the collector need not walk it between frames
            while not self.stop:
                began, cpu = time.monotonic(), time.thread_time()
                if seconds is not None and began - begin >= seconds:
                    break
                self.take(pygame.event.get())
                self.frame(began)
                self.stats.add(began, time.monotonic(), time.thread_time() - cpu)
                clock.tick(FRAMES_A_SECOND)

    def settle(self) -> None:
        """Draw until waveforms, folders and documents that are there are read: for a still picture."""
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end:
            self.frame(time.monotonic())
            waves = [deck.wave for deck in self.desk.decks.values() if deck.wave is not None]
            reading = any(wave.rate == 0 or wave.ready < min(wave.expected, 1 << 16) for wave in waves)
            if not reading and not self.desk.browser.loading and not self.desk.shared.busy:
                break
            time.sleep(0.02)
        self.page.redraw_all()
        self.frame(time.monotonic())

    def screenshot(self, path: Path) -> None:
        """Store one frame as a PNG. OSError when the file can not be written."""
        self.settle()
        with path.open("wb") as file:
            pygame.image.save(self.window.surface, file, "frame.png")

    def close(self) -> None:
        """Let go of what is held, then of the engine and the screen."""
        self.pointers.release_all()
        self.keys.release_all()
        self.sender.close()
        for deck in self.desk.decks.values():
            if deck.wave is not None:
                deck.wave.close()
        self.link.close()
        self.window.close()
        pygame.font.quit()


@contextmanager
def _signals(app: App) -> Iterator[None]:
    """SIGINT and SIGTERM end the loop after the frame that is being drawn."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, app._asked_to_stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
