"""/api/v1/boxes/…: how they are."""

from typing import Any

from companion.telemetry import service
from companion.web.api import Answer, Api, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("telemetry", "How boxes are", "/boxes")
READ = Rule(Access.ARTIST, "boxes:read", "page")


class StatusOut(Answer):
    """What a box said last (`status`: decks, set, storage, versions …), when that came, how many messages wait for it.

    `words`, `reason`: the last before it went away, and why.
    """

    online: bool
    at: int | None
    status: dict[str, Any] | None
    words: str
    reason: str
    waiting: int


class HealthOut(Answer):
    """A period of a box's life. at: ms since 1970 by its clock."""

    id: int
    at: int
    report: dict[str, Any]


class CrashOut(Answer):
    """A program of a box crashed. crashed: when, ms since 1970 by its clock."""

    id: int
    process: str
    version: str
    reason: str
    crashed: int


class CrashWhole(CrashOut):
    """With its stack and the last lines of the log."""

    report: dict[str, Any]


@api.on("GET", "/<box>/status", READ, gives=StatusOut)
def get_status(box: str) -> Any:
    """What one of your boxes does just now."""
    return service.status(who().user, box)


@api.on("GET", "/<box>/health", READ, query=Paging, gives=Page[HealthOut])
def list_health(box: str, query: Paging) -> Any:
    """How one of your boxes did, newest first."""
    rows, following = service.reports(who().user, box, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/<box>/crashes", READ, query=Paging, gives=Page[CrashOut])
def list_crashes(box: str, query: Paging) -> Any:
    """What crashed on one of your boxes, newest first."""
    rows, following = service.crashes(who().user, box, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/<box>/crashes/<int:number>", READ, gives=CrashWhole)
def get_crash(box: str, number: int) -> Any:
    """One crash, with its stack and the last lines of the log."""
    return service.crash(who().user, box, number)
