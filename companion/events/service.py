"""Publishing events: a row in the caller's transaction, and a nudge to the live process that it is there."""

import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from companion.database import database, now
from companion.events.models import Event

NUDGE_FILE = "live.sock"
KEEP_MS = 24 * 3600 * 1000

_nudge: "Nudge | None" = None


class Nudge:
    """A datagram to the live process. It reads the rows; losing one delays an event by a second, no more."""

    def __init__(self, folder: Path):
        self._path = str(folder / NUDGE_FILE)

    def __call__(self) -> None:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line,
            contextlib.suppress(OSError),  # no live process, or it has plenty of nudges already
        ):
            line.sendto(b"!", self._path)


def install(folder: Path) -> None:
    """Let `publish` nudge the live process of this folder."""
    global _nudge  # noqa: PLW0603 - one companion per process
    _nudge = Nudge(folder)


def publish(user: str, kind: str, body: dict[str, Any]) -> None:
    """Tell a user's pages, in the transaction that made it true."""
    Event.create(user=user, kind=kind, body=json.dumps(body))
    if _nudge is not None:
        database.after_commit(_nudge)


def forget() -> int:
    """Drop what is a day old; returns how many."""
    return int(Event.delete().where(Event.at < now() - KEEP_MS).execute())
