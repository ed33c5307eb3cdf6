"""The one table of everything that can be turned, pressed or shown, by name."""

import difflib
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from device.errors import InputError

DECKS = 4
HOT_CUES = 8
PATH_BYTES = 4096  # the longest path that Linux takes
SLOWEST_BPM, FASTEST_BPM = 1.0, 1000.0
BEAT_SIZES = tuple(2.0**power for power in range(-5, 7))  # 1/32 … 64 beats


@dataclass(frozen=True, slots=True)
class Control:
    """One name on the panel.

    kind: `value` (anyone writes it into shared memory), `switch` (asked for by an action, the engine
    holds the truth in the state array), `action` (momentary, over the socket), `state` (the engine
    writes, everyone reads), `text` (a short string the engine writes).
    taper: how a knob's travel maps to the range: `linear`, `decibel` (lowest value is silence) or `steps`.
    argument: for actions, what they take: `press` (1 down, 0 up), `number`, `path`, `pair` or `none`.
    size: for texts, how many bytes they hold.
    """

    name: str
    kind: str
    doc: str
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    default: float = 0.0
    taper: str = "linear"
    choices: tuple[str, ...] = ()
    argument: str = ""
    size: int = 0

    def check(self, value: float) -> float:
        """Return `value` as a float, or raise InputError when it is outside the range."""
        try:
            number = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf
        if not self.fits(number):
            kind = "whole numbers from " if self.taper == "steps" else ""
            wanted = f"{self.name} takes {kind}{self.low:g} to {self.high:g} {self.unit}".rstrip()
            raise InputError(f"{wanted}, not {number:g}")
        return number

    def fits(self, number: float) -> bool:
        """Whether `number` is within the range, and whole where only steps are."""
        return self.low <= number <= self.high and (self.taper != "steps" or number == round(number))

    def as_dict(self) -> dict[str, object]:
        """The row as data, for `rackdeck panel --json`. Only what applies to the kind."""
        row: dict[str, object] = {"name": self.name, "kind": self.kind, "doc": self.doc, "unit": self.unit}
        if self.kind in ("value", "switch"):
            row |= {"low": self.low, "high": self.high, "default": self.default, "taper": self.taper}
        if self.choices:
            row["choices"] = list(self.choices)
        if self.argument:
            row["argument"] = self.argument
            if self.argument in ("number", "pair"):
                row |= {"low": self.low, "high": self.high}
        return row


def _toggle(name: str, doc: str, default: float = 0.0) -> Control:
    return Control(name, "value", doc, "0/1", 0, 1, default, "steps", ("off", "on"))


def _gain(name: str, doc: str, low: float, high: float, default: float = 0.0) -> Control:
    return Control(name, "value", f"{doc}; lowest is silence", "dB", low, high, default, "decibel")


def _choice(name: str, doc: str, choices: tuple[str, ...], default: int = 0) -> Control:
    return Control(name, "value", doc, "", 0, len(choices) - 1, default, "steps", choices)


def _action(name: str, argument: str, doc: str, unit: str = "", low: float = 0.0, high: float = 1.0) -> Control:
    return Control(name, "action", doc, unit, low, high, argument=argument)


def _state(name: str, doc: str, unit: str = "", default: float = 0.0) -> Control:
    return Control(name, "state", doc, unit, -math.inf, math.inf, default)


def _text(name: str, doc: str, size: int = 248) -> Control:
    return Control(name, "text", doc, size=size)


def _deck_values(deck: str) -> Iterator[Control]:
    yield Control(f"{deck}.tempo", "value", "playing speed against the original", "%", -100, 100)
    yield Control(f"{deck}.range", "value", "how far the tempo fader of a front end reaches", "%", 1, 100, 10)
    yield Control(f"{deck}.bend", "value", "passing nudge of the speed, full travel is 8 %", "", -1, 1)
    yield _toggle(f"{deck}.keylock", "keep the pitch when the tempo changes")
    yield Control(f"{deck}.key", "value", "shift of the pitch", "semitones", -12, 12)
    yield _toggle(f"{deck}.reverse", "play backwards")
    yield _toggle(f"{deck}.slip", "keep time running beneath loops, reverse, scratches and held cues")
    yield _toggle(f"{deck}.quantize", "snap cues, loops and jumps to the beat grid")
    yield _toggle(f"{deck}.jog.touch", "a hand rests on the platter: it follows jog.angle")
    yield Control(f"{deck}.jog.angle", "value", "where the platter is, ever growing forwards", "turns", -1e9, 1e9)


