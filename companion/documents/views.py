"""/api/v1/documents."""

from typing import Any, Literal

from pydantic import Field

from companion.database import new_id
from companion.documents import service
from companion.web.api import ONE_LINE, Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging
from device.documents import LONGEST_NOTE, LONGEST_NOTES, LONGEST_TITLE, Entry

api = Api("documents", "Playlists and the notes of sets", "/documents")
READ = Rule(Access.ARTIST, "documents:read", "page")
WRITE = Rule(Access.ARTIST, "documents:write")
AT_ONCE = 500  # tracks in one request


class DocumentOut(Answer):
    """A document. count: its tracks; created, changed: ms since 1970."""

    id: str
    of: Literal["playlist", "set"]
    title: str
    count: int
    created: int
    changed: int


class TrackOut(Answer):
    """A track in a document. id: of this entry; `track`: in the catalogue, empty when it is not known there.

    Of a set, at: seconds after its beginning; deck: that played it.
    """

    id: str
    track: str
    title: str
    artist: str
    hash: str
    seconds: float | None
    tempo: float | None
    key: str
    isrc: str
    note: str
    at: float | None
    deck: int | None


class DocumentWhole(DocumentOut):
    """A document with what is in it. Edit it live by its WebSocket, or with these requests."""

    about: dict[str, str | int | float | bool | None]
    tracks: list[TrackOut]
    notes: str


class DocumentsWanted(Paging):
    """Playlists or sets; `search`: words of the title."""

    of: Literal["", "playlist", "set"] = ""
    search: str = Field("", max_length=100)
    sort: Literal["changed", "title"] = "changed"


class TrackIn(Body):
    """A track to put in. `track`: its id in your catalogue; hash: SHA-256 of its file. Leave out what is not known."""

    title: str = Field(min_length=1, max_length=120, pattern=ONE_LINE)
    artist: str = Field("", max_length=120, pattern=ONE_LINE)
    track: str = Field("", pattern="^([0-9a-hjkmnp-tv-z]{26})?$")
    hash: str = Field("", pattern="^([0-9a-f]{64})?$")
    seconds: float | None = Field(None, gt=0, le=1e6)
    tempo: float | None = Field(None, gt=0, le=1000)
    key: str = Field("", max_length=12, pattern=ONE_LINE)
    isrc: str = Field("", pattern="^([A-Z]{2}[A-Z0-9]{3}[0-9]{7})?$")
    note: str = Field("", max_length=LONGEST_NOTE)

    def entry(self) -> Entry:
        """As it goes into a document."""
        return Entry(new_id(), **self.model_dump())


class DocumentNew(Body):
    """A playlist to make."""

    title: str = Field(min_length=1, max_length=LONGEST_TITLE, pattern=ONE_LINE)
    notes: str = Field("", max_length=LONGEST_NOTES)
    tracks: list[TrackIn] = Field(default_factory=list, max_length=AT_ONCE)


class DocumentChange(Body):
    """What it is called, what is written about it."""

    title: str | None = Field(None, min_length=1, max_length=LONGEST_TITLE, pattern=ONE_LINE)
    notes: str | None = Field(None, max_length=LONGEST_NOTES)


class TracksIn(Body):
    """Tracks to put in, before the one at place `at` (from 0) or at the end."""

    tracks: list[TrackIn] = Field(min_length=1, max_length=AT_ONCE)
    at: int | None = Field(None, ge=0, le=100_000)


class EntryChange(Body):
    """Where an entry is to be (from 0), what is written to it."""

    at: int | None = Field(None, ge=0, le=100_000)
    note: str | None = Field(None, max_length=LONGEST_NOTE)


@api.on("GET", "", READ, query=DocumentsWanted, gives=Page[DocumentOut])
def list_documents(query: DocumentsWanted) -> Any:
    """Your playlists and sets, those changed last first, or by title."""
    rows, following = service.listed(who().user, query.of, query.search, query.sort, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("POST", "", WRITE, takes=DocumentNew, gives=DocumentWhole, status=201)
def make_document(body: DocumentNew) -> Any:
    """Make a playlist. Your boxes get it, too."""
    user = who().user
    number = service.create(user, body.title, [track.entry() for track in body.tracks], body.notes)
    return service.content(user, number)


@api.on("GET", "/<number>", READ, gives=DocumentWhole)
def get_document(number: str) -> Any:
    """One of your documents: what is said about it, its tracks, its notes."""
    return service.content(who().user, number)


@api.on("PATCH", "/<number>", WRITE, takes=DocumentChange, gives=DocumentWhole)
def edit_document(number: str, body: DocumentChange) -> Any:
    """Name a document, rewrite its notes. Only what differs is changed, so it merges with what others do meanwhile."""
    return service.change(who().user, number, body.title, body.notes)


@api.on("DELETE", "/<number>", WRITE, status=204)
def delete_document(number: str) -> Any:
    """Delete a document, here and on your boxes."""
    service.delete(who().user, number)


@api.on("POST", "/<number>/tracks", WRITE, takes=TracksIn, gives=DocumentWhole)
def add_tracks(number: str, body: TracksIn) -> Any:
    """Put tracks into a document."""
    return service.add(who().user, number, [track.entry() for track in body.tracks], body.at)


@api.on("PATCH", "/<number>/tracks/<entry>", WRITE, takes=EntryChange, gives=DocumentWhole)
def edit_track(number: str, entry: str, body: EntryChange) -> Any:
    """Move a track of a document, write a note to it."""
    return service.rearrange(who().user, number, entry, body.at, body.note)


@api.on("DELETE", "/<number>/tracks/<entry>", WRITE, status=204)
def remove_track(number: str, entry: str) -> Any:
    """Take a track out of a document."""
    service.remove(who().user, number, entry)
