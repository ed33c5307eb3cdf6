"""`render`: how fast a set log of two decks becomes a file, as a multiple of the speed at which it plays."""

import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.bench import material
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.decks.setlog import Event, SetLog
from device.engine.render import render_file

_WRITE_EVERY = 0.5  # seconds between turns of the crossfader


def script(tracks: tuple[Path, Path], seconds: float, keylock: bool) -> SetLog:
    """Two decks at +3 and -2 % under a crossfader that moves all the while."""
    log = SetLog(seconds=seconds, load={"deck1": str(tracks[0]), "deck2": str(tracks[1])})
    for deck, tempo in (("deck1", 3.0), ("deck2", -2.0)):
        log.events += [Event(0.0, f"{deck}.tempo", tempo), Event(0.0, f"{deck}.keylock", float(keylock))]
        log.events.append(Event(0.0, f"{deck}.play", 1.0))
    for step in range(int(seconds / _WRITE_EVERY)):
        log.events.append(Event(step * _WRITE_EVERY, "mixer.crossfader", round(float(np.sin(step / 7)), 3)))
    return log


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Decoding, rendering and writing a 24-bit WAV, without and with key-lock."""
    tracks = (
        material.file(settings.cache, "wav", settings.excerpt * 1.05, say, 44100),
        material.file(settings.cache, "flac", settings.excerpt, say, 44100),
    )
    with tempfile.TemporaryDirectory(prefix="rackdeck-bench-") as folder:
        for keylock in (False, True):
            say(f"rendering a set with key-lock {'on' if keylock else 'off'}")
            source, target = Path(folder, "set.json"), Path(folder, "set.wav")
            source.write_text(script(tracks, settings.excerpt, keylock).as_json(), encoding="utf-8")
            began = time.perf_counter()
            seconds = render_file(source, target)
            took = time.perf_counter() - began
            yield {
                "decks": 2,
                "keylock": keylock,
                "seconds": seconds,
                "frames_written": _frames(target),
                "took_ms": 1000 * took,
                "times_real_time": seconds / took,
            }


def _frames(path: Path) -> int:
    with wave.open(str(path)) as file:
        return int(file.getnframes())
