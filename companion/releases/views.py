"""/api/v1/releases: where each stands."""

from typing import Any

from companion.releases import service
from companion.web.api import Answer, Api, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging
from device.contracts.releases import Stage

api = Api("releases", "Releases", "/releases")
READ = Rule(Access.ARTIST, "releases:read", "page")


class StoreOut(Answer):
    """One store's word on a release."""

    name: str
    stage: Stage
    said: str


class ReleaseOut(Answer):
    """Where a release stands. changed: ms since 1970; date: of the release, empty while there is none; said: why."""

    release: str
    title: str
    artist: str
    stage: Stage
    changed: int
    date: str
    said: str
    stores: list[StoreOut]


class ReleasesWanted(Paging):
    """Those at one stage, or all."""

    stage: Stage | None = None


@api.on("GET", "", READ, query=ReleasesWanted, gives=Page[ReleaseOut])
def list_releases(query: ReleasesWanted) -> Any:
    """Your releases, those that changed last first."""
    rows, following = service.listed(who().user, query.stage or "", query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/<release>", READ, gives=ReleaseOut)
def get_release(release: str) -> Any:
    """One of your releases."""
    return service.told(who().user, release)
