"""`decode`: how fast files of each format are read, as a multiple of the speed at which they play."""

import time
from collections.abc import Iterator

import numpy as np

from device.bench import material
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.engine.whole import load_whole

_SLACK_SECONDS = 0.2  # lossy encoders add a little at the ends


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """The median of a few readings of the same file; starting the decoder and converting 44.1 kHz are part of it."""
    for suffix in material.FORMATS:
        rate = 48000 if suffix == "opus" else 44100
        path = material.file(settings.cache, suffix, settings.excerpt, say, rate)
        say(f"decoding {suffix}")
        times, seconds = [], 0.0
        for _ in range(settings.repeats):
            began = time.perf_counter()
            track = load_whole([path], material.RATE)[path]
            times.append(time.perf_counter() - began)
            seconds = track.seconds
            track.close()
        took = float(np.median(times))
        yield {
            "format": suffix,
            "seconds": seconds,
            "whole": abs(seconds - settings.excerpt) < _SLACK_SECONDS,
            "took_ms": 1000 * took,
            "times_real_time": seconds / took,
        }
