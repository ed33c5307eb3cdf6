"""What is played and when: notes in beats, sections in bars, and the grid that turns beats into frames."""

import itertools
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from device.demo.harmony import Voicing, pitch

RATE = 44100
BEATS_PER_BAR = 4
STEP = 0.25  # beats; a sixteenth note is the finest written value


class Section(NamedTuple):
    """A named stretch of a piece, in bars."""

    name: str
    bars: int


@dataclass(frozen=True, slots=True)
class Note:
    """One note: start and length in beats from the piece's first beat, MIDI pitch, velocity 0 to 1."""

    beat: float
    beats: float
    pitch: int
    velocity: float


Notes = list[Note]


class Form:
    """The order of sections. `form["drop"]` gives the section's bars as a range."""

    def __init__(self, sections: Iterable[Section]):
        self.sections = tuple(sections)
        ends = list(itertools.accumulate(section.bars for section in self.sections))
        self.bars = ends[-1]
        self._spans = {
            section.name: range(end - section.bars, end) for section, end in zip(self.sections, ends, strict=True)
        }

    def __getitem__(self, name: str) -> range:
        return self._spans[name]

    def spans(self, *names: str) -> list[range]:
        """The bars of several sections."""
        return [self._spans[name] for name in names]

    def first(self, name: str, bars: int) -> range:
        """The first bars of a section."""
        return self._spans[name][:bars]

    def last(self, name: str, bars: int) -> range:
        """The last bars of a section."""
        return self._spans[name][-bars:]


@dataclass(frozen=True, slots=True)
class Grid:
    """A constant tempo. `first_beat` in seconds is where beat 0 lies."""

    bpm: float
    first_beat: float

    def seconds(self, beat: float) -> float:
        """When a beat sounds, in seconds from the first frame."""
        return self.first_beat + beat * 60.0 / self.bpm

    def frame(self, beat: float) -> int:
        """The frame nearest to a beat: rounded from the exact time, so errors never add up."""
        return round(self.seconds(beat) * RATE)


def seeded(seed: int, name: str) -> np.random.Generator:
    """A random source for one part of one piece, the same in every run and whatever else was rendered."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def hits(pattern: str, number: int, beats: float = STEP) -> Notes:
    """A rhythm on one pitch: one sign a sixteenth, `1` to `9` the velocity, a dot a rest, blanks and bars ignored."""
    signs = pattern.replace(" ", "").replace("|", "")
    return [Note(i * STEP, beats, number, int(sign) / 9) for i, sign in enumerate(signs) if sign != "."]


def among(pattern: str, numbers: tuple[int, ...]) -> Notes:
    """A rhythm handed round several drums in turn."""
    return [replace(note, pitch=numbers[i % len(numbers)]) for i, note in enumerate(hits(pattern, 0))]


def line(text: str, velocity: float = 0.75) -> Notes:
    """A melody: `A4:3` is a note of three sixteenths, `-:2` a rest of two, a final `!` an accent, `|` ignored."""
    beat = 0.0
    notes = []
    for word in text.replace("|", " ").split():
        name, _, steps = word.rstrip("!").partition(":")
        beats = int(steps) * STEP
        if name != "-":
            notes.append(Note(beat, beats, pitch(name), min(1.0, velocity * (1.25 if word.endswith("!") else 1.0))))
        beat += beats
    return notes


def comp(voicings: list[Voicing], rhythm: str, beats: float, bars_each: float = 1) -> Notes:
    """Chords played in a rhythm of whole bars that repeats through the chords, each for `bars_each` bars."""
    pulse = hits(rhythm, 0)
    period = len(rhythm.replace(" ", "").replace("|", "")) * STEP
    end = len(voicings) * bars_each * BEATS_PER_BAR
    notes = []
    for repeat in range(int(np.ceil(end / period))):
        for each in pulse:
            beat = each.beat + repeat * period
            if beat < end:
                voicing = voicings[int(beat // (bars_each * BEATS_PER_BAR))]
                notes += [Note(beat, beats, number, each.velocity) for number in voicing]
    return notes


def sustain(voicings: list[Voicing], bars_each: float, velocity: float = 0.7) -> Notes:
    """Chords held for `bars_each` bars. A voice that stays on its pitch is tied, not struck again."""
    held: dict[int, Note] = {}
    notes: Notes = []
    beats = bars_each * BEATS_PER_BAR
    for i, voicing in enumerate(voicings):
        notes += [held.pop(number) for number in list(held) if number not in voicing]
        for number in voicing:
            old = held.get(number)
            held[number] = replace(old, beats=old.beats + beats) if old else Note(i * beats, beats, number, velocity)
    return sorted([*notes, *held.values()], key=lambda note: (note.beat, note.pitch))


def over(notes: Notes, loop_bars: int, *ranges: range) -> Notes:
    """A loop laid over ranges of bars, from the start of each and cut at its end."""
    placed = []
    for bars in ranges:
        for bar in range(bars.start, bars.stop, loop_bars):
            for note in notes:
                beat = note.beat + bar * BEATS_PER_BAR
                if beat < bars.stop * BEATS_PER_BAR:
                    placed.append(replace(note, beat=beat))
    return placed


def without(notes: Notes, start_beat: float, end_beat: float) -> Notes:
    """The notes that do not start in a stretch of beats: room for a fill or a held breath."""
    return [note for note in notes if not start_beat <= note.beat < end_beat]


def transposed(notes: Notes, semitones: int) -> Notes:
    """The same notes, higher or lower."""
    return [replace(note, pitch=note.pitch + semitones) for note in notes]


def louder(notes: Notes, factor: float) -> Notes:
    """The same notes with their velocities scaled, at most 1."""
    return [replace(note, velocity=min(1.0, note.velocity * factor)) for note in notes]


def swung(notes: Notes, share: float) -> Notes:
    """Every second sixteenth later by `share` of a sixteenth; 0.33 is a triplet feel."""
    return [replace(note, beat=note.beat + STEP * share) if round(note.beat / STEP) % 2 else note for note in notes]


def human(notes: Notes, rng: np.random.Generator, beats: float = 0.008, velocity: float = 0.08) -> Notes:
    """Small normal deviations of time (in beats, never before the first beat) and of velocity (a share)."""
    moved = []
    for note in notes:
        late, hard = rng.standard_normal(2).clip(-2, 2)
        moved.append(
            replace(
                note,
                beat=max(0.0, note.beat + late * beats),
                velocity=float(np.clip(note.velocity * (1 + hard * velocity), 0.05, 1.0)),
            )
        )
    return moved
