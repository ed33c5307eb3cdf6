"""/api/v1/admin, and /api/v1/flags for everybody."""

import json
from typing import Any, Literal

from flask import current_app, request
from pydantic import Field

from companion.accounts import directory, stewardship
from companion.admin import flags, service
from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.jobs import service as jobs
from companion.web.api import Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("admin", "Administration")
READ = Rule(Access.ADMIN, limit="page")
WRITE = Rule(Access.ADMIN)
Role = Literal["collaborator", "artist", "admin"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class Overview(Answer):
    """Numbers of the whole companion. active: signed in within seven days; disk_free in MiB."""

    users: int
    users_active: int
    users_disabled: int
    tiers: dict[str, int]
    boxes: int
    boxes_online: int
    jobs: dict[str, int]
    queue_lag_ms: int
    disk_free: int


class UserRow(Answer):
    """An account. Times in milliseconds since 1970; None where it did not happen."""

    id: str
    email: str
    name: str
    access: Role
    tier: str
    created: int
    verified: int | None
    disabled: int | None
    leaving: int | None


class AllowanceOut(Answer):
    """What a tier includes of something, and how much of it is used (None: not counted for each user)."""

    what: str
    most: int
    used: int | None


class UserOut(UserRow):
    """An account with what it uses; `seen`: when it last called."""

    allowances: list[AllowanceOut]
    sessions: int
    seen: int | None


class UsersWanted(Paging):
    """`search`: a part of the name or the address."""

    search: str = Field("", max_length=100)
    tier: str = Field("", max_length=16)
    access: Role | None = None
    disabled: bool | None = None


class UserChange(Body):
    """What to change; what is left out stays."""

    access: Role | None = None
    tier: str | None = Field(None, max_length=16, examples=["core"])
    disabled: bool | None = None


class Ended(Answer):
    """How many sessions were ended."""

    sessions: int


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


class AuditRow(Answer):
    """Who (`actor`, empty for nobody known) did what to what, from which address."""

    id: int
    at: int
    actor: str
    actor_name: str
    address: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditWanted(Paging):
    """action: whole or its beginning. since, until: milliseconds since 1970."""

    actor: str = Field("", max_length=26)
    action: str = Field("", max_length=40, examples=["user."])
    subject: str = Field("", max_length=60)
    since: int = Field(0, ge=0, lt=1 << 53)
    until: int = Field(0, ge=0, lt=1 << 53)


class VerdictOut(Answer):
    """Whether the audit log is as it was written; `broken` is the first row that is not."""

    whole: bool
    rows: int
    says: str
    broken: int | None


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


class FlagIn(Body):
    """Who has it: a share of all users, and some by id in any case."""

    about: str = Field("", max_length=200)
    percent: int = Field(0, ge=0, le=100)
    users: list[str] = Field(default_factory=list, max_length=1000)


class FlagOut(Answer):
    """A flag and who has it."""

    name: str
    about: str
    percent: int
    users: list[str]
    changed: int


class Mine(Answer):
    """The flags that you have."""

    flags: list[str]


def _flag(flag: flags.Target) -> dict[str, Any]:
    return {
        "name": flag.name,
        "about": flag.about,
        "percent": flag.percent,
        "users": sorted(flag.users),
        "changed": flag.changed,
    }


def _origin() -> tuple[str, str]:
    """Who does it, from where: for the audit log."""
    return who().user, request.remote_addr or ""


@api.on("GET", "/admin/overview", READ, gives=Overview)
def get_overview() -> Any:
    """Numbers of the whole companion."""
    return service.overview(current_app.extensions["settings"])


@api.on("GET", "/admin/users", READ, query=UsersWanted, gives=Page[UserRow])
def list_users(query: UsersWanted) -> Any:
    """All accounts, newest first."""
    access = Access[query.access.upper()] if query.access else None
    rows, following = stewardship.paged(query.search, query.tier, access, query.disabled, query.after, query.limit)
    return {"items": [service.shown(row) for row in rows], "next": following}


@api.on("GET", "/admin/users/<user>", READ, gives=UserOut)
def get_user(user: str) -> Any:
    """One account."""
    return service.account(user)


@api.on("PATCH", "/admin/users/<user>", WRITE, takes=UserChange, gives=UserOut)
def change_user(user: str, body: UserChange) -> Any:
    """Change an account's role or tier, close it or open it again."""
    access = Access[body.access.upper()] if body.access else None
    return service.change(user, access, body.tier, body.disabled, *_origin())


@api.on("DELETE", "/admin/users/<user>/sessions", WRITE, gives=Ended)
def end_sessions(user: str) -> Any:
    """Sign somebody out everywhere."""
    return {"sessions": stewardship.end_sessions(stewardship.by_id(user), *_origin())}


def _jobs(rows: list[Any]) -> list[dict[str, Any]]:
    names = directory.names(row.owner for row in rows)
    return [row.__data__ | {"owner_name": names.get(row.owner or "", "")} for row in rows]


@api.on("GET", "/admin/jobs", READ, query=JobsWanted, gives=Page[JobOut])
def list_jobs(query: JobsWanted) -> Any:
    """All jobs, newest first."""
    rows, following = jobs.paged(query.state or "", query.kind, query.owner, query.after, query.limit)
    return {"items": _jobs(rows), "next": following}


@api.on("POST", "/admin/jobs/<job>/retry", WRITE, gives=JobOut)
def retry_job(job: str) -> Any:
    """Queue a job again that failed or was cancelled."""
    jobs.retry(job)
    audit.record("job.retried", who().user, job, request.remote_addr or "")
    return _jobs([jobs.find(job)])[0]


@api.on("POST", "/admin/jobs/<job>/cancel", WRITE, gives=JobOut)
def cancel_job(job: str) -> Any:
    """Cancel a job that waits or runs."""
    jobs.cancel(job)
    audit.record("job.cancelled", who().user, job, request.remote_addr or "")
    return _jobs([jobs.find(job)])[0]


@api.on("GET", "/admin/audit", READ, query=AuditWanted, gives=Page[AuditRow])
def list_audit(query: AuditWanted) -> Any:
    """The audit log, newest first."""
    rows, following = audit.paged(
        query.actor, query.action, query.subject, query.since, query.until, query.after, query.limit
    )
    names = directory.names(row.actor for row in rows)
    items = [row.__data__ | {"detail": json.loads(row.detail), "actor_name": names.get(row.actor, "")} for row in rows]
    return {"items": items, "next": following}


@api.on("GET", "/admin/audit/verdict", WRITE, gives=VerdictOut)
def verify_audit() -> Any:
    """Walk the whole audit log and say whether anything was changed."""
    return audit.verify(current_app.extensions["settings"].folder, current_app.extensions["vault"])


@api.on("GET", "/admin/boxes", READ, query=BoxesWanted, gives=Page[BoxRow])
def list_all_boxes(query: BoxesWanted) -> Any:
    """Everybody's boxes, by name."""
    rows, following = boxes.everywhere(query.search, query.online, query.after, query.limit)
    names = directory.names(row["owner"] for row in rows)
    return {"items": [row | {"owner_name": names.get(row["owner"], "")} for row in rows], "next": following}


@api.on("GET", "/admin/flags", READ, gives=list[FlagOut])
def list_flags() -> Any:
    """All flags, by name."""
    return [_flag(flag) for flag in flags.listed()]


@api.on("PUT", "/admin/flags/<name>", WRITE, takes=FlagIn, gives=FlagOut)
def put_flag(name: str, body: FlagIn) -> Any:
    """Make a flag, or say anew who has it. A name is of 1 to 40 small letters, digits and hyphens."""
    return _flag(flags.put(flags.checked(name), body.about, body.percent, body.users, *_origin()))


@api.on("DELETE", "/admin/flags/<name>", WRITE, status=204)
def remove_flag(name: str) -> Any:
    """Drop a flag: nobody has it any more."""
    flags.remove(name, *_origin())


@api.on("GET", "/flags", Rule(Access.COLLABORATOR, limit="page"), gives=Mine)
def my_flags() -> Any:
    """The flags that you have."""
    return {"flags": flags.of(who().user)}
