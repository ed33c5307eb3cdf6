"""What every part of the screen shares: the panel of this frame, ways to act, and what the user chose to see."""

from device.errors import InputError
from device.panel import controls
from device.panel.client import Argument
from device.panel.controls import Control
from display.board import Board
from display.browser import Browser
from display.deck import Deck
from display.link import Link
from display.sender import Sender
from display.shared import Shared
from display.text import Text
from display.toast import Toasts

# Texts of the engine that are shown as a message when they change, and what is said before them.
NEWS = {"engine.message": "", "record.message": "Recording: "}
NEWS |= {f"deck{number}.message": f"Deck {number}: " for number in range(1, controls.DECKS + 1)}
ZOOM_LIMITS = (1.0, 64.0)  # seconds of sound across the screen
ZOOM_STEP = 1.5


class Desk:
    """The one object that widgets get. Everything here is used by the drawing thread alone.

    `now` is this frame's time on the monotonic clock. `stale` asks for a new layout before the next frame.
    """

    def __init__(
        self,
        link: Link,
        sender: Sender,
        shared: Shared,
        text: Text,
        browser: Browser,
        *,
        decks: int = 2,
        page: str = "deck",
    ):
        self.link = link
        self.shared = shared
        self.sender = sender
        self.text = text
        self.browser = browser
        self.toasts = Toasts()
        self.unit = 1.0
        self.now = 0.0
        self.page = page
        self.deck_count = decks
        self.layer = 0
        self.keypad = False
        self.section = 0  # of the box page, where a small screen shows one list
        self.paged = 0  # how far keys have scrolled the lists of the box page, in rows
        self.zoom = 8.0
        self.stale = True
        self._told: dict[str, str] = {}
        self._told_by = 0  # the engine that told it
        self.decks = {number: Deck(self, number) for number in range(1, controls.DECKS + 1)}

    @property
    def board(self) -> Board:
        """The panel as this frame found it."""
        return self.link.board

    @property
    def alive(self) -> bool:
        """Whether an engine runs."""
        return self.link.alive

    def control(self, name: str) -> Control:
        """The table's row of a control."""
        return controls.table()[name]

    def px(self, units: float) -> int:
        """Whole pixels of a length in the design's units; at least one."""
        return max(1, round(units * self.unit))

    def set(self, name: str, value: float) -> None:
        """Set a value, limited to its range."""
        row = self.control(name)
        value = min(max(value, row.low), row.high)
        try:
            self.link.set(name, round(value) if row.taper == "steps" else value)
        except InputError as exc:
            self.say(str(exc))

    def toggle(self, name: str) -> None:
        """Turn a 0/1 value over."""
        self.set(name, 0.0 if self.board.on(name) else 1.0)

    def do(self, name: str, argument: Argument = None) -> None:
        """Ask the engine for an action; a refusal comes back as a message on the screen."""
        if not self.alive:
            self.say("The engine is not running; start it with `rackdeck up`.")
        elif not self.sender.put(name, argument):
            self.say("The engine is not answering; what was pressed just now is lost.")

    def say(self, sentence: str, error: bool = True) -> None:
        """Show a short message."""
        self.toasts.say(sentence, self.now, error)

    def update(self) -> None:
        """Once a frame: follow what lies on the decks, and say what the engine has to say."""
        for deck in self.decks.values():
            deck.update()
        self.browser.poll()
        claimed = self.shared.claim is None
        listed = self.shared.versions["playlists"]
        self.shared.poll(self.now)
        if listed != self.shared.versions["playlists"]:
            self.browser.refresh()
        if self.page == "box" and claimed != (self.shared.claim is None):
            self.stale = True
        news = {name: self.board.text(name) for name in NEWS}
        if self._told_by != self.link.epoch:  # what was said before this screen looked is old
            self._told_by = self.link.epoch
            self._told = news | {"engine.message": ""}
        for name, sentence in news.items():
            if sentence and sentence != self._told[name]:
                self.say(NEWS[name] + sentence, error=name != "engine.message")
        if self.alive:
            self._told = news

    def show(self, page: str) -> None:
        """Turn to a page; the page that shows already turns back to the decks."""
        self.page = "deck" if page == self.page else page
        self.keypad = False
        self.stale = True

    def show_decks(self, count: int) -> None:
        """Two or four decks."""
        self.deck_count = count
        self.layer = self.layer if count == 4 else 0
        self.stale = True

    def flip_layer(self) -> None:
        """On a small screen: the controls of the other two decks."""
        self.layer = 1 - self.layer
        self.stale = True

    def show_keypad(self, shown: bool) -> None:
        """The letters on the screen, for searching without a keyboard."""
        self.keypad = shown
        self.stale = True

    def zoom_by(self, factor: float) -> None:
        """Show `factor` times as much of the waveforms."""
        low, high = ZOOM_LIMITS
        self.zoom = min(max(self.zoom * factor, low), high)
