"""`speed`: how fast music files are decoded and a set log is rendered, as multiples of the speed at which they play."""

import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.bench import material
from device.bench.measurement import Case, Say, Settings
from device.decks.setlog import Event, SetLog
from device.engine.render import render_file
from device.engine.whole import WholeTracks

TITLE = "Decoding a file of 44.1 kHz, and rendering a set of two decks into a 24-bit WAV"
COLUMNS = ()
_SLACK_SECONDS = 0.2  # lossy encoders add a little at the ends
_SHORT = 1.0
_WRITE_EVERY = 0.5  # seconds between turns of the crossfader


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Every format, then a render without and with key-lock, which decodes its two tracks first."""
    for suffix in material.FORMATS:
        say(f"decoding {suffix}")
        yield _decoding(settings, suffix, say)
    tracks = (
        material.file(settings.cache, "wav", settings.excerpt * 1.05, say, 44100),
        material.file(settings.cache, "flac", settings.excerpt, say, 44100),
    )
    for keylock in (False, True):
        say(f"rendering a set with key-lock {'on' if keylock else 'off'}")
        yield _rendering(tracks, settings.excerpt, keylock)


def _decoding(settings: Settings, suffix: str, say: Say) -> Case:
    """The fastest of a few readings, of a short file and a long one: what lies between them has no start in it."""
    rate = 48000 if suffix == "opus" else 44100
    took, heard = [], []
    for seconds in (_SHORT, settings.excerpt):
        path = material.file(settings.cache, suffix, seconds, say, rate)
        times = []
        for _ in range(settings.repeats):
            began = time.perf_counter()
            with WholeTracks(material.RATE) as whole:
                track = whole.load(path)
            times.append(time.perf_counter() - began)
            heard.append(track.seconds)
            track.close()
        took.append(min(times))
    return {
        "decoded": suffix,
        "seconds": heard[-1],
        "whole": abs(heard[-1] - settings.excerpt) < _SLACK_SECONDS,
        "starting_ms": 1000 * took[0],
        "took_ms": 1000 * took[1],
        "times_real_time": (heard[-1] - heard[0]) / (took[1] - took[0]),
    }


def script(tracks: tuple[Path, Path], seconds: float, keylock: bool) -> SetLog:
    """Two decks at +3 and -2 % under a crossfader that moves all the while."""
    log = SetLog(seconds=seconds, load={"deck1": str(tracks[0]), "deck2": str(tracks[1])})
    for deck, tempo in (("deck1", 3.0), ("deck2", -2.0)):
        log.events += [Event(0.0, f"{deck}.tempo", tempo), Event(0.0, f"{deck}.keylock", float(keylock))]
        log.events.append(Event(0.0, f"{deck}.play", 1.0))
    for step in range(int(seconds / _WRITE_EVERY)):
        log.events.append(Event(step * _WRITE_EVERY, "mixer.crossfader", round(float(np.sin(step / 7)), 3)))
    return log


def _rendering(tracks: tuple[Path, Path], seconds: float, keylock: bool) -> Case:
    with tempfile.TemporaryDirectory(prefix="rackdeck-bench-") as folder:
        source, target = Path(folder, "set.json"), Path(folder, "set.wav")
        source.write_text(script(tracks, seconds, keylock).as_json(), encoding="utf-8")
        began = time.perf_counter()
        rendered = render_file(source, target)
        took = time.perf_counter() - began
        with wave.open(str(target)) as file:
            frames = file.getnframes()
    return {
        "rendered": "key-lock" if keylock else "no key-lock",
        "seconds": rendered,
        "frames_written": frames,
        "took_ms": 1000 * took,
        "times_real_time": rendered / took,
    }