def _deck_actions(deck: str) -> Iterator[Control]:
    yield Control(f"{deck}.play", "switch", "play or pause", "0/1", 0, 1, 0, "steps", ("pause", "play"))
    yield _action(f"{deck}.load", "path", "load a music file")
    yield _action(f"{deck}.eject", "none", "empty the deck")
    yield _action(f"{deck}.cue", "press", "the CUE button: set, return, or play while held")
    yield _action(f"{deck}.cue.at", "number", "put the cue point there", "s", 0, 86400)
    yield _action(f"{deck}.seek", "number", "jump to a time", "s", 0, 86400)
    yield _action(f"{deck}.beatjump", "number", "jump by beats; negative is back", "beats", -512, 512)
    yield _action(f"{deck}.grid", "pair", "the beat grid: BPM (0: none) and first beat in seconds", "BPM, s", 0, 86400)
    for cue in range(1, HOT_CUES + 1):
        yield _action(f"{deck}.hotcue.{cue}.set", "press", "put the hot cue here (with the loop, if one runs)")
        yield _action(f"{deck}.hotcue.{cue}.go", "press", "jump to the hot cue; with slip on, only while held")
        yield _action(f"{deck}.hotcue.{cue}.clear", "press", "forget the hot cue")
        yield _action(
            f"{deck}.hotcue.{cue}.at", "pair", "put the hot cue there, with a loop of that length", "s, s", 0, 86400
        )
    yield _action(f"{deck}.loop.in", "press", "start of a loop here")
    yield _action(f"{deck}.loop.out", "press", "end of the loop here, and loop")
    yield _action(
        f"{deck}.loop.beats", "number", "loop that many beats from here (1/32 to 64); 0 leaves the loop", "beats", 0, 64
    )
    yield _action(
        f"{deck}.loop.roll",
        "number",
        "loop that many beats while held; 0 returns to where time went on",
        "beats",
        0,
        64,
    )
    yield _action(f"{deck}.loop.halve", "press", "half as long")
    yield _action(f"{deck}.loop.double", "press", "twice as long")
    yield _action(f"{deck}.loop.exit", "press", "leave the loop, or go back into the last one")
    yield _action(f"{deck}.loop.at", "pair", "put the loop there: start and end, without entering it", "s, s", 0, 86400)


def _deck_states(deck: str) -> Iterator[Control]:
    yield _state(f"{deck}.serial", "which load this is; 0 with no track; names the waveform file")
    yield _state(f"{deck}.ready", "how much of the track is decoded", "0…1")
    yield _state(f"{deck}.duration", "length of the track", "s")
    yield _state(f"{deck}.position", "what is heard now, before the output's own delay", "s")
    yield _state(f"{deck}.speed", "playing speed now, 1 is original, negative is backwards")
    yield _state(f"{deck}.held", "1 while playing waits for the decoder", "0/1")
    yield _state(f"{deck}.grid.bpm", "tempo of the grid, 0 with none", "BPM")
    yield _state(f"{deck}.grid.first", "first beat of the grid", "s")
    yield _state(f"{deck}.bpm", "tempo as heard now, 0 with no grid", "BPM")
    yield _state(f"{deck}.cue.point", "the cue point", "s")
    yield _state(f"{deck}.loop.active", "1 while looping", "0/1")
    yield _state(f"{deck}.loop.start", "start of the loop, -1 with none", "s", -1)
    yield _state(f"{deck}.loop.end", "end of the loop, -1 with none", "s", -1)
    yield _state(f"{deck}.slip.position", "where time would be without loops and scratches", "s")
    yield _state(f"{deck}.stretching", "1 while the pitch shifter is heard", "0/1")
    yield _state(f"{deck}.late", "times the pitch shifter came too late")
    for cue in range(1, HOT_CUES + 1):
        yield _state(f"{deck}.hotcue.{cue}", "where the hot cue is, -1 with none", "s", -1)
        yield _state(f"{deck}.hotcue.{cue}.length", "length of its loop, 0 for a plain cue", "s")
    yield _text(f"{deck}.title", "title of the track, or its file name")
    yield _text(f"{deck}.artist", "artist of the track")
    yield _text(f"{deck}.key_name", "musical key, as the crate knows it")
    yield _text(f"{deck}.path", "the file", PATH_BYTES)
    yield _text(f"{deck}.message", "why a track could not be loaded")


def _channel(name: str, number: int) -> Iterator[Control]:
    yield _gain(f"{name}.trim", "level before everything else", -26, 12)
    for band, where in (("low", "below 200 Hz"), ("mid", "200 Hz to 3.2 kHz"), ("high", "above 3.2 kHz")):
        yield _gain(f"{name}.eq_{band}", f"{band} band, {where}", -26, 6)
    yield Control(f"{name}.filter", "value", "low-pass to the left, high-pass to the right", "", -1, 1)
    yield Control(f"{name}.fader", "value", "channel fader", "", 0, 1, 1)
    yield _choice(f"{name}.assign", "side of the crossfader", ("thru", "a", "b"), 1 if number % 2 else 2)
    yield _toggle(f"{name}.cue", "hear the channel in the headphones")
    for side in ("left", "right"):
        yield _state(f"{name}.peak_{side}", "peak after the EQ, falling 24 dB a second", "amplitude")
        yield _state(f"{name}.rms_{side}", "RMS over 300 ms after the EQ", "amplitude")


