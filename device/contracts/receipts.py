"""Receipts: how far each stream has taken effect; and what a sender says of its numbering when it (re)connects."""

from dataclasses import dataclass
from typing import Annotated

from device.contracts.shapes import WHOLE_MOST, Items, Text, Whole
from device.contracts.topics import STREAM
from device.contracts.values import Id

Stream = Annotated[str, Text(20, 1, STREAM)]
Number = Annotated[int, Whole(1, WHOLE_MOST)]


@dataclass(frozen=True, slots=True)
class Cursor:
    """All messages of this numbering up to `upto` have had their effect."""

    stream: Stream
    epoch: Id
    upto: Annotated[int, Whole()]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the receiver's cursors stand. A lost one is no loss: the next says more."""

    cursors: Annotated[tuple[Cursor, ...], Items(64)]


@dataclass(frozen=True, slots=True)
class Numbering:
    """A stream as its sender has it: `first` is the lowest number that was not receipted, `next` the one to come."""

    stream: Stream
    epoch: Id
    first: Number
    next: Number


@dataclass(frozen=True, slots=True)
class Opening:
    """What a sender has, if anything, said when it connects and after each silence; answered with a receipt."""

    streams: Annotated[tuple[Numbering, ...], Items(64)]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Stands in a stream for the messages from its own number up to `upto`, which were thinned out and never come."""

    upto: Number
