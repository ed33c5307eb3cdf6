"""The figures that Rackdeck wants to reach, and whether it did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from device.bench import latency
from device.bench.measurement import Case, Cell

Results = dict[str, list[Case]]


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that should be at most `most`.

    `got` finds it in the results, None where it was not measured; `certain` says whether they can tell.
    """

    name: str
    most: float
    unit: str
    got: Callable[[Results], float | None]
    certain: Callable[[Results], bool] = lambda _results: True


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


def _nothing_stolen(results: Results) -> bool:
    return not any(_numbers(results, "xruns", "stolen_seconds"))


def _alone(results: Results) -> bool:
    """Whether others left the machine to what was measured by the wall's clock."""
    return not any(cores > 0.5 for cores in _numbers(results, "sync", "others_cores"))


_CHAIN, _PACED = "companion, full chain, Granian", "70 % of saturation"
_FLASK, _DJANGO = "bare Flask, gunicorn gthread", "Django's chain, Granian"

GOALS = (
    Goal(
        "4 decks with key-lock, every filter, 64 frames",
        25,
        "% of a core",
        _one("engine", "together_percent", decks=4, keylock=True, filters=True, frames=64),
    ),
    Goal(
        "2 decks without key-lock, every filter, 64 frames",
        5,
        "% of a core",
        _one("engine", "together_percent", decks=2, keylock=False, filters=True, frames=64),
    ),
    Goal(
        "2 decks with key-lock, every filter, 256 frames",
        12,
        "% of a core",
        _one("engine", "together_percent", decks=2, keylock=True, filters=True, frames=256),
    ),
    Goal("action to first changed sample, median", 2, "ms", _one("latency", "median_ms", of=latency.PLAY)),
    Goal("action to first changed sample, p99", 5, "ms", _one("latency", "p99_ms", of=latency.PLAY)),
    Goal("xruns that a GIL hog adds", 0, "xruns", _hog_adds, _nothing_stolen),
    Goal(
        "10-minute MP3 to its first sound, median",
        150,
        "ms",
        _one("load", "median_ms", of="at rest", track_minutes=10.0),
    ),
    Goal("varispeed THD+N, 1 to 10 kHz at +8 %", -80, "dB", _highest("quality", "thd_n_db", of="varispeed")),
    Goal("varispeed aliasing, up to 22 kHz", -80, "dB", _highest("quality", "alias_db")),
    Goal("key-lock pitch error", 2, "cents", _furthest("quality", "pitch_cents", of="key-lock")),
    Goal("key-lock level error", 0.5, "dB", _furthest("quality", "level_db", of="key-lock")),
    Goal("largest step at play, stop, jump, loop, reverse", 1, "× the sound's own", _highest("quality", "step_ratio")),
    Goal("loudest sample that silence gives", 0, "of full scale", _one("quality", "loudest", of="silence")),
    Goal("GET through the companion's full chain", 200, "us of CPU", _one("companion", "cpu_us", server=_CHAIN)),
    Goal("the same, beside bare Flask on gunicorn", 1, "of its", _one("companion", "share", server=_FLASK)),
    Goal("the same, beside Django's chain", 0.5, "of its", _one("companion", "share", server=_DJANGO)),
    Goal("companion at 70 %, p50", 50, "ms", _one("companion", "p50_ms", at=_PACED)),
    Goal("companion at 70 %, p95", 200, "ms", _one("companion", "p95_ms", at=_PACED)),
    Goal("companion at 70 %, p99", 500, "ms", _one("companion", "p99_ms", at=_PACED)),
    Goal("live event to one of 50 pages", 12, "us of CPU", _one("companion", "cpu_us_a_delivery")),
    Goal("live event to 50 pages, p95", 20, "ms", _one("companion", "p95_ms", pages=50)),
    Goal("start of the companion", 3, "s", _one("service", "median_s", of="start")),
    Goal("memory of all its processes at rest", 512, "MB", _one("service", "memory_mb", of="start")),
    Goal(
        "an upload, beside the same to the bare disk", 1.25, "times as long", _one("service", "times_disk", of="upload")
    ),
    Goal("list of 10,000 tracks, p95", 200, "ms", _one("service", "p95_ms", of="list")),
    Goal("search of 1 M tracks, p95", 50, "ms", _highest("service", "p95_ms", of="search", tracks=1_000_000)),
    Goal("event up through one consumer (3,000 a second)", 333, "us", _one("sync", "us_an_event"), _alone),
    Goal("commit on a box to its effect, p95", 100, "ms", _one("sync", "p95_ms", of="commit to its effect"), _alone),
    Goal(
        "earnings posted to a box's board, p95", 100, "ms", _one("sync", "p95_ms", of="earnings to the board"), _alone
    ),
    Goal("100,000 events after a week offline", 60, "s", _one("sync", "week_seconds"), _alone),
    Goal("messages lost in all faults", 0, "messages", _one("sync", "lost")),
    Goal("messages with two effects in all faults", 0, "messages", _one("sync", "doubled")),
)


def judge(results: Results) -> dict[str, dict[str, object]]:
    """Every goal whose figure was measured: what it is, what came out, whether it was met (None: cannot be told)."""
    found: dict[str, dict[str, object]] = {}
    for goal in GOALS:
        got = goal.got(results)
        if got is not None:
            met = got <= goal.most if goal.certain(results) else None
            found[goal.name] = {"goal": goal.most, "got": got, "met": met, "unit": goal.unit}
    return found
