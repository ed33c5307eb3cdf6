"""The figures that Rackdeck wants to reach, and whether it did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from device.bench.figures import Case, Cell

Results = dict[str, list[Case]]
_AT_64 = {"frames": 64, "eq": True}
_AT_256 = {"frames": 256, "eq": True}


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that should be at most `most`. `got` finds it in the results, None where it was not measured."""

    name: str
    most: float
    unit: str
    got: Callable[[Results], float | None]


def _numbers(results: Results, name: str, key: str, **wanted: Cell) -> Iterator[float]:
    for case in results.get(name, []):
        value = case.get(key)
        if isinstance(value, float | int) and all(case.get(field) == cell for field, cell in wanted.items()):
            yield float(value)


def _one(name: str, key: str, **wanted: Cell) -> Callable[[Results], float | None]:
    return lambda results: next(_numbers(results, name, key, **wanted), None)


def _highest(name: str, key: str, **wanted: Cell) -> Callable[[Results], float | None]:
    return lambda results: max(_numbers(results, name, key, **wanted), default=None)


def _furthest(name: str, key: str, **wanted: Cell) -> Callable[[Results], float | None]:
    return lambda results: max((abs(value) for value in _numbers(results, name, key, **wanted)), default=None)


def _hog_adds(results: Results) -> float | None:
    idle, hog = (_one("xruns", "xruns", load=load)(results) for load in ("idle", "GIL hog"))
    return None if idle is None or hog is None else max(0.0, hog - idle)


GOALS = (
    Goal(
        "4 decks with key-lock, EQ and limiter, 64 frames",
        25,
        "% of a core",
        _one("engine", "together_percent", decks=4, keylock=True, **_AT_64),
    ),
    Goal(
        "2 decks without key-lock, 64 frames",
        5,
        "% of a core",
        _one("engine", "together_percent", decks=2, keylock=False, **_AT_64),
    ),
    Goal(
        "2 decks with key-lock, 256 frames",
        12,
        "% of a core",
        _one("engine", "together_percent", decks=2, keylock=True, **_AT_256),
    ),
    Goal("action to first changed sample, median", 2, "ms", _one("latency", "median_ms", of="play, over the socket")),
    Goal("action to first changed sample, p99", 5, "ms", _one("latency", "p99_ms", of="play, over the socket")),
    Goal("xruns that a GIL hog adds", 0, "xruns", _hog_adds),
    Goal(
        "10-minute MP3 to its first sound, median",
        150,
        "ms",
        _one("load", "median_ms", case="at rest", track_minutes=10.0),
    ),
    Goal("varispeed THD+N, 1 to 10 kHz at +8 %", -80, "dB", _highest("quality", "thd_n_db", of="varispeed")),
    Goal("varispeed aliasing, 1 to 10 kHz at +8 %", -80, "dB", _highest("quality", "alias_db", of="varispeed")),
    Goal("key-lock pitch error", 2, "cents", _furthest("quality", "pitch_cents", of="key-lock")),
    Goal("key-lock level error", 0.5, "dB", _furthest("quality", "level_db", of="key-lock")),
    Goal("largest step at play, stop, jump, loop, reverse", 1, "× the sound's own", _highest("quality", "step_ratio")),
    Goal("loudest sample that silence gives", 0, "of full scale", _one("quality", "loudest", of="silence")),
)


def judge(results: Results) -> dict[str, dict[str, object]]:
    """Every goal whose figure was measured: what it is, what came out, whether it was met."""
    found: dict[str, dict[str, object]] = {}
    for goal in GOALS:
        got = goal.got(results)
        if got is not None:
            found[goal.name] = {"goal": goal.most, "got": got, "met": got <= goal.most, "unit": goal.unit}
    return found
