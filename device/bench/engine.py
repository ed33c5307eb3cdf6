"""`engine`: what a period costs the audio thread and the stretching, by the clock of the thread that does it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from device.bench import material
from device.bench.measurement import Case, Say, Settings, spread
from device.engine.offline import OfflineEngine
from dsp_cython.stopwatch import time_periods

TITLE = "CPU time a period, by the thread's own clock; tempo +3 %, the limiter at work"
COLUMNS = (
    "decks", "keylock", "filters", "frames", "callback_median_us", "callback_p99_us", "callback_p999_us",
    "callback_worst_us", "callback_percent", "stretching_percent", "together_percent",
)  # fmt: skip
DECKS = (2, 4)
PERIODS = (64, 128, 256)
TEMPO = 3.0
CHANNEL = {"eq_low": -6.0, "eq_mid": 2.0, "eq_high": -3.0, "filter": 0.3, "trim": -1.0}
_TURNS = 10
_SETTLE_SECONDS = 0.5
_APART = 7  # periods between the starts of decks, so that their stretchers do not work in step

Times = tuple[NDArray[np.float64], NDArray[np.float64]]  # microseconds of each period: callback, stretching


def playing(decks: int, keylock: bool, filters: bool, period: int, seconds: float) -> OfflineEngine:
    """An engine whose decks play loud music for at least that long; with `filters`, all of their channels work."""
    engine = OfflineEngine(material.RATE, period)
    planes = material.music(seconds * (1 + TEMPO / 100) + 2 * _SETTLE_SECONDS)
    for deck in range(1, decks + 1):
        engine.set(f"deck{deck}.tempo", TEMPO)
        engine.set(f"deck{deck}.keylock", keylock)
        for name, value in CHANNEL.items() if filters else ():
            engine.set(f"mixer.ch{deck}.{name}", value)
        engine.load_array(deck, planes)
        engine.do(f"deck{deck}.play", 1)
        engine.render(_APART * period)
    engine.set("mixer.limiter", 1)
    engine.render(round(_SETTLE_SECONDS * material.RATE))
    engine.engine.drain()
    return engine


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Times each combination of decks, key-lock, filters and period over `settings.sound` seconds of sound."""
    for decks in DECKS:
        for keylock in (False, True):
            say(f"{decks} decks with key-lock {'on' if keylock else 'off'}")
            yield from _cases(decks, keylock, settings.sound)


def _cases(decks: int, keylock: bool, seconds: float) -> Iterator[Case]:
    """All periods without and with filters, in turns: what slows this machine down for a while slows all of them."""
    kinds = [(filters, period) for filters in (False, True) for period in PERIODS]
    engines = [playing(decks, keylock, filters, period, seconds) for filters, period in kinds]
    turns: list[list[Times]] = [[] for _ in engines]
    for _ in range(_TURNS):
        for engine, times in zip(engines, turns, strict=True):
            count = max(1, round(seconds * material.RATE / engine.period / _TURNS))
            times.append(time_periods(engine.engine, count, engine.period))
            engine.engine.drain()
    for engine, times, (filters, period) in zip(engines, turns, kinds, strict=True):
        case: Case = {"decks": decks, "keylock": keylock, "filters": filters, "frames": period}
        stretching = [engine.get(f"deck{deck}.stretching") == keylock for deck in range(1, decks + 1)]
        case |= {"stretching_right": all(stretching), "reduction_db": engine.get("mixer.main.reduction")}
        yield case | _figures(times, 1e6 * period / material.RATE)


def _figures(turns: list[Times], budget: float) -> Case:
    """`budget`: microseconds that a period lasts. Percents are of the median turn: neighbours spoil only some."""
    callback, stretching = (np.concatenate([turn[part] for turn in turns]) for part in (0, 1))
    case: Case = {"periods": callback.size}
    for part, spent in (("callback", callback), ("stretching", stretching), ("together", callback + stretching)):
        case |= spread(spent, "us", ("median", "p99", "p999", "worst"), f"{part}_")
    shares = 100 * np.array([[times.mean() for times in turn] for turn in turns]) / budget
    for part, share in (("callback", shares[:, 0]), ("stretching", shares[:, 1]), ("together", shares.sum(axis=1))):
        case[f"{part}_percent"] = float(np.median(share))
    return case
