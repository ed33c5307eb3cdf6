"""Live state for who is looking: the values of a box's panel, as they change. Not numbered, may be lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from device.contracts.shapes import Items, Real, Text
from device.contracts.values import Name, Value

MOST_VALUES = 300


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody looks: tell the values whose names begin like this, for so many seconds; said again while they look."""

    seconds: Annotated[float, Real(0, 60, "seconds")]
    names: Annotated[tuple[Annotated[str, Text(80, 1, "[a-z0-9_.]+")], ...], Items(32)]


@dataclass(frozen=True, slots=True)
class Values:
    """Values that changed, by name; `whole`: all that are watched, changed or not, so that a gap is mended."""

    values: Annotated[Mapping[Name, Value], Items(MOST_VALUES)]
    whole: bool = False
