"""Earnings: the cards on a box's screen. Whole micro-units with their currency, never a fraction."""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.shapes import Items, Text
from device.contracts.values import Count, Currency, Day, Id, Line, Micros, Ms


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """What one release earned."""

    release: Id
    title: Line
    month: Micros
    total: Micros


@dataclass(frozen=True, slots=True)
class Card:
    """One currency's sums; currencies are never added up. releases: those that earn most, first."""

    currency: Currency
    today: Micros
    month: Micros
    total: Micros
    releases: Annotated[tuple[ReleaseLine, ...], Items(50)] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """What made the cards change: shown as it comes in. A negative amount takes an earlier one back."""

    source: Literal["store", "gig", "merchandise", "stream", "other"]
    title: Line
    amount: Micros
    currency: Currency


@dataclass(frozen=True, slots=True)
class Cards:
    """All cards of the box's owner. Those of a lower revision are out of date.

    day: the `today` that is meant, in the owner's time zone; on another day a box shows it by its date.
    """

    revision: Count
    computed: Ms
    day: Day
    zone: Annotated[str, Text(60, 1, "[A-Za-z0-9_+/-]+", "IANA time zone")]
    cards: Annotated[tuple[Card, ...], Items(10)]
    posted: Posted | None = None
