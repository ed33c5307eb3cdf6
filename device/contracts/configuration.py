"""Configuration: a box's settings as its owner made them in the companion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from device.contracts.shapes import Items
from device.contracts.values import Count, Name, Sentence, Value


@dataclass(frozen=True, slots=True)
class Wanted:
    """All settings that the companion decides. Those of a lower revision are out of date; others stay as they are."""

    revision: Count
    settings: Annotated[Mapping[Name, Value], Items(200)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A setting that the box does not take, and why."""

    name: Name
    said: Sentence


@dataclass(frozen=True, slots=True)
class Applied:
    """The box goes by this revision now, but for what it refused."""

    revision: Count
    refused: Annotated[tuple[Refusal, ...], Items(200)] = ()
