"""/api/v1/tracks: listing, looking, changing, the bin."""

from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from companion.catalogue import analysis, listing, service
from companion.catalogue.models import KINDS, ROLES
from companion.catalogue.views.api import READ, WRITE, api, expected_version
from companion.web.api import JSON, Answer, Body
from companion.web.identity import who
from companion.web.paging import Page, Paging

Role = Literal[ROLES]  # type: ignore[valid-type]
Kind = Literal[KINDS]  # type: ignore[valid-type]
MOST_SEVERAL = 100
Sort = Literal[
    "",
    "added",
    "-added",
    "changed",
    "-changed",
    "title",
    "-title",
    "artist",
    "-artist",
    "album",
    "-album",
    "year",
    "-year",
    "length",
    "-length",
    "tempo",
    "-tempo",
    "key",
    "-key",
    "loudness",
    "-loudness",
]


class TrackRow(Answer):
    """A track in a list. `artwork` is the id of a picture or empty, `loudness` LUFS, `tempo` beats a minute.

    `own` is false for what you see through a project. hash: SHA-256 of the version that is played (`recording`).
    Times in milliseconds since 1970.
    """

    id: str
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
    created: int
    changed: int


class CreditOut(Answer):
    """Who had which part; `artist` is an id."""

    artist: str
    name: str
    role: Role


class RecordingOut(Answer):
    """A version or a stem. `facts` are what the probe of its file found: codec, rate, channels, loudness, tags."""

    id: str
    number: int
    kind: Kind
    label: str
    created: int
    file: str
    name: str
    format: str
    size: int
    facts: dict[str, Any]


class MarkerOut(Answer):
    """A place in seconds, or a loop when it has an end. `colour` is a number of the page's palette."""

    id: str
    start: float
    end: float | None
    label: str
    colour: int


class AnalysisOut(Answer):
    """`state` is none (not analysed yet), waiting or done; `found` has a row for each analyser.

    `possible`: whether this companion has an analyser at all.
    """

    state: Literal["none", "waiting", "done"]
    found: list[dict[str, Any]]
    possible: bool


class TrackOut(TrackRow):
    """Everything about a track. `version` is also its ETag's beginning, for If-Match."""

    number: str
    isrc: str
    label: str
    copyright: str
    notes: str
    credits: list[CreditOut]
    recordings: list[RecordingOut]
    markers: list[MarkerOut]
    analysis: AnalysisOut


class TrackList(Paging):
    """Which tracks. Without `sort`: the best hits of `q` first, else the newest."""

    q: str = Field("", max_length=200, description="words, or their beginnings, in title, artist, album and the rest")
    sort: Sort = Field("", description="what to sort by; with - the other way round. What has none of it is last")
    genre: str = Field("", max_length=60)
    album: str = Field("", max_length=200)
    artist: str = Field("", max_length=26, description="the id of an artist with any part in it")
    year: int | None = Field(None, ge=1, le=9999)
    slowest: float | None = Field(None, ge=0, le=1000, description="beats a minute at least")
    fastest: float | None = Field(None, ge=0, le=1000, description="beats a minute at most")
    shared: bool = Field(False, description="not your own, but those you see through projects")
    bin: bool = Field(False, description="those you deleted in the last 30 days")


class Several(BaseModel):
    """Which tracks, at most 100."""

    model_config = ConfigDict(extra="forbid")

    ids: str = Field(max_length=27 * MOST_SEVERAL, description="ids, with commas between them")


class Facet(Answer):
    """How many tracks have this."""

    name: str
    count: int


class Facets(Answer):
    """What there is to filter by; 200 of each at most."""

    tracks: int
    genres: list[Facet]
    albums: list[Facet]
    years: list[Facet]


class CreditIn(Body):
    """A name and its part; whoever has no such artist yet gets one."""

    name: str = Field(min_length=1, max_length=120)
    role: Role = "main"


