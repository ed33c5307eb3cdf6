"""The companion as a whole: its numbers, its jobs, everybody's boxes."""

from typing import Any, Literal

from flask import current_app
from pydantic import Field

from companion.accounts import directory
from companion.admin import service
from companion.admin.views.base import READ, WRITE, api, origin
from companion.boxes import service as boxes
from companion.jobs import ledger as jobs
from companion.web.api import Answer
from companion.web.paging import Page, Paging

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class Overview(Answer):
    """Numbers of the whole companion. active: signed in within seven days; disk_free in MiB.

    outbox: the folder that mail is written into while no mail_url sends it; empty where it is sent.
    """

    users: int
    users_active: int
    users_disabled: int
    tiers: dict[str, int]
    boxes: int
    boxes_online: int
    jobs: dict[str, int]
    queue_lag_ms: int
    disk_free: int
    outbox: str


class JobOut(Answer):
    """A piece of work. progress: 0 to 1; `owner_name` is empty for the companion's own."""

    id: str
    kind: str
    owner: str | None
    owner_name: str
    subject: str
    state: JobState
    progress: float
    note: str
    tries: int
    created: int
    started: int | None
    finished: int | None


class JobsWanted(Paging):
    """Of a state, of a kind, of a user."""

    state: JobState | None = None
    kind: str = Field("", max_length=40)
    owner: str = Field("", max_length=26)


class BoxRow(Answer):
    """A box of anybody's; `owner` is empty once nobody has it."""

    id: str
    name: str
    model: str
    owner: str
    owner_name: str
    online: bool
    seen: int | None
    versions: dict[str, str]
    storage_used: int | None
    storage_total: int | None


class BoxesWanted(Paging):
    """`search`: a part of the name, or the whole number."""

    search: str = Field("", max_length=64)
    online: bool | None = None


@api.on("GET", "/admin/overview", READ, gives=Overview)
def get_overview() -> Any:
    """Numbers of the whole companion."""
    return service.overview(current_app.extensions["settings"])


def _jobs(rows: list[Any]) -> list[dict[str, Any]]:
    names = directory.names(row.owner for row in rows)
    return [row.__data__ | {"owner_name": names.get(row.owner or "", "")} for row in rows]


@api.on("GET", "/admin/jobs", READ, query=JobsWanted, gives=Page[JobOut])
def list_jobs(query: JobsWanted) -> Any:
    """All jobs, newest first."""
    rows, following = jobs.listed(query.state or "", query.kind, query.owner, query.after, query.limit)
    return {"items": _jobs(rows), "next": following}


@api.on("POST", "/admin/jobs/<job>/retry", WRITE, gives=JobOut)
def retry_job(job: str) -> Any:
    """Queue a job again that failed or was cancelled."""
    service.retry(job, *origin())
    return _jobs([jobs.find(job)])[0]


@api.on("POST", "/admin/jobs/<job>/cancel", WRITE, gives=JobOut)
def cancel_job(job: str) -> Any:
    """Cancel a job that waits or runs."""
    service.cancel(job, *origin())
    return _jobs([jobs.find(job)])[0]


@api.on("GET", "/admin/boxes", READ, query=BoxesWanted, gives=Page[BoxRow])
def list_all_boxes(query: BoxesWanted) -> Any:
    """Everybody's boxes, by name."""
    rows, following = boxes.everywhere(query.search, query.online, query.after, query.limit)
    names = directory.names(row["owner"] for row in rows)
    return {"items": [row | {"owner_name": names.get(row["owner"], "")} for row in rows], "next": following}
