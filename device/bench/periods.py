"""`engine`: what a period costs the audio thread, by that thread's own clock."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from device.bench import figures, material
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.engine.offline import OfflineEngine
from dsp_cython.stopwatch import time_periods

Times = tuple[NDArray[np.float64], NDArray[np.float64]]  # microseconds of each period: callback, stretching

DECKS = (2, 4)
PERIODS = (64, 128, 256)
TEMPO = 3.0
_TURNS = 5
_SETTLE_SECONDS = 0.5
_APART = 7  # periods between the starts of decks, so that their stretchers do not work in step


def playing(decks: int, keylock: bool, eq: bool, period: int, seconds: float) -> OfflineEngine:
    """An engine whose decks play loud music at +3 %; with `eq`, every filter of their channels is at work."""
    engine = OfflineEngine(material.RATE, period)
    planes = material.music(seconds * (1 + TEMPO / 100) + 2 * _SETTLE_SECONDS)
    for deck in range(1, decks + 1):
        engine.set(f"deck{deck}.tempo", TEMPO)
        engine.set(f"deck{deck}.keylock", keylock)
        if eq:
            for name, value in (("eq_low", -6.0), ("eq_mid", 2.0), ("eq_high", -3.0), ("filter", 0.3), ("trim", -1.0)):
                engine.set(f"mixer.ch{deck}.{name}", value)
        engine.load_array(deck, planes)
        engine.do(f"deck{deck}.play", 1)
        engine.render(_APART * period)
    engine.set("mixer.limiter", 1)
    engine.render(round(_SETTLE_SECONDS * material.RATE))
    engine.engine.drain()
    return engine


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Times each combination of decks, key-lock, EQ and period over `settings.sound` seconds of sound."""
    for decks in DECKS:
        for keylock in (False, True):
            say(f"timing {decks} decks with key-lock {'on' if keylock else 'off'}")
            yield from _cases(decks, keylock, settings.sound)


def _cases(decks: int, keylock: bool, seconds: float) -> Iterator[Case]:
    """All periods with and without EQ, in turns: what slows this machine down for a while slows all of them."""
    kinds = [(eq, period) for eq in (False, True) for period in PERIODS]
    engines = [playing(decks, keylock, eq, period, seconds) for eq, period in kinds]
    times: list[list[Times]] = [[] for _ in kinds]
    for _ in range(_TURNS):
        for engine, found in zip(engines, times, strict=True):
            count = max(1, round(seconds * material.RATE / engine.period / _TURNS))
            found.append(time_periods(engine.engine, count, engine.period))
            engine.engine.drain()
    for engine, found, (eq, period) in zip(engines, times, kinds, strict=True):
        heard = all(engine.get(f"deck{deck}.stretching") == keylock for deck in range(1, decks + 1))
        case: Case = {"decks": decks, "keylock": keylock, "eq": eq, "frames": period, "stretching_right": heard}
        case["reduction_db"] = engine.get("mixer.main.reduction")
        yield case | _figures(found, 1e6 * period / material.RATE)


def _figures(times: list[Times], budget: float) -> Case:
    """`budget`: microseconds that a period lasts."""
    callback, stretching = (np.concatenate([turn[part] for turn in times]) for part in (0, 1))
    case: Case = {"periods": callback.size}
    for part, spent in (("callback", callback), ("stretching", stretching), ("together", callback + stretching)):
        case |= figures.spread(spent, "us", ("median", "p99", "p999", "worst"), f"{part}_")
        case[f"{part}_percent"] = float(100 * np.mean(spent) / budget)
    return case
