"""/api/v1/boxes/…/lists and /api/v1/boxes/…/tracks."""

from typing import Annotated, Any, Literal

from pydantic import Field

from companion.lists import service
from companion.web.api import Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("lists", "What boxes hold ready", "/boxes")
READ = Rule(Access.ARTIST, "boxes:read", "page")
WRITE = Rule(Access.ARTIST, "boxes:write")
TrackId = Annotated[str, Field(min_length=1, max_length=26)]


class ListOut(Answer):
    """A list that a box holds ready. `list`: the document's id; files: how many belong to it.

    there, lacking: files, as the box said last; full: those that its disk has no room for; missing: tracks that are not
    in your library, so that there is nothing to send. state: `sending` until all files are on their way.
    """

    list: str
    of: Literal["playlist", "set"]
    title: str
    by: str
    state: Literal["sending", "sent"]
    sent: int
    files: int
    there: int
    lacking: int
    full: int
    missing: int


class ListedFile(Answer):
    """A file of a list. state: of its way to the box, as `/boxes/<box>/files` has it."""

    track: str
    hash: str
    state: str


class ListWhole(ListOut):
    """With its files, in the document's order."""

    tracks: list[ListedFile]


class SentFile(Answer):
    """A file that is on its way. hash: SHA-256; size: bytes; name: what the box will call it."""

    track: str
    hash: str
    name: str
    size: int


class Wish(Body):
    """A document of yours, by id."""

    list: str = Field(min_length=1, max_length=26)


class Tracks(Body):
    """Tracks of yours."""

    tracks: list[TrackId] = Field(min_length=1, max_length=100)


@api.on("POST", "/<box>/tracks", WRITE, takes=Tracks, gives=list[SentFile], status=202)
def send_tracks(box: str, body: Tracks) -> Any:
    """Send tracks to one of your boxes."""
    return service.send_tracks(who().user, box, body.tracks)


@api.on("POST", "/<box>/lists", WRITE, takes=Wish, gives=ListOut, status=201)
def send_list(box: str, body: Wish) -> Any:
    """Have one of your boxes hold a playlist or a set list ready, with its files. What is added to it follows."""
    return service.send(who().user, box, body.list)


@api.on("GET", "/<box>/lists", READ, query=Paging, gives=Page[ListOut])
def list_lists(box: str, query: Paging) -> Any:
    """What one of your boxes holds ready, the latest first."""
    rows, following = service.listed(who().user, box, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/<box>/lists/<number>", READ, gives=ListWhole)
def get_list(box: str, number: str) -> Any:
    """One list on one of your boxes, with the state of each file."""
    return service.get(who().user, box, number)


@api.on("DELETE", "/<box>/lists/<number>", WRITE, status=204)
def withdraw_list(box: str, number: str) -> Any:
    """Let a box hold a list no longer; its files stay there."""
    service.withdraw(who().user, box, number)
