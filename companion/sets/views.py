"""/api/v1/sets and /api/v1/plays."""

from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from companion.media.kinds import FORMATS
from companion.sets import service
from companion.storage.sending import disposition, send
from companion.uploads.models import key
from companion.uploads.service import storage
from companion.web.api import ONE_LINE, Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("sets", "Sets and plays")
READ = Rule(Access.ARTIST, "sets:read", "page")
WRITE = Rule(Access.ARTIST, "sets:write")


class SetFile(Answer):
    """A file of a set. hash: SHA-256; size: bytes; `file`: a stored file of yours once it came from the box."""

    hash: str
    size: int
    name: str
    file: str


class SetOut(Answer):
    """A set. `number`: its id on the box; started: ms since 1970; loudness in LUFS, peak in dBTP, dropped in frames."""

    id: str
    box: str
    box_name: str
    number: str
    title: str
    notes: str
    state: Literal["playing", "finished"]
    started: int
    seconds: float
    tracks: int
    ended: str
    recorded: bool
    samplerate: int
    dropped: int
    loudness: float | None
    peak: float | None
    changed: int
    recording: SetFile | None
    log: SetFile | None


class EntryOut(Answer):
    """A track of a set. at: seconds after its start; heard: seconds of sound; pitch: percent against the file."""

    position: int
    at: float
    title: str
    artist: str
    track: str
    seconds: float | None
    tempo: float | None
    key: str
    isrc: str
    deck: int
    heard: float
    pitch: float


class SetWhole(SetOut):
    """A set with its tracklist as heard: the first 300 tracks. document: in which it is written about, if any."""

    document: str
    entries: list[EntryOut]


class PlayOut(Answer):
    """A track that was heard. started: ms since 1970 by the box's clock; heard in seconds; set: its id on the box."""

    id: int
    box: str
    set: str
    started: int
    heard: float
    title: str
    artist: str
    track: str
    isrc: str
    deck: int
    pitch: float


class SetsWanted(Paging):
    """Of a box; `search`: words of its title, its notes, its box or its tracks."""

    box: str = Field("", max_length=64)
    search: str = Field("", max_length=100)
    sort: Literal["started", "length", "title"] = "started"


class PlaysWanted(Paging):
    """Of a box, of a track, from `since` to before `until` (ms since 1970)."""

    box: str = Field("", max_length=64)
    track: str = Field("", max_length=26)
    since: int = Field(0, ge=0)
    until: int = Field(0, ge=0)


class Listening(BaseModel):
    """How to send a recording."""

    model_config = ConfigDict(extra="forbid")

    download: bool = Field(False, description="to save, not to play")


class SetChange(Body):
    """What you say of a set."""

    title: str | None = Field(None, min_length=1, max_length=120, pattern=ONE_LINE)
    notes: str | None = Field(None, max_length=10_000)


@api.on("GET", "/sets", READ, query=SetsWanted, gives=Page[SetOut])
def list_sets(query: SetsWanted) -> Any:
    """Sets that your boxes played, newest first, longest first or by title."""
    rows, following = service.listed(who().user, query.box, query.search, query.sort, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/sets/<number>", READ, gives=SetWhole)
def get_set(number: str) -> Any:
    """One of your sets, with its tracklist."""
    return service.get(who().user, number)


@api.on("GET", "/sets/<number>/recording", READ, query=Listening, content="audio/*")
def get_recording(number: str, query: Listening) -> Any:
    """The recording, once it came from the box; ranges are understood."""
    file, format_, name = service.stored(who().user, number, "recording")
    return send(storage(), key(file), FORMATS[format_].mime, name, attach=query.download)


@api.on("GET", "/sets/<number>/waveform", READ, content="application/octet-stream")
def get_waveform(number: str) -> Any:
    """The waveform of the recording, as `/recordings/<recording>/waveform` has it; ranges are understood."""
    file, _, _ = service.stored(who().user, number, "recording")
    return send(storage(), key(file, "waveform"), "application/octet-stream")


@api.on("GET", "/sets/<number>/log", READ, content="application/octet-stream")
def get_log(number: str) -> Any:
    """The set's log, once it came from the box, always to be saved."""
    file, format_, name = service.stored(who().user, number, "log")
    return send(storage(), key(file), FORMATS[format_].mime, name, attach=True)


@api.on("GET", "/sets/<number>/cue", READ, content="application/x-cue")
def get_cue(number: str) -> Any:
    """The tracklist as a cue sheet, to lie beside the recording, always to be saved."""
    name, text = service.cue_sheet(who().user, number)
    headers = {"Content-Disposition": disposition(name, attach=True), "Cache-Control": "no-store"}
    return Response(text, headers=headers, content_type="application/x-cue")


@api.on("PATCH", "/sets/<number>", WRITE, takes=SetChange, gives=SetWhole)
def edit_set(number: str, body: SetChange) -> Any:
    """Name a set, write something about it."""
    return service.change(who().user, number, body.title, body.notes)


@api.on("DELETE", "/sets/<number>", WRITE, status=204)
def delete_set(number: str) -> Any:
    """Delete a set and its recording here. What was played stays in the history."""
    service.delete(who().user, number)


@api.on("GET", "/plays", READ, query=PlaysWanted, gives=Page[PlayOut])
def list_plays(query: PlaysWanted) -> Any:
    """What was heard on your boxes, newest first."""
    rows, following = service.plays(
        who().user, query.box, query.track, query.since, query.until, query.after, query.limit
    )
    return {"items": rows, "next": following}
