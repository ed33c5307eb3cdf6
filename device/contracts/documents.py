"""Documents that both sides edit (playlists, sets and their notes): Yjs updates, which merge in any order.

Content is agreed on by name: map `about` (title, and what else the kind has), array `tracks` of maps with the fields of
`values.Track`, each with a text `note`; text `notes`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.errors import Malformed
from device.contracts.shapes import Bytes, Whole
from device.contracts.values import Id

Kind = Literal["playlist", "set"]
PART_BYTES = 256 * 1024
MOST_PARTS = 64
_Number = Annotated[int, Whole(1, MOST_PARTS)]


@dataclass(frozen=True, slots=True)
class Update:
    """A Yjs update (version 1 of its encoding), or a part of a long one; parts follow each other in the stream."""

    document: Id
    of: Kind
    update: Annotated[bytes, Bytes(PART_BYTES)]
    part: _Number = 1
    parts: _Number = 1


@dataclass(frozen=True, slots=True)
class State:
    """What the sender has of a document, as a Yjs state vector; the other side answers with what is missing."""

    document: Id
    of: Kind
    vector: Annotated[bytes, Bytes(64 * 1024)]


@dataclass(frozen=True, slots=True)
class Gone:
    """The document was deleted, or, said to a box, is no longer its own to see."""

    document: Id


def split(document: str, of: Kind, update: bytes) -> Iterator[Update]:
    """The messages of one update. ValueError when it is longer than 16 MiB."""
    parts = max(1, -(-len(update) // PART_BYTES))
    if parts > MOST_PARTS:
        raise ValueError(f"an update has at most {MOST_PARTS * PART_BYTES} bytes, not {len(update)}")
    for number in range(parts):
        yield Update(document, of, update[number * PART_BYTES :][:PART_BYTES], number + 1, parts)


def join(parts: Iterable[Update]) -> bytes:
    """The update whose parts these are. Malformed when one is missing or another's."""
    found = list(parts)
    numbers = [(one.part, one.parts, one.document) for one in found]
    if not found or numbers != [(at, len(found), found[0].document) for at in range(1, len(found) + 1)]:
        raise Malformed("is not the whole of an update")
    return b"".join(one.update for one in found)
