"""The keyboard on a desk: which key does what, and the words that the help page shows."""

from collections.abc import Callable

import pygame

from display.desk import ZOOM_STEP, Desk
from display.loader import Loader

HELP: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Left deck   ·   right deck",
        (
            ("S   ·   K", "play or pause"),
            ("A   ·   J", "cue, while held"),
            ("1 2 3 4   ·   7 8 9 0", "hot cues (Shift clears)"),
            ("Q W   ·   U I", "beat jump back, forward"),
            ("E   ·   O", "loop on, off"),
            ("D F   ·   L ;", "loop half, twice as long"),
            ("R   ·   P", "loop roll, while held"),
            ("Z X   ·   N M", "nudge slower, faster"),
            ("Alt + the same", "decks 3 and 4"),
        ),
    ),
    (
        "Screen",
        (
            ("F1  or  ?", "this page"),
            ("F2", "two or four decks"),
            ("F3  ·  F4", "settings  ·  the box"),
            ("F9", "record, stop recording"),
            ("F11", "full screen"),
            ("+  −", "zoom the waveforms"),
            ("← →", "crossfader"),
            ("Tab", "browser: type, ↑ ↓, Enter"),
            ("Ctrl + 1 … 4", "load the chosen track there"),
            ("Esc", "back to the decks"),
            ("Ctrl + Q", "close the window"),
        ),
    ),
    (
        "Touch and mouse",
        (
            ("Waveform", "drag: scratch; pinch, wheel: zoom"),
            ("Overview", "touch to go there"),
            ("Knob", "drag up, down; tap twice: default"),
            ("Fader", "drag; tap twice: default"),
            ("Shift, Ctrl", "held while dragging: finer"),
            ("Pad", "tap: set or go; hold or SHIFT: clear"),
            ("Time", "tap for elapsed or remaining"),
            ("Title", "tap to choose a track"),
            ("List", "drag, wheel or ↑ ↓: scroll"),
        ),
    ),
)

_LEFT = {
    "play": pygame.K_s, "cue": pygame.K_a, "jump-": pygame.K_q, "jump+": pygame.K_w, "loop": pygame.K_e,
    "halve": pygame.K_d, "double": pygame.K_f, "roll": pygame.K_r, "bend-": pygame.K_z, "bend+": pygame.K_x,
    "hot1": pygame.K_1, "hot2": pygame.K_2, "hot3": pygame.K_3, "hot4": pygame.K_4,
}  # fmt: skip
_RIGHT = {
    "play": pygame.K_k, "cue": pygame.K_j, "jump-": pygame.K_u, "jump+": pygame.K_i, "loop": pygame.K_o,
    "halve": pygame.K_l, "double": pygame.K_SEMICOLON, "roll": pygame.K_p, "bend-": pygame.K_n, "bend+": pygame.K_m,
    "hot1": pygame.K_7, "hot2": pygame.K_8, "hot3": pygame.K_9, "hot4": pygame.K_0,
}  # fmt: skip
_DECK_KEYS = {key: (side, what) for side, keys in ((1, _LEFT), (2, _RIGHT)) for what, key in keys.items()}
_PAGES = {
    pygame.K_F1: "help", pygame.K_QUESTION: "help", pygame.K_F3: "settings", pygame.K_F4: "box",
    pygame.K_TAB: "browser",
}  # fmt: skip
CROSSFADER_STEP = 0.1
PAGE_ROWS = 8
_STEPS = {pygame.K_UP: -1, pygame.K_DOWN: 1, pygame.K_PAGEUP: -PAGE_ROWS, pygame.K_PAGEDOWN: PAGE_ROWS}


