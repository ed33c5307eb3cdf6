"""Telling people, and what they have read of it."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import peewee

from companion import elapsed, folding
from companion.accounts import export
from companion.accounts import service as accounts
from companion.config import Settings
from companion.database import Compiled, database, now
from companion.errors import Invalid, NotFound
from companion.events import service as events
from companion.installed import Installed
from companion.mail import service as post
from companion.notices import kinds
from companion.notices.models import NoMail, Notice
from companion.web import paging

DAY_MS = 24 * 3600 * 1000
KEEP_MS = 90 * DAY_MS
_url = Installed("")
_UNREAD = Compiled(
    lambda user: Notice.select(peewee.fn.COUNT(Notice.id)).where((Notice.user == user) & Notice.read.is_null())
)


def install(settings: Settings) -> None:
    """Mail links to the companion of these settings."""
    _url.put(settings.url)


def tell(user: str, kind: str, body: dict[str, Any], mail: bool = False) -> None:
    """Write a notice, in the caller's transaction, and tell the user's open pages.

    kind: one of kinds.KINDS, whose sentence is filled from `body`. mail: also by mail, unless the user wants none
    of this kind. ValueError for an unknown kind, or one whose sentence needs more than is in `body`.
    """
    if kind not in kinds.KINDS or not kinds.fields(kinds.KINDS[kind]) <= set(body):
        raise ValueError(f"a notice of the kind {kind} cannot be said with {sorted(body)}")
    mailing = mail and _wants_mail(user, kind)
    row = Notice.create(user=user, kind=kind, body=json.dumps(body))
    events.publish(user, "notice", _shown(row) | {"unread": unread(user)})
    if mailing:
        to = accounts.find(user)
        said, link = kinds.said(kind, body), f"{_url()}{kinds.link(kind, body)}"
        post.send(to.email, "news", title=said, name=to.name, text=f"{said}.", link=link)


def _wants_mail(user: str, kind: str) -> bool:
    if NoMail.select().where((NoMail.user == user) & (NoMail.kind == kind)).exists():
        return False
    waiting = (Notice.user == user) & (Notice.kind == kind) & Notice.read.is_null() & (Notice.at > now() - DAY_MS)
    return not (kinds.KINDS[kind].rarely and Notice.select().where(waiting).exists())


def _shown(row: Notice) -> dict[str, Any]:
    body = json.loads(row.body)
    return {
        "id": row.id,
        "kind": row.kind,
        "text": kinds.said(row.kind, body),
        "link": kinds.link(row.kind, body),
        "body": body,
        "at": row.at,
        "read": row.read,
    }


def listed(
    user: str, unread_only: bool = False, after: str = "", limit: int = 50, search: str = "", sort: str = "-added"
) -> tuple[list[dict[str, Any]], str]:
    """A page of a user's notices and the next cursor. search: words in what they say; sort: `added` or `-added`."""
    query = Notice.select().where(Notice.user == user)
    if unread_only:
        query = query.where(Notice.read.is_null())
    query = paging.ordered(query, [Notice.id], sort, paging.decode(after, [str]))
    if not search:
        rows, following = paging.page(list(query.limit(limit + 1)), limit, lambda row: [row.id])
        return [_shown(row) for row in rows], following
    wanted = folding.folded(search)  # in the sentences, which are made from kinds and bodies
    said = (shown for shown in map(_shown, query.iterator()) if wanted in folding.folded(shown["text"]))
    return paging.page(list(islice(said, limit + 1)), limit, lambda row: [row["id"]])


def unread(user: str) -> int:
    """How many a user has not read."""
    row = _UNREAD.one(user)
    return int(row[0]) if row else 0


def read(user: str, notice: str) -> None:
    """Mark one as read. NotFound."""
    with database.atomic():
        mine = (Notice.user == user) & (Notice.id == notice)
        if not Notice.select().where(mine).exists():
            raise NotFound("there is no such notice")
        Notice.update(read=now()).where(mine & Notice.read.is_null()).execute()
        events.publish(user, "notices", {"unread": unread(user)})


def read_all(user: str, until: str = "") -> int:
    """Mark all as read, or those up to and with one; returns how many."""
    with database.atomic():
        mine = (Notice.user == user) & Notice.read.is_null()
        if until:
            mine &= Notice.id <= until
        count = int(Notice.update(read=now()).where(mine).execute())
        if count:
            events.publish(user, "notices", {"unread": unread(user)})
        return count


def delete(user: str, notice: str) -> None:
    """Throw one away. NotFound."""
    if not Notice.delete().where((Notice.user == user) & (Notice.id == notice)).execute():
        raise NotFound("there is no such notice")


def preferences(user: str) -> list[dict[str, Any]]:
    """Every kind that is mailed, and whether a user wants that."""
    off = {row.kind for row in NoMail.select(NoMail.kind).where(NoMail.user == user)}
    return [
        {"kind": name, "about": kind.about, "mail": name not in off}
        for name, kind in kinds.KINDS.items()
        if kind.mailed
    ]


def prefer(user: str, kind: str, mailed: bool) -> list[dict[str, Any]]:
    """Want mail of a kind, or none. Invalid for an unknown kind."""
    if kind not in kinds.KINDS or not kinds.KINDS[kind].mailed:
        raise Invalid(f"no notices of the kind {kind} are mailed")
    if mailed:
        NoMail.delete().where((NoMail.user == user) & (NoMail.kind == kind)).execute()
    else:
        NoMail.insert(user=user, kind=kind).on_conflict_ignore().execute()
    return preferences(user)


def forget() -> int:
    """Drop notices that are 90 days old; returns how many."""
    return int(Notice.delete().where(Notice.at < elapsed.passed() - KEEP_MS).execute())


def _exported(user: str) -> Iterator[dict[str, Any]]:
    for row in Notice.select().where(Notice.user == user).order_by(Notice.id).iterator():
        yield _shown(row)


export.register("notices", _exported)