def _mixer() -> Iterator[Control]:
    for number in range(1, DECKS + 1):
        yield from _channel(f"mixer.ch{number}", number)
    yield Control("mixer.crossfader", "value", "-1 is all A, 1 is all B", "", -1, 1)
    yield _choice(
        "mixer.crossfader_curve", "both full at the centre, constant power, or a scratch cut", ("full", "power", "cut")
    )
    yield _choice("mixer.fader_curve", "law of the channel faders", ("smooth", "linear", "sharp"))
    yield _choice("mixer.eq_mode", "isolator kills a band fully, shelf is gentle (-26 dB)", ("isolator", "shelf"))
    yield Control("mixer.resonance", "value", "how sharp the channel filters are", "", 0, 1, 0.3)
    yield _gain("mixer.main", "main level before the limiter", -60, 12)
    yield _gain("mixer.booth", "booth level, apart from main", -60, 12, -6)
    yield _toggle("mixer.limiter", "look-ahead true-peak limiter at -1 dBTP on main", 1)
    yield _gain("mixer.phones.level", "headphone level", -60, 12, -6)
    yield Control("mixer.phones.mix", "value", "0 is cue, 1 is main", "", 0, 1, 0.5)
    yield _toggle("mixer.phones.split", "cue in the left ear, main in the right")
    yield _toggle("mixer.mic.on", "open the microphone")
    yield _gain("mixer.mic.level", "microphone level", -60, 24)
    yield Control("mixer.mic.duck", "value", "how far the music steps back while someone talks", "dB", 0, 24, 12)
    for side in ("left", "right"):
        yield _state(f"mixer.main.peak_{side}", "peak of main, falling 24 dB a second", "amplitude")
        yield _state(f"mixer.main.rms_{side}", "RMS of main over 300 ms", "amplitude")
    yield _state("mixer.main.reduction", "what the limiter takes away now", "dB")
    yield _state("mixer.main.clips", "times main would have gone over the ceiling without the limiter")
    yield _state("mixer.mic.peak", "peak of the microphone", "amplitude")


def _engine() -> Iterator[Control]:
    yield _action("record.start", "none", "record main, with its set log")
    yield _action("record.stop", "none", "finish the recording")
    yield _choice("record.format", "file format of the next recording, 24 bit", ("wav", "flac"))
    yield _state("record.active", "1 while recording", "0/1")
    yield _state("record.seconds", "length on disk so far", "s")
    yield _state("record.dropped", "frames that the disk was too slow for", "frames")
    yield _state("record.free", "time that still fits on the disk", "s")
    yield _text("record.path", "the recording that runs, or the last one", PATH_BYTES)
    yield _text("record.message", "why recording stopped or did not start")
    yield _state("engine.frame", "frames since the engine started", "frames")
    yield _state("engine.samplerate", "sample rate", "Hz")
    yield _state("engine.period", "frames per period of the sound server", "frames")
    yield _state("engine.load", "share of the period that the engine uses", "%")
    yield _state("engine.xruns", "periods that came too late since start")
    yield _state("engine.refused", "actions refused because the queue was full")
    yield _state("engine.beat", "seconds on the machine's monotonic clock at the last sign of life", "s")
    yield _text("engine.backend", "what plays the sound")
    yield _text("engine.message", "what a person should know about the engine now")


@cache
def table() -> dict[str, Control]:
    """Every control by name, in a fixed order (the order is the layout of the shared memory)."""
    rows: list[Control] = []
    for number in range(1, DECKS + 1):
        deck = f"deck{number}"
        rows += [*_deck_values(deck), *_deck_actions(deck), *_deck_states(deck)]
    rows += [*_mixer(), *_engine()]
    return {row.name: row for row in rows}


def find(name: str, kinds: tuple[str, ...] = ()) -> Control:
    """The control called `name`, of one of `kinds`. InputError names the nearest one."""
    row = table().get(name)
    if row is None:
        near = difflib.get_close_matches(name, table(), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else "; `rackdeck panel` lists them"
        raise InputError(f"no control is called {name!r}{hint}")
    if kinds and row.kind not in kinds:
        raise InputError(f"{name} is {_article(row.kind)}, not {' or '.join(_article(kind) for kind in kinds)}")
    return row


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


@cache
def slots(kind: str) -> dict[str, int]:
    """Name to index in the array of one kind: `value`, `state` (switches included) or `text`."""
    kinds = ("state", "switch") if kind == "state" else (kind,)
    names = [row.name for row in table().values() if row.kind in kinds]
    return {name: index for index, name in enumerate(names)}


@cache
def layout_hash() -> int:
    """64 bits that differ whenever the arrays' layout does, so that no process reads another's layout."""
    text = "\n".join(f"{row.kind} {row.name} {row.size}" for row in table().values())
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
