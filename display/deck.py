"""One deck as the screen sees it: its track, its play head, and what a press of each button does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from device.panel import controls
from display.playhead import Playhead
from display.wavefile import WaveFile

if TYPE_CHECKING:
    from display.desk import Desk

RANGES = (6.0, 10.0, 16.0, 100.0)
SECONDS_PER_TURN = 1.8  # a 33⅓ rpm record
CUE_REACH = 0.02
PLATTER_LIMIT = 1e8


class Deck:
    """The same object serves touch, mouse and keyboard, so that a button means the same from each."""

    def __init__(self, desk: Desk, number: int):
        self._desk = desk
        self._board = desk.board
        self.number = number
        self.name = f"deck{number}"
        self.loop_beats = 4.0
        self.jump_beats = 4.0
        self.remaining = True
        self.shift = False
        self.position = 0.0
        self.wave: WaveFile | None = None
        self._loaded = (0, 0)
        self._playhead = Playhead()
        self._held: set[int] = set()
        self._grip: float | None = None

    def number_of(self, what: str) -> float:
        """A number of this deck, such as `position`."""
        return self._board.number(f"{self.name}.{what}")

    def is_on(self, what: str) -> bool:
        """A 0/1 control of this deck, such as `slip`."""
        return self._board.on(f"{self.name}.{what}")

    def text_of(self, what: str) -> str:
        """A text of this deck, such as `title`."""
        return self._board.text(f"{self.name}.{what}")

    @property
    def loaded(self) -> bool:
        """Whether a track lies on the deck."""
        return self.number_of("serial") > 0

    @property
    def duration(self) -> float:
        """Length of the track in seconds, as far as anyone knows."""
        return self.number_of("duration") or (self.wave.seconds if self.wave else 0.0)

    @property
    def at_cue(self) -> bool:
        """Whether the deck waits at its cue point, as the lamp of the CUE button says."""
        away = abs(self.number_of("position") - self.number_of("cue.point"))
        return self.loaded and not self.is_on("play") and away < CUE_REACH

    def update(self) -> None:
        """Once a frame: follow loads, read the waveform, move the play head."""
        serial = int(self.number_of("serial"))
        loaded = (serial, self._desk.link.epoch)
        if loaded != self._loaded and (self._desk.alive or serial):
            self._loaded = loaded
            self._playhead = Playhead()
            if self.wave is not None:
                self.wave.close()
            self.wave = WaveFile(self._desk.link.folder / f"wave-{serial}") if serial else None
        if self.wave is not None and not self.wave.whole:
            self.wave.poll(self._desk.now)
        self.position = self._playhead.at(self.number_of("position"), self.number_of("speed"), self._desk.now)

    def _do(self, what: str, argument: float | None = None) -> None:
        self._desk.do(f"{self.name}.{what}", argument)

    def play(self) -> None:
        """Play or pause."""
        self._do("play", 0.0 if self.is_on("play") else 1.0)

    def cue(self, down: bool) -> None:
        """The CUE button goes down or up."""
        self._do("cue", float(down))

    def hot_cue(self, cue: int, down: bool) -> None:
        """A pad: sets an empty cue, goes to one that is set, forgets it with shift."""
        if not down:
            if cue in self._held:
                self._held.discard(cue)
                self._do(f"hotcue.{cue}.go", 0.0)
        elif self.shift:
            self.clear(cue)
        elif self.number_of(f"hotcue.{cue}") < 0:
            self._do(f"hotcue.{cue}.set", 1.0)
        else:
            self._held.add(cue)
            self._do(f"hotcue.{cue}.go", 1.0)

    def clear(self, cue: int) -> None:
        """Forget a hot cue."""
        if self.number_of(f"hotcue.{cue}") >= 0:
            self._do(f"hotcue.{cue}.clear", 1.0)

    @property
    def beats(self) -> float:
        """Length of the loop that runs, or of the next one, in beats."""
        if self.is_on("loop.active"):
            length = (self.number_of("loop.end") - self.number_of("loop.start")) * self.number_of("grid.bpm") / 60
            if length > 0:
                return _nearest(length)
        return self.loop_beats

    def loop(self) -> None:
        """Loop that many beats from here, or leave the loop."""
        if self.is_on("loop.active"):
            self._do("loop.exit", 1.0)
        else:
            self._do("loop.beats", self.loop_beats)

    def resize_loop(self, up: bool) -> None:
        """Twice or half as long: the loop that runs, and the next one."""
        size = _nearest(self.beats) * (2.0 if up else 0.5)
        self.loop_beats = min(max(size, controls.BEAT_SIZES[0]), controls.BEAT_SIZES[-1])
        if self.is_on("loop.active"):
            self._do("loop.double" if up else "loop.halve", 1.0)

    def roll(self, down: bool) -> None:
        """Loop while held; time runs on beneath."""
        self._do("loop.roll", self.loop_beats if down else 0.0)

    def jump(self, direction: int) -> None:
        """Back (-1) or forward (1) by the chosen number of beats."""
        self._do("beatjump", direction * self.jump_beats)

    def next_jump_size(self) -> None:
        """1, 2, 4, … 64 beats, and again from 1."""
        self.jump_beats = self.jump_beats * 2 if self.jump_beats < controls.BEAT_SIZES[-1] else 1.0

    def next_range(self) -> None:
        """The next reach of the tempo fader."""
        now = self.number_of("range")
        self._desk.set(f"{self.name}.range", next((reach for reach in RANGES if reach > now), RANGES[0]))

    def seek(self, seconds: float) -> None:
        """Jump to a time in the track."""
        self._do("seek", min(max(seconds, 0.0), max(self.duration, 0.0)))

    def bend(self, amount: float) -> None:
        """Nudge, -1 to 1, while held."""
        self._desk.set(f"{self.name}.bend", amount)

    def grip(self) -> None:
        """A hand lies down on the platter."""
        angle = self.number_of("jog.angle")
        if abs(angle) > PLATTER_LIMIT:  # it grows for ever; long before its end it starts again
            angle = 0.0
            self._desk.set(f"{self.name}.jog.angle", angle)
        self._grip = angle
        self._desk.set(f"{self.name}.jog.touch", 1.0)

    def turn(self, seconds: float) -> None:
        """The hand has moved the track by `seconds` since it lay down; forwards is positive."""
        if self._grip is not None:
            self._desk.set(f"{self.name}.jog.angle", self._grip + seconds / SECONDS_PER_TURN)

    def release(self) -> None:
        """The hand leaves the platter."""
        if self._grip is not None:
            self._grip = None
            self._desk.set(f"{self.name}.jog.touch", 0.0)


def _nearest(beats: float) -> float:
    return min(controls.BEAT_SIZES, key=lambda size: abs(math.log2(size / beats)))


def say_beats(beats: float) -> str:
    """`1/32` … `64`."""
    return f"{beats:g}" if beats >= 1 else f"1/{round(1 / beats)}"
