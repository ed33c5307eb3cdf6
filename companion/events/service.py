"""Publishing events: a row in the caller's transaction, then a nudge that carries it to the live processes."""

import contextlib
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee

from companion import elapsed
from companion.config import Settings
from companion.database import Compiled, database, now
from companion.events.models import Event
from companion.installed import Installed
from companion.web.away import Away

log = logging.getLogger(__name__)
NUDGE_FILE = "live.sock"
CHANNEL = "companion:events"
KEEP_MS = 24 * 3600 * 1000
EVERYBODY = ""
PASSING = 0  # the id of what is not kept

Row = tuple[int, str, str, str, int]  # id, user, kind, body (JSON), at

MOST_CARRIED = 16 * 1024  # bytes of an event in a nudge; a longer one is read

_nudge: Installed[Callable[[bytes], None] | None] = Installed(None)
_SINCE = Compiled(
    lambda last, most: (
        Event.select(Event.id, Event.user, Event.kind, Event.body, Event.at)
        .where(Event.id > last)
        .order_by(Event.id)
        .limit(most)
    )
)


def pack(row: Row) -> bytes:
    """An event as a nudge carries it; nothing of one that is too long."""
    packed = json.dumps(row).encode()
    return packed if len(packed) <= MOST_CARRIED else b"!"


def unpack(nudge: bytes) -> Row | None:
    """The event that a nudge carries; None without one."""
    try:
        number, user, kind, body, at = json.loads(nudge)
    except (ValueError, TypeError):
        return None
    return number, user, kind, body, at


class Nudge:
    """A datagram with an event to the live process. Losing one delays it by a second, no more: it lies in the table."""

    def __init__(self, folder: Path):
        self._path = str(folder / NUDGE_FILE)

    def __call__(self, carried: bytes) -> None:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line,
            contextlib.suppress(OSError),  # no live process, or it has plenty of nudges already
        ):
            line.sendto(carried, self._path)


class RedisNudge:
    """The same through Redis, for live processes on other machines."""

    def __init__(self, url: str):
        import redis  # only who asks for it has it

        self._redis = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._error: type[Exception] = redis.RedisError
        self._away = Away()

    def __call__(self, carried: bytes) -> None:
        if self._away:
            return
        try:
            self._redis.publish(CHANNEL, carried)
        except self._error as exc:
            self._away.noticed()
            log.warning("Redis does not answer; events are a second late: %s", exc)


def install(settings: Settings) -> None:
    """Let `publish` nudge the live processes of these settings."""
    _nudge.put(RedisNudge(settings.redis_url) if settings.redis_url else Nudge(settings.folder))


def publish(user: str, kind: str, body: dict[str, Any]) -> None:
    """Tell a user's pages (or EVERYBODY's), in the transaction that made it true."""
    row = Event.create(user=user, kind=kind, body=json.dumps(body))
    nudge = _nudge()
    if nudge is not None:
        carried = pack((row.id, user, kind, row.body, row.at))
        database.after_commit(lambda: nudge(carried))


def pass_on(user: str, kind: str, body: dict[str, Any]) -> None:
    """Tell a user's pages that look at something of it, after the caller's transaction; it may be lost."""
    nudge, carried = _nudge(), pack((PASSING, user, kind, json.dumps(body), now()))
    if nudge is not None and len(carried) > 1:
        database.after_commit(lambda: nudge(carried))


def since(last: int, most: int) -> list[Row]:
    """Up to `most` events after the one with the id `last`, oldest first."""
    return list(_SINCE.run(last, most))


def among(ids: list[int]) -> list[Row]:
    """Those of the events that are there by now, oldest first."""
    query: Any = Event.select(Event.id, Event.user, Event.kind, Event.body, Event.at).where(Event.id.in_(ids))
    return list(query.order_by(Event.id).tuples())


def missed(user: str, last: int, most: int) -> tuple[int, list[Row] | None]:
    """(the newest id, a user's events after `last`); None when some are forgotten, or they are more than `most`."""
    oldest, until = Event.select(peewee.fn.MIN(Event.id), peewee.fn.MAX(Event.id)).tuples()[0]
    if oldest is None or not oldest - 1 <= last <= until:
        return until or 0, None
    query: Any = (
        Event.select(Event.id, Event.user, Event.kind, Event.body, Event.at)
        .where(Event.user.in_((user, EVERYBODY)) & (Event.id > last) & (Event.id <= until))
        .order_by(Event.id)
        .limit(most + 1)
    )
    rows: list[Row] = list(query.tuples())
    return until, rows if len(rows) <= most else None


def newest() -> int:
    """The id of the last event; 0 without any."""
    return int(Event.select(peewee.fn.MAX(Event.id)).scalar() or 0)


def forget() -> int:
    """Drop what is a day old, but for the last one, so that no id comes twice; returns how many."""
    return int(Event.delete().where((Event.at < elapsed.passed() - KEEP_MS) & (Event.id < newest())).execute())


def erase(user: str) -> None:
    """Drop the events of somebody who is erased, but for the last one of all, so that no id comes twice."""
    Event.delete().where((Event.user == user) & (Event.id < newest())).execute()
