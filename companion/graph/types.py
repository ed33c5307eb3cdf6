"""What can be asked for. Names and meanings are those of the REST answers."""

from collections.abc import Iterable
from typing import Any, Generic, NewType, TypeVar

import strawberry

from companion.graph.batch import Siblings

Row = TypeVar("Row")
Json = strawberry.scalars.JSON
Long = NewType("Long", int)
LONG = strawberry.scalar(
    name="Long",
    serialize=int,
    parse_value=int,
    description="A whole number of up to 53 bits: milliseconds since 1970, or bytes.",
)


@strawberry.type(description="A page of a list; `next`, given as `after`, asks for the following one.")
class Page(Generic[Row]):
    """Rows and the next cursor."""

    items: list[Row]
    next: str


@strawberry.type(description="Where you are signed in. Times are milliseconds since 1970.")
class SessionInfo:
    """A session."""

    id: strawberry.ID
    agent: str
    address: str
    created: Long
    seen: Long
    current: bool


@strawberry.type(description="Your account.")
class Me:
    """The caller."""

    id: strawberry.ID
    email: str
    name: str
    access: str
    tier: str
    created: Long
    verified: bool
    sessions: list[SessionInfo]
    flags: list[str]


@strawberry.type(description="A track. `tempo` is in beats a minute, `loudness` in LUFS, `seconds` its length.")
class Track:
    """A row of the catalogue."""

    id: strawberry.ID
    own: bool
    title: str
    artist: str
    album: str
    year: int | None
    genre: str
    tempo: float | None
    key: str
    seconds: float
    format: str
    loudness: float | None
    artwork: str
    recording: str
    hash: str
    version: int
    created: Long
    changed: Long


@strawberry.type(description="Who had which part in a track.")
class Credit:
    """A contributor."""

    artist: strawberry.ID
    name: str
    role: str


@strawberry.type(description="A version or a stem of a track.")
class Recording:
    """A sound file of a track."""

    id: strawberry.ID
    number: int
    kind: str
    label: str
    name: str
    format: str
    size: Long
    created: Long
    facts: Json


@strawberry.type(description="A place in seconds, or a loop when it has an end.")
class Marker:
    """A marker."""

    id: strawberry.ID
    start: float
    end: float | None
    label: str
    colour: int


@strawberry.type(description="All that is known of a track.")
class WholeTrack(Track):
    """A track with what belongs to it."""

    number: str
    isrc: str
    label: str
    copyright: str
    notes: str
    credits: list[Credit]
    recordings: list[Recording]
    markers: list[Marker]
    analysis: Json


@strawberry.type(description="Something of the catalogue in a project; `subject` is its id there.")
class Content:
    """An item of a project."""

    id: strawberry.ID
    kind: str
    subject: strawberry.ID
    name: str
    position: int
    adder: strawberry.ID
    adder_name: str
    added: Long


@strawberry.type(description="A project that you work on.")
class Project:
    """A project."""

    id: strawberry.ID
    title: str
    notes: str | None
    status: str
    tempo: float | None
    key: str
    cover: str
    owner: strawberry.ID
    owner_name: str
    role: str
    members: int
    version: int
    created: Long
    changed: Long
    archived: Long | None
    content_count: int
    siblings: strawberry.Private[Siblings[Content]]

    @strawberry.field(description="What is in it, in its order.")
    def contents(self) -> list[Content]:
        """Fetched for all projects of the page at once."""
        return self.siblings.of(self.id)


@strawberry.type(description="One of your boxes, and what it said last.")
class Box:
    """A box."""

    id: strawberry.ID
    name: str
    model: str
    claimed: Long | None
    online: bool
    seen: Long | None
    versions: Json
    storage_used: Long | None
    storage_total: Long | None
    playing: str


@strawberry.type(description="Something that you should know: `text` says it, `link` leads to it.")
class Notice:
    """A notice."""

    id: strawberry.ID
    kind: str
    text: str
    link: str
    at: Long
    read: Long | None


def filled(kind: type[Row], row: dict[str, Any], **more: Any) -> Row:
    """An object of a type from a row that may have more in it."""
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return kind(**{name: value for name, value in row.items() if name in names} | more)


def filled_all(kind: type[Row], rows: Iterable[dict[str, Any]]) -> list[Row]:
    """The same for many."""
    return [filled(kind, row) for row in rows]
