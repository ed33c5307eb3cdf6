"""`load`: from asking for a long track to its first sound, and what a track takes of the memory."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from device.bench import material
from device.bench.box import Box, jack_server, listening, start_box
from device.bench.measurement import Case, Say, Settings, spread
from device.bench.process import resident_mb, wait_until

TITLE = "From loading an MP3 that is not in memory yet to its first sound"
COLUMNS = ()
PERIOD = 64
DECK, SECOND_DECK = 3, 4
THRESHOLD = 1e-3
# Which decks play meanwhile, and how many are loaded at the same moment; the last one is timed.
CASES = (("at rest", (), 1), ("second of two", (), 2), ("two decks play", (1, 2), 1))


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Load and play an MP3 `settings.loads` times in each case; then what the engine takes without it and with it."""
    track = material.file(settings.cache, "mp3", settings.long_track, say)
    music = material.file(settings.cache, "wav", settings.short_track, say)
    minutes = settings.long_track / 60
    with jack_server(PERIOD) as server, start_box(server) as box:
        empty = resident_mb(box.pid)
        for name, playing, at_once in CASES:
            say(f"a {minutes:g}-minute MP3 {settings.loads} times, {name}")
            for deck in playing:
                box.load(deck, music)
                box.play_for_ever(deck, material.BEATS_A_MINUTE)
            times = [_first_sound(box, track, at_once, settings.rest) for _ in range(settings.loads)]
            found = spread(times, "ms", ("min", "median", "p95", "worst"))
            yield {"of": name, "track_minutes": minutes, "n": len(times), **found}
            for deck in playing:
                _eject(box, deck)
        say("all of the track")
        time.sleep(settings.rest)
        began = time.monotonic()
        box.load(DECK, track)
        yield {"of": "all of it decoded", "track_minutes": minutes, "took_ms": 1000 * (time.monotonic() - began)}
        for name, taken in (("engine, empty", empty), ("engine, one track", resident_mb(box.pid))):
            yield {"of": name, "track_minutes": minutes, **taken}


def _first_sound(box: Box, track: Path, at_once: int, rest: float) -> float:
    """Milliseconds until the first sound of the last of `at_once` decks that are asked at the same moment."""
    decks = (DECK, SECOND_DECK)[:at_once]
    time.sleep(rest)
    _forget(track)
    with listening(f"rackdeck:deck{decks[-1]}_left") as left:
        left.arm_in_silence(THRESHOLD)
        for deck in decks:
            began = left.now()
            box.panel.do(f"deck{deck}.load", str(track))
            box.panel.do(f"deck{deck}.play", 1)
        first = left.wait(began)
    for deck in decks:
        _eject(box, deck)
    return first


def _eject(box: Box, deck: int) -> None:
    box.quiet(deck)
    box.panel.do(f"deck{deck}.eject")
    wait_until(lambda: box.number(f"deck{deck}.serial") == 0, f"deck{deck} is empty")


def _forget(file: Path) -> None:
    """Have the kernel drop what it keeps of a file."""
    with file.open("rb") as raw:
        os.fsync(raw.fileno())
        os.posix_fadvise(raw.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
