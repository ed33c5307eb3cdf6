"""Pitches, keys and chords: names to numbers, Camelot codes, and voicings that move as little as they can."""

import itertools
import re
from dataclasses import dataclass

PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)

# semitones above the root, in the order of their weight: the first ones are kept when voices are few
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "6": (0, 4, 9, 7),
    "m6": (0, 3, 9, 7),
    "7": (0, 4, 10, 7),
    "m7": (0, 3, 10, 7),
    "maj7": (0, 4, 11, 7),
    "add9": (0, 4, 2, 7),
    "9": (0, 4, 10, 2, 7),
    "m9": (0, 3, 10, 2, 7),
    "maj9": (0, 4, 11, 2, 7),
    "m11": (0, 3, 10, 5, 2),
    "sus4": (0, 5, 7),
    "9sus4": (0, 5, 10, 2, 7),
}
# a step of the Camelot wheel is a fifth; 8B is C major and 8A its relative minor
_CAMELOT_C_MAJOR = 8

Voicing = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A major or minor key. `tonic` is a pitch class, C = 0."""

    name: str
    tonic: int
    minor: bool

    @classmethod
    def parse(cls, name: str) -> "Key":
        """Read "Am", "Eb", "F#m". Raises ValueError for anything else."""
        found = re.fullmatch(r"([A-G])([#b]?)(m?)", name)
        if not found:
            raise ValueError(f"no key is called {name!r}; write it as Am, Eb or F#m")
        letter, accidental, minor = found.groups()
        return cls(name, (PITCH_CLASSES[letter] + ACCIDENTALS[accidental]) % 12, bool(minor))

    @property
    def scale(self) -> frozenset[int]:
        """The seven pitch classes (natural minor for a minor key)."""
        return frozenset((self.tonic + step) % 12 for step in (MINOR if self.minor else MAJOR))

    @property
    def camelot(self) -> str:
        """The place on the Camelot wheel, such as 8A for A minor."""
        major = (self.tonic + 3) % 12 if self.minor else self.tonic
        fifths = major * 7 % 12
        return f"{(_CAMELOT_C_MAJOR - 1 + fifths) % 12 + 1}{'A' if self.minor else 'B'}"

    def compatible(self, other: "Key") -> bool:
        """Whether two keys mix without clashing: the same, a neighbour on the wheel, or the relative one."""
        apart = (int(self.camelot[:-1]) - int(other.camelot[:-1])) % 12
        return apart == 0 or (apart in (1, 11) and self.minor == other.minor)


def pitch(name: str) -> int:
    """The MIDI number of a note name: A4 = 69. Raises ValueError for a name that is none."""
    found = re.fullmatch(r"([A-G])([#b]?)(-?\d)", name)
    if not found:
        raise ValueError(f"no note is called {name!r}; write it as A4, Bb3 or F#2")
    letter, accidental, octave = found.groups()
    return PITCH_CLASSES[letter] + ACCIDENTALS[accidental] + 12 * (int(octave) + 1)


def hertz(number: float) -> float:
    """The frequency of a MIDI number in equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((number - 69) / 12))


def chord(name: str) -> tuple[int, ...]:
    """Pitch classes of a chord such as Am9 or Bbmaj7, the root first. Raises ValueError for an unknown one."""
    found = re.fullmatch(r"([A-G])([#b]?)(.*)", name)
    if not found or found.group(3) not in QUALITIES:
        raise ValueError(f"no chord is called {name!r}; its kinds are {', '.join(filter(None, QUALITIES))}")
    root = PITCH_CLASSES[found.group(1)] + ACCIDENTALS[found.group(2)]
    return tuple((root + step) % 12 for step in QUALITIES[found.group(3)])


def root(name: str, low: int) -> int:
    """The chord's root at or above the MIDI number `low`, for a bass."""
    return low + (chord(name)[0] - low) % 12


def lead(names: list[str], low: int, high: int, voices: int = 4, rootless: bool = False) -> list[Voicing]:
    """Voice a progression between the MIDI numbers `low` and `high`, each chord close to the one before.

    `rootless` leaves the root to the bass where the chord has notes enough. The progression is treated as
    a loop: it is voiced twice, and the second pass, which starts from the last chord, is returned.
    """
    before: Voicing | None = None
    led: list[Voicing] = []
    for name in names * 2:
        classes = chord(name)
        if rootless and len(classes) > voices:
            classes = classes[1:]
        before = _closest(classes[:voices], low, high, before)
        led.append(before)
    return led[len(names) :]


def _closest(classes: tuple[int, ...], low: int, high: int, before: Voicing | None) -> Voicing:
    places = [range(low + (each - low) % 12, high + 1, 12) for each in classes]
    found = [tuple(sorted(notes)) for notes in itertools.product(*places) if max(notes) - min(notes) <= 17]
    if not found:
        raise ValueError(f"a chord of {len(classes)} notes does not fit between {low} and {high}")
    return min(found, key=lambda notes: (_cost(notes, low, high, before), notes))


def _cost(notes: Voicing, low: int, high: int, before: Voicing | None) -> float:
    gaps = [upper - lower for lower, upper in itertools.pairwise(notes)]
    rough = sum(4.0 for gap in gaps if gap == 1) + sum(1.5 for gap in gaps[:1] if gap == 2)
    wide = sum(1.0 for gap in gaps if gap > 7)
    drift = abs(sum(notes) / len(notes) - (low + high) / 2) * 0.4
    if before is None:
        return rough + wide + drift
    moved = sum(min(abs(note - other) for other in before) for note in notes)
    top = abs(notes[-1] - before[-1]) * 0.7  # the ear follows the top voice
    return rough + wide + drift + moved + top
