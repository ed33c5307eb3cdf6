"""/api/v1/artists."""

from typing import Any

from pydantic import Field

from companion.catalogue import contributors, service
from companion.catalogue.views.api import READ, WRITE, api
from companion.web.api import Answer, Body
from companion.web.identity import who
from companion.web.paging import Page, Paging


class ArtistOut(Answer):
    """An artist, and how many tracks have a part by them."""

    id: str
    name: str
    tracks: int


class ArtistName(Answer):
    """An artist."""

    id: str
    name: str


class ArtistList(Paging):
    """Which artists."""

    q: str = Field("", max_length=100, description="words in the name")


class Naming(Body):
    """What an artist is called."""

    name: str = Field(min_length=1, max_length=120)


@api.on("GET", "/artists", READ, query=ArtistList, gives=Page[ArtistOut])
def list_artists(query: ArtistList) -> Any:
    """Your artists by name."""
    rows, following = contributors.listed(who().user, query.q, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/artists/<artist>", READ, gives=ArtistName)
def get_artist(artist: str) -> Any:
    """One artist."""
    return contributors.find(who().user, artist)


@api.on("PATCH", "/artists/<artist>", WRITE, takes=Naming, gives=ArtistName)
def rename_artist(artist: str, body: Naming) -> Any:
    """Call an artist something else, on all tracks."""
    service.rename_artist(who().user, artist, body.name)
    return contributors.find(who().user, artist)


@api.on("DELETE", "/artists/<artist>", WRITE, status=204)
def delete_artist(artist: str) -> Any:
    """Remove an artist whom no track credits."""
    contributors.remove(who().user, artist)
