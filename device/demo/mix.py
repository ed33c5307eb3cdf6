"""A two-deck mix of the demo crate, written as a set log: blend, bass swap, filter, loop rolls."""

from collections.abc import Iterator, Sequence

from device.decks.setlog import Event, Grid, SetLog
from device.library.crate import Entry

BPM = 125.0  # both tracks are brought to it, with key-lock
BEAT = 60.0 / BPM
BAR = 4 * BEAT
FROM_BAR = 64  # of the first track: half of its second drop is left
ENTRY = 8  # bars into the mix, the second track's intro begins beneath the first one's outro
SWAP = 16  # the low end changes hands: here the first track's bass ends
CLEAR = 24  # the first track is out, the second one's bass comes in
DROP = 32  # of the second track
END = 52  # the last sound
STEPS_A_BEAT = 8  # how finely a knob is turned


def write(first: Entry, second: Entry) -> SetLog:
    """The mix from `first` into `second`, both with their exact grids."""
    log = SetLog(seconds=END * BAR)
    log.load = {"deck1": str(first.path), "deck2": str(second.path)}
    log.grid = {"deck1": Grid(first.bpm, first.first_beat), "deck2": Grid(second.bpm, second.first_beat)}
    log.events = [Event(round(beat * BEAT, 9), name, value) for beat, name, value in _moves(first, second)]
    log.events.sort(key=lambda event: event.seconds)
    return log


Move = tuple[float, str, float | None]  # beat of the mix, control, value


def _turn(name: str, start: float, end: float, low: float, high: float) -> Iterator[Move]:
    """Turn a knob from `low` to `high` between two beats."""
    steps = round((end - start) * STEPS_A_BEAT)
    for step in range(1, steps + 1):
        yield start + (end - start) * step / steps, name, round(low + (high - low) * step / steps, 4)


def _moves(first: Entry, second: Entry) -> Iterator[Move]:
    for deck, entry in (("deck1", first), ("deck2", second)):
        yield 0, f"{deck}.tempo", 100 * (BPM / entry.bpm - 1)
        yield 0, f"{deck}.keylock", 1
    yield 0, "deck1.seek", first.first_beat + FROM_BAR * 4 * 60 / first.bpm
    yield 0, "deck1.play", 1
    yield 0, "mixer.ch1.assign", 0
    yield 0, "mixer.ch2.assign", 0

    # the second track comes in without its low end, from beneath
    enters, swap, clear, drop = 4 * ENTRY, 4 * SWAP, 4 * CLEAR, 4 * DROP
    yield 0, "mixer.ch2.eq_low", -26
    yield 0, "mixer.ch2.fader", 0
    yield enters - 1, "deck2.seek", second.first_beat
    yield enters, "deck2.play", 1
    yield from _turn("mixer.ch2.fader", enters, enters + 16, 0, 1)
    yield from _turn("mixer.ch1.eq_mid", enters + 16, swap, 0, -6)

    # the kicks change places on one beat, and the first track thins out into a shrinking loop
    yield swap, "mixer.ch1.eq_low", -26
    yield swap, "mixer.ch2.eq_low", 0
    yield from _turn("mixer.ch1.filter", swap, clear - 4, 0, 0.75)
    yield clear - 4, "deck1.loop.beats", 1
    yield clear - 2, "deck1.loop.halve", 1
    yield clear - 1, "deck1.loop.halve", 1
    yield from _turn("mixer.ch1.fader", clear - 4, clear, 1, 0)
    yield clear, "deck1.play", 0

    # the drop, twice, with rolls between, and out
    yield drop, "deck2.hotcue.1.set", 1
    yield from _rolls(drop + 28)
    yield drop + 32, "deck2.hotcue.1.go", 1
    yield from _turn("mixer.ch2.filter", drop + 60, drop + 64, 0, -0.6)
    yield from _turn("mixer.ch2.filter", drop + 64, drop + 64.5, -0.6, 0)
    yield from _turn("mixer.main", drop + 64, 4 * END - 2, 0, -60)
    yield 4 * END - 1, "deck2.play", 0


def _rolls(beat: float) -> Iterator[Move]:
    sizes: Sequence[tuple[float, float]] = ((0, 1), (1, 0.5), (2, 0.25), (3, 0.125))
    for at, size in sizes:
        yield beat + at, "deck2.loop.roll", size
    yield beat + 4, "deck2.loop.roll", 0