class TrackEdit(Body):
    """What is to be changed; what is left out stays. The artist line is made from `credits`."""

    title: str = Field("", min_length=1, max_length=200)
    album: str = Field("", max_length=200)
    number: str = Field("", max_length=10)
    year: int | None = Field(None, ge=1, le=9999)
    genre: str = Field("", max_length=60)
    isrc: str = Field("", max_length=20, examples=["NL-A1B-24-00001"])
    label: str = Field("", max_length=100)
    copyright: str = Field("", max_length=200)
    notes: str = Field("", max_length=10_000)
    tempo: float | None = Field(None, ge=20, le=400)
    key: str = Field("", max_length=12, examples=["F#m"])
    artwork: str = Field("", max_length=26, description="the id of a picture of yours; empty takes it off")
    credits: list[CreditIn] = Field([], max_length=50)


class MarkerIn(Body):
    """A place in seconds, or a loop with an end."""

    start: float = Field(ge=0, le=1e6)
    end: float | None = Field(None, ge=0, le=1e6)
    label: str = Field("", max_length=60)
    colour: int = Field(0, ge=0, le=15)


class Markers(Body):
    """All markers of a track."""

    markers: list[MarkerIn] = Field(max_length=200)


def _answer(track: str) -> Response:
    """A track with its ETag."""
    found = service.told(who().user, track)
    data = TrackOut.model_validate(found).model_dump_json()
    response = Response(data, content_type=JSON)
    response.headers["ETag"] = f'"{found["version"]}.{found["analysis"]["state"]}"'
    return response


@api.on("GET", "/tracks", READ, query=TrackList, gives=Page[TrackRow])
def list_tracks(query: TrackList) -> Any:
    """Tracks, searched, filtered and sorted."""
    chosen = tuple((name, value) for name in listing.FILTERS if (value := getattr(query, name)) not in ("", None))
    asked = listing.Asked(query.q, query.sort, chosen, query.shared, query.bin, query.after, query.limit)
    rows, following = listing.tracks(who().user, asked)
    return {"items": [service.shown(row, who().user) for row in rows], "next": following}


@api.on("GET", "/tracks/several", READ, query=Several, gives=list[TrackRow])
def get_several(query: Several) -> Any:
    """Tracks by their ids, as of a playlist; those that are gone or that you may not see are left out."""
    ids = [one for one in query.ids.split(",") if one][:MOST_SEVERAL]
    return [service.shown(row, who().user) for row in listing.several(who().user, ids)]


@api.on("GET", "/tracks/facets", READ, gives=Facets)
def get_facets() -> Any:
    """How many tracks you have, and which genres, albums and years."""
    return listing.facets(who().user)


@api.on("GET", "/tracks/<track>", READ, gives=TrackOut)
def get_track(track: str) -> Any:
    """All about one track."""
    return _answer(track)


@api.on("PATCH", "/tracks/<track>", WRITE, takes=TrackEdit, gives=TrackOut)
def edit_track(track: str, body: TrackEdit) -> Any:
    """Change what is written on a track."""
    fields = {name: getattr(body, name) for name in body.model_fields_set}
    if "credits" in fields:
        fields["credits"] = [(part.name, part.role) for part in body.credits]
    service.edit(who().user, track, fields, expected_version())
    return _answer(track)


@api.on("PUT", "/tracks/<track>/markers", WRITE, takes=Markers, gives=list[MarkerOut])
def put_markers(track: str, body: Markers) -> Any:
    """Set the markers of a track."""
    service.put_markers(who().user, track, [marker.model_dump() for marker in body.markers])
    return service.markers(track)


@api.on("DELETE", "/tracks/<track>", WRITE, status=204)
def delete_track(track: str) -> Any:
    """Put a track into the bin, where it stays for 30 days."""
    service.delete(who().user, track)


@api.on("POST", "/tracks/<track>/restore", WRITE, gives=TrackOut)
def restore_track(track: str) -> Any:
    """Take a track out of the bin."""
    service.bring_back(who().user, track)
    return _answer(track)


@api.on("DELETE", "/tracks/<track>/bin", WRITE, status=204)
def purge_track(track: str) -> Any:
    """Delete a track that is in the bin for good."""
    service.purge(who().user, track)


@api.on("POST", "/tracks/<track>/analysis", WRITE, gives=AnalysisOut, status=202)
def analyse_track(track: str) -> Any:
    """Let tempo, grid, key, chords and structure be found, by the analysers that there are."""
    analysis.ask(who().user, track)
    return service.told(who().user, track)["analysis"]
