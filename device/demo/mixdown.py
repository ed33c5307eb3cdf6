"""The mixing desk of one piece: places notes, runs strips with sends, and hands out the mastered mix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.demo import effects, loudness, soundfont
from device.demo.filters import Floats, Signal
from device.demo.harmony import Key, hertz
from device.demo.score import BEATS_PER_BAR, RATE, Form, Grid, Note, Notes, Section, human, seeded
from device.demo.synth import Voice

TAIL_SECONDS = 2.0
_VELOCITY_STEPS = 10  # of timbre, so that like notes are computed once; the level follows each velocity exactly

Curve = npt.NDArray[np.float32]
Points = Sequence[tuple[float, float]]


def level(decibels: float) -> float:
    """An amplitude for decibels."""
    return float(10 ** (decibels / 20))


class Desk:
    """One piece, or a window of its bars, while it is put together.

    Parts are written for the whole piece; only notes that start inside the window are heard, and its first
    bar lies at the grid's first beat. Signals are (2, frames) float32.
    """

    def __init__(self, grid: Grid, form: Form, seed: int, window: range | None = None):
        self.form = form
        self.grid = grid
        self.seed = seed
        self.window = window if window is not None else range(form.bars)
        self.first = self.window.start * BEATS_PER_BAR
        self.last = self.window.stop * BEATS_PER_BAR
        self.frames = grid.frame(self.last - self.first) + int(TAIL_SECONDS * RATE)
        self.mix: Signal = np.zeros((2, self.frames), np.float32)
        self._hall: Signal = np.zeros((2, self.frames), np.float32)
        self._echo: Signal = np.zeros((2, self.frames), np.float32)
        self._kicks: list[int] = []

    def rng(self, name: str) -> np.random.Generator:
        """The random source of one part."""
        return seeded(self.seed, name)

    def human(self, name: str, notes: Notes, beats: float = 0.008, velocity: float = 0.08) -> Notes:
        """The notes as a person would play them; the same in every window."""
        return human(notes, self.rng(name), beats, velocity)

    def seconds(self, beats: float) -> float:
        """The length of some beats."""
        return beats * 60.0 / self.grid.bpm

    def heard(self, notes: Notes) -> Notes:
        """The notes inside the window, counted from its first beat."""
        # half a sixteenth of grace: a note played a little early still belongs to its bar
        early = 0.02 if self.first else 0.0
        inside = [note for note in notes if self.first - early <= note.beat < self.last - early]
        return [Note(max(0.0, note.beat - self.first), note.beats, note.pitch, note.velocity) for note in inside]

    def curve(self, points: Points) -> Curve:
        """Straight lines through (bar, value), for each frame."""
        bars, values = zip(*points, strict=True)
        frames = [self.grid.frame((bar - self.window.start) * BEATS_PER_BAR) for bar in bars]
        return np.interp(np.arange(self.frames), frames, values).astype(np.float32)

    def cutoff(self, points: Points) -> Curve:
        """Lines through (bar, Hz) that are straight to the ear: in octaves."""
        return np.exp2(self.curve([(bar, float(np.log2(value))) for bar, value in points]))

    def samples(self, notes: Notes, sound: Floats, pan: float = 0.0) -> Signal:
        """One sound at every note, at its velocity; pitches are ignored. `pan` from -1 to 1."""
        return self._placed(notes, lambda _: sound, pan, scaled=True)

    def play(self, notes: Notes, voice: Voice, pan: float = 0.0) -> Signal:
        """A synthesised voice plays the notes."""
        return self._placed(
            notes, lambda note: voice(hertz(note.pitch), self.seconds(note.beats), note.velocity), pan, scaled=False
        )

    def band(self, notes: Notes, program: int, drums: bool = False) -> Signal:
        """A General MIDI instrument (0 to 127) or drum kit plays the notes."""
        return soundfont.render(self.heard(notes), self.grid, program, self.frames, drums)

    def _placed(self, notes: Notes, sound: Callable[[Note], Floats], pan: float, scaled: bool) -> Signal:
        out = np.zeros((2, self.frames), np.float32)
        left, right = (np.cos((pan + 1) * np.pi / 4), np.sin((pan + 1) * np.pi / 4))
        gains = np.array([[left], [right]]) * np.sqrt(2)
        made: dict[tuple[float, int, int], Floats] = {}
        for note in self.heard(notes):
            step = _VELOCITY_STEPS if scaled else max(1, round(note.velocity * _VELOCITY_STEPS))
            key = (round(note.beats, 4), note.pitch, step)
            if key not in made:
                made[key] = sound(Note(0, note.beats, note.pitch, step / _VELOCITY_STEPS)) * gains
            wave = made[key]
            strength = note.velocity * _VELOCITY_STEPS / step
            start = self.grid.frame(note.beat)
            part = wave[:, : max(0, self.frames - start)]
            out[:, start : start + part.shape[1]] += part * strength
        return out

    def listen(self, kicks: Notes) -> None:
        """Name the kicks that duck the strips added from now on."""
        self._kicks = [self.grid.frame(note.beat) for note in self.heard(kicks)]

    def strip(
        self,
        signal: Signal,
        decibels: float,
        *,
        duck: float = 0.0,
        duck_beats: float = 0.75,
        hall: float = 0.0,
        echo: float = 0.0,
        fade: Points | None = None,
    ) -> None:
        """Add a signal to the mix at a level.

        `duck` is how far each kick pushes it down (0 to 1), for `duck_beats`; `hall` and `echo` are sends
        (amplitudes, after the fader); `fade` is a second fader as (bar, dB).
        """
        gain: Curve | float = level(decibels)
        if fade is not None:
            gain = gain * 10 ** (self.curve(fade) / 20)
        if duck and self._kicks:
            gain = gain * effects.duck(self.frames, self._kicks, duck, self.seconds(duck_beats))
        heard = (signal * gain).astype(np.float32)
        self.mix += heard
        if hall:
            self._hall += heard * np.float32(hall)
        if echo:
            self._echo += heard * np.float32(echo)

    def spaces(self, hall: Floats, echo_beats: float, feedback: float = 0.45, duck: float = 0.25) -> None:
        """Add what the sends gave: the echoes, also into the hall, and the hall, both ducked a little."""
        gain: Curve | float = 1.0
        if duck and self._kicks:
            gain = effects.duck(self.frames, self._kicks, duck, self.seconds(0.75))
        if self._echo.any():
            repeats = effects.echo(self._echo, self.seconds(echo_beats), feedback)
            self.mix += repeats * gain
            self._hall += 0.3 * repeats
        if self._hall.any():
            self.mix += effects.reverb(self._hall, hall) * gain

    def mastered(self) -> Signal:
        """The finished mix, faded over its last second."""
        done = loudness.master(self.mix)
        fade = RATE
        done[:, -fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)).astype(np.float32) ** 2
        return done


@dataclass(frozen=True)
class Piece:
    """A piece: what is known of it exactly, and the parts that play it, in order.

    `name` is its file's stem; `first_beat` in seconds; `key` such as Am. Each part adds its strips to a desk.
    """

    name: str
    title: str
    bpm: float
    key: str
    first_beat: float
    sections: tuple[Section, ...]
    seed: int
    parts: tuple[Callable[[Desk], None], ...]

    @property
    def camelot(self) -> str:
        """The key's place on the Camelot wheel."""
        return Key.parse(self.key).camelot

    @property
    def form(self) -> Form:
        """The sections with their bars."""
        return Form(self.sections)

    def frames(self, window: range | None = None) -> int:
        """The length of the piece, or of a window of its bars, at `score.RATE`, ring-out included."""
        bars = self.form.bars if window is None else len(window)
        return Grid(self.bpm, self.first_beat).frame(bars * BEATS_PER_BAR) + int(TAIL_SECONDS * RATE)

    def render(self, window: range | None = None, say: Callable[[float], None] = lambda _: None) -> Signal:
        """The mastered piece, or a window of its bars, as (2, frames) float32 at `score.RATE`.

        `say` hears the share done, 0 to 1. The same samples come out in every run on one machine.
        Raises MachineError if FluidSynth or its soundfont is missing.
        """
        desk = Desk(Grid(self.bpm, self.first_beat), self.form, self.seed, window)
        for i, part in enumerate(self.parts):
            say(0.85 * i / len(self.parts))
            part(desk)
        say(0.85)
        done = desk.mastered()
        say(1.0)
        return done
