"""Status: what a box is doing now. Retained by the broker, so that whoever comes later sees it at once.

A box publishes `status.online` when it connects and whenever what it says changes, and leaves `status.offline` as its
will. Both carry the connection's epoch: a will that arrives after the birth of a newer connection is out of date.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.health import Storage, Versions
from device.contracts.shapes import Items
from device.contracts.values import Count, DeckNumber, Id, Line, Seconds, Sentence, Tempo


@dataclass(frozen=True, slots=True)
class Deck:
    """What is on a deck. position: seconds into the track when this was said."""

    deck: DeckNumber
    title: Line
    artist: Line = ""
    playing: bool = False
    position: Seconds = 0.0
    seconds: Seconds = 0.0
    tempo: Tempo | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The set that is going on. left: seconds of recording that still fit on the disk."""

    set: Id
    title: Line
    seconds: Seconds
    tracks: Count
    recording: bool = False
    left: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Online:
    """A box is there. boot: new with each start of the machine; uptime counts from there. waiting: messages."""

    name: Line
    model: Line
    boot: Id
    uptime: Seconds
    versions: Versions
    storage: Storage
    engine: Literal["running", "starting", "stopped"]
    waiting: Count = 0
    decks: Annotated[tuple[Deck, ...], Items(8)] = ()
    set: Progress | None = None
    words: Sentence = ""


@dataclass(frozen=True, slots=True)
class Offline:
    """A box is gone: `lost` is said by the broker in its place. words: the last it had to say."""

    reason: Literal["lost", "stopped", "restarting", "updating", "reset"]
    words: Sentence = ""
