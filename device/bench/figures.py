"""Many measured values as the few numbers that describe them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Cell = float | int | str | bool | None
Case = dict[str, Cell]

# Name of a figure: which share of the values lies below it.
SHARES = {"min": 0.0, "median": 50.0, "p95": 95.0, "p99": 99.0, "p999": 99.9, "worst": 100.0}


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


def rounded(value: Cell) -> Cell:
    """With four digits that count: more would pretend."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