class Keys:
    """Turns key events into what the touch controls do. `fullscreen` and `leave` are the window's."""

    def __init__(self, desk: Desk, fullscreen: Callable[[], None], leave: Callable[[], None]):
        self._desk = desk
        self._fullscreen = fullscreen
        self._leave = leave
        self._loader = Loader(desk)
        self._released: dict[int, Callable[[], None]] = {}

    def press(self, event: pygame.event.Event) -> None:
        """A key goes down."""
        desk = self._desk
        if event.mod & pygame.KMOD_CTRL:
            self._with_control(event.key)
        elif event.key in _PAGES:
            desk.show(_PAGES[event.key])
        elif event.unicode == "?" and desk.page != "browser":
            desk.show("help")
        elif event.key == pygame.K_F2:
            desk.show_decks(2 if desk.deck_count == 4 else 4)
        elif event.key == pygame.K_F9:
            desk.do("record.stop" if desk.board.on("record.active") else "record.start")
        elif event.key == pygame.K_F11:
            self._fullscreen()
        elif event.key == pygame.K_ESCAPE:
            self._back()
        elif desk.page == "browser" or (desk.page == "box" and event.key in _STEPS):
            self._browse(event)
        elif event.unicode in ("+", "="):
            desk.zoom_by(1 / ZOOM_STEP)
        elif event.unicode == "-":
            desk.zoom_by(ZOOM_STEP)
        elif event.key in (pygame.K_LEFT, pygame.K_RIGHT):
            way = CROSSFADER_STEP if event.key == pygame.K_RIGHT else -CROSSFADER_STEP
            desk.set("mixer.crossfader", round(desk.board.number("mixer.crossfader") + way, 3))
        elif event.key in _DECK_KEYS:
            side, what = _DECK_KEYS[event.key]
            number = side + 2 if event.mod & pygame.KMOD_ALT else side
            self._deck(event.key, number, what, bool(event.mod & pygame.KMOD_SHIFT))

    def release(self, event: pygame.event.Event) -> None:
        """A key comes up: what it held ends."""
        ending = self._released.pop(event.key, None)
        if ending is not None:
            ending()

    def release_all(self) -> None:
        """The window lost the keyboard: nothing stays held."""
        for ending in self._released.values():
            ending()
        self._released.clear()

    def _with_control(self, key: int) -> None:
        if key == pygame.K_q:
            self._leave()
        elif pygame.K_1 <= key <= pygame.K_4:
            self._loader.load(key - pygame.K_0)

    def _back(self) -> None:
        desk = self._desk
        if desk.page == "browser" and desk.browser.search:
            desk.browser.find("")
        elif desk.page != "deck":
            desk.show("deck")

    def _browse(self, event: pygame.event.Event) -> None:
        browser = self._desk.browser
        if self._desk.page == "box":
            self._desk.paged += _STEPS[event.key]
        elif event.key in _STEPS:
            browser.choose(browser.chosen + _STEPS[event.key])
        elif event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            self._loader.enter()
        elif event.key == pygame.K_BACKSPACE:
            if browser.search:
                browser.find(browser.search[:-1])
            else:
                browser.up()

    def type(self, text: str) -> None:
        """Letters that were typed: on the browser page they search."""
        if self._desk.page == "browser" and text.isprintable():
            self._desk.browser.find((self._desk.browser.search + text).lstrip())

    def _deck(self, key: int, number: int, what: str, shift: bool) -> None:
        deck = self._desk.decks[number]
        if what == "play":
            deck.play()
        elif what == "cue":
            deck.cue(True)
            self._released[key] = lambda: deck.cue(False)
        elif what.startswith("jump"):
            deck.jump(1 if what.endswith("+") else -1)
        elif what == "loop":
            deck.loop()
        elif what in ("halve", "double"):
            deck.resize_loop(what == "double")
        elif what == "roll":
            deck.roll(True)
            self._released[key] = lambda: deck.roll(False)
        elif what.startswith("bend"):
            deck.bend(0.5 if what.endswith("+") else -0.5)
            self._released[key] = lambda: deck.bend(0.0)
        elif shift:
            deck.clear(int(what[-1]))
        else:
            cue = int(what[-1])
            deck.hot_cue(cue, True)
            self._released[key] = lambda: deck.hot_cue(cue, False)
