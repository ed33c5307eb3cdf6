"""Watching: pages that look at a box's panel, and asking the box to tell its values for as long as somebody looks.

A page says `{"kind": "watch", "body": {"box": …}}`, or `unwatch`, and is told `watching` with whether it does. What the
box tells then are events of the kind `box.live` without a number: they are for these pages, and nothing keeps them.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable

import peewee

from companion.boxes import service as boxes
from companion.live.connection import Connection, note
from companion.live.hub import Hub
from companion.outgoing import watching

log = logging.getLogger(__name__)
MOST_BOXES = 8  # that one page may watch
LONGEST = 500  # characters of what a page says

Owners = Callable[[set[str]], Awaitable[dict[str, str]]]


def understood(text: str) -> tuple[str, str] | None:
    """(`watch` or `unwatch`, a box) of what a page says; None for anything else."""
    if len(text) > LONGEST:
        return None
    try:
        said = json.loads(text)
        kind, box = said["kind"], said["body"]["box"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return (kind, box) if kind in ("watch", "unwatch") and isinstance(box, str) and box else None


def asked(wanted: set[str]) -> dict[str, str]:
    """Whose these boxes are, after asking each to tell its values a while longer. Waits for the database."""
    found = boxes.owners(wanted)
    for box in found:
        watching.ask(box)
    return found


class Watching:
    """Who watches what. ask: `asked`, off the event loop."""

    def __init__(self, hub: Hub, ask: Owners):
        self._hub, self._ask = hub, ask

    async def hear(self, connection: Connection, text: str) -> None:
        """Do what a page asks for."""
        found = understood(text)
        if found is None:
            return
        kind, box = found
        connection.watched.discard(box)
        if kind == "watch" and len(connection.watched) < MOST_BOXES:
            connection.watched.add(box)
            if (await self._owners({box}) or {}).get(box) != connection.user:
                connection.watched.discard(box)
        connection.put(0, note("watching", box=box, on=box in connection.watched))

    async def run(self) -> None:
        """Ask the boxes that are watched, again and again; whose box it is no longer does not watch it."""
        while True:
            await asyncio.sleep(watching.AGAIN_SECONDS)
            watchers = [connection for connection in self._hub.all() if connection.watched]
            owners = await self._owners({box for connection in watchers for box in connection.watched})
            if owners is None:
                continue
            for connection in watchers:
                self._end(connection, [box for box in connection.watched if owners.get(box) != connection.user])

    @staticmethod
    def _end(connection: Connection, gone: Iterable[str]) -> None:
        for box in gone:
            connection.watched.discard(box)
            connection.put(0, note("watching", box=box, on=False))

    async def _owners(self, wanted: set[str]) -> dict[str, str] | None:
        """Whose these boxes are; None while the database does not answer."""
        try:
            return await self._ask(wanted) if wanted else {}
        except peewee.PeeweeException:
            log.exception("boxes cannot be looked up")
            return None
