"""`load`: from asking for a long track to its first sound."""

import time
from collections.abc import Iterator

from device.bench import ear, figures, material
from device.bench.box import Box, engine, jack_server
from device.bench.children import wait_until
from device.bench.figures import Case
from device.bench.settings import Say, Settings

PERIOD = 64
DECK, SECOND_DECK = 3, 4
THRESHOLD = 1e-3
_NAMES = ("min", "median", "p95", "worst")


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Load and play an MP3 `settings.loads` times: on a box at rest, beside another load, with two decks playing."""
    track = str(material.file(settings.cache, "mp3", settings.long_track, say))
    minutes = settings.long_track / 60
    with jack_server(PERIOD) as server, engine(server) as box:
        time.sleep(settings.rest)
        say(f"decoding all of a {minutes:g}-minute MP3")
        whole = _whole(box, track, settings.rest)
        for case, playing, at_once in (("at rest", 0, 1), ("second of two", 0, 2), ("two decks play", 2, 1)):
            for deck in range(1, playing + 1):
                box.load(deck, material.file(settings.cache, "wav", settings.short_track, say))
                box.loop(deck, material.BEATS_A_MINUTE)
                box.panel.set(f"deck{deck}.play", 1)
            say(f"loading a {minutes:g}-minute MP3 {settings.loads} times, {case}")
            times = [_load(box, track, at_once, settings.rest) for _ in range(settings.loads)]
            yield {
                "case": case,
                "playing": playing,
                "track_minutes": minutes,
                "n": len(times),
                **figures.spread(times, "ms", _NAMES),
                "whole_track_ms": whole,
            }


def _ask(box: Box, deck: int, path: str) -> None:
    box.panel.do(f"deck{deck}.load", path)
    box.panel.do(f"deck{deck}.play", 1)


def _leave(box: Box, deck: int) -> None:
    box.quiet(deck)
    box.panel.do(f"deck{deck}.eject")
    wait_until(lambda: box.number(f"deck{deck}.serial") == 0, f"deck{deck} is empty")


def _load(box: Box, path: str, at_once: int, rest: float) -> float:
    """Milliseconds until the first sound of the last of `at_once` decks that are asked at the same moment."""
    last = (DECK, SECOND_DECK)[at_once - 1]
    with ear.listening(f"rackdeck:deck{last}_left") as left:
        left.arm(THRESHOLD)
        if at_once == 2:
            _ask(box, DECK, path)
        began = left.now()
        _ask(box, last, path)
        first = left.wait(began)
    for deck in (DECK, SECOND_DECK)[:at_once]:
        _leave(box, deck)
    time.sleep(rest)
    return first


def _whole(box: Box, path: str, rest: float) -> float:
    """Milliseconds until all of the track is there."""
    began = time.monotonic()
    _ask(box, DECK, path)
    wait_until(lambda: box.number(f"deck{DECK}.ready") == 1, "all is decoded")
    took = 1000 * (time.monotonic() - began)
    _leave(box, DECK)
    time.sleep(rest)
    return took
