"""What a measurement is given (settings, a voice for its progress) and what it gives (cases of figures)."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import MachineError

Say = Callable[[str], None]
Cell = float | int | str | bool | None
Case = dict[str, Cell]

# Name of a figure: which share of the values lies below it.
SHARES = {"min": 0.0, "median": 50.0, "p95": 95.0, "p99": 99.0, "p999": 99.9, "worst": 100.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how often is measured. Times are in seconds; `cache` is where made music files stay."""

    cache: Path
    sound: float = 10.0  # of sound in each timed case of the engine
    watch: float = 60.0  # of each of the three loads under which xruns are counted
    turns: int = 6  # in which these loads alternate, so that what neighbours do meets all of them
    presses: int = 200
    loads: int = 8
    rest: float = 1.5  # between loads: a decoder is kept warm, and the next one needs a moment
    long_track: float = 600.0
    short_track: float = 60.0  # of which the first 16 are looped
    excerpt: float = 30.0  # decoded and rendered
    repeats: int = 3
    drawn: float = 5.0  # of the display
    peer_watch: float = 4.0
    peer_presses: int = 20
    peer_rounds: int = 2

    @classmethod
    def quick(cls, cache: Path) -> "Settings":
        """Less of everything, for a look within a minute."""
        return cls(
            cache, sound=1.0, watch=3.0, turns=1, presses=30, loads=2, rest=1.0, long_track=60.0, excerpt=20.0,
            repeats=2, drawn=2.0, peer_watch=2.0, peer_presses=10, peer_rounds=1,
        )  # fmt: skip


def usual_cache() -> Path:
    """A folder of this user's in the machine's temporary one. MachineError when somebody else made it."""
    folder = Path(tempfile.gettempdir()) / f"rackdeck-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise MachineError(f"{folder} belongs to another user; remove it, or set TMPDIR to another folder")
    return folder


def spread(
    values: Sequence[float] | NDArray[np.float64],
    unit: str,
    names: Sequence[str] = ("min", "median", "p95", "p99", "worst"),
    prefix: str = "",
) -> Case:
    """`{"median_ms": …}` and so on, None without values. A percentile is a value that occurred, never one between."""
    found: Case = {}
    for name in names:
        key = f"{prefix}{name}_{unit}"
        found[key] = float(np.percentile(values, SHARES[name], method="higher")) if len(values) else None
    return found
