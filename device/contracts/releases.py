"""Releases: where each stands on its way to the stores."""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.shapes import Items
from device.contracts.values import Day, Id, Line, Ms, Sentence

Stage = Literal["draft", "review", "changes wanted", "scheduled", "delivered", "live", "rejected", "taken down"]


@dataclass(frozen=True, slots=True)
class Store:
    """One store's word on a release."""

    name: Line
    stage: Stage
    said: Sentence = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A release's status changed; this is all of it. date: the release date; said: why, or what to do."""

    release: Id
    title: Line
    artist: Line
    stage: Stage
    changed: Ms
    date: Day | None = None
    said: Sentence = ""
    stores: Annotated[tuple[Store, ...], Items(100)] = ()
