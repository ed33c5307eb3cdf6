"""The documents that are open in this process, each in its room; and the WebSocket that leads into one."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from companion.documents import service
from companion.events.service import Row
from companion.live.connection import CROWDED, FOREIGN, LEFT, RESTARTING, SIGN_IN, Connection, Receive, Send
from companion.live.room import GONE, Ask, Guest, Means, Room
from companion.live.turns import LINE_SECONDS, Purses, Turns

log = logging.getLogger(__name__)
PATH = "/ws/documents/"
MOST_BYTES = 1024 * 1024  # of a message
MOST_EACH = 20  # documents that one user has open
BUCKET = 5000.0  # messages that somebody may send at once
REFILL = 200.0  # a second
TOO_BIG = 1009
MERGING = 4  # users whose documents are merged at one time
PATIENCE_SECONDS = 30.0


class Bucket:
    """How many messages somebody may still send."""

    def __init__(self, now: float):
        self._left, self._at = BUCKET, now

    def take(self, now: float) -> bool:
        """One of them; False when there is none left."""
        self._left = min(BUCKET, self._left + (now - self._at) * REFILL) - 1
        self._at = now
        return self._left >= 0


class Rooms:
    """All rooms of a process."""

    def __init__(self, ask: Ask, purses: Purses):
        self._pool = ThreadPoolExecutor(MERGING, "merging")
        self._means = Means(ask, Turns(self._pool, MERGING, purses), purses)
        self._rooms: dict[str, Room] = {}
        self._lines = Counter[str]()  # of each user
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._rooms)

    def _guests(self) -> list[Guest]:
        return [guest for room in self._rooms.values() for guest in room.guests]

    @property
    def sessions(self) -> set[str]:
        """Of all who are here."""
        return {guest.connection.session for guest in self._guests()}

    def keep(self, sessions: set[str]) -> None:
        """Send those of all other sessions away; note who is no longer there."""
        for guest in self._guests():
            if guest.connection.session not in sessions:
                guest.connection.close(SIGN_IN, "signed out")
        now = asyncio.get_running_loop().time()
        for room in self._rooms.values():
            room.tidy(now)

    def let_go(self, before: float) -> None:
        """End the connections whose page has taken nothing since a time of the loop."""
        for guest in self._guests():
            if 0 < guest.connection.since < before:
                guest.connection.let_go()

    def heard(self, rows: Iterable[Row]) -> None:
        """Events: of documents that changed, or are gone."""
        for row in rows:
            if row[2] != "document":
                continue
            body = json.loads(row[3])
            room = self._rooms.get(body.get("id"))
            if room is None:
                continue
            if body.get("what") == "deleted":
                room.close(GONE, "it was deleted")
            else:
                room.heard(body.get("sequence", 0))

    def part(self) -> None:
        """Say goodbye to all pages. What they wrote is stored as they leave, and at the latest by `close`."""
        for guest in self._guests():
            guest.connection.close(*RESTARTING)

    async def close(self) -> None:
        """Store everything and end."""
        for room in list(self._rooms.values()):
            room.close(*RESTARTING)
            for guest in list(room.guests):
                room.leave(guest)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _enter(self, number: str, guest: Guest) -> Room:
        """Into the room of a document, which is opened for the first one."""
        room = self._rooms.get(number)
        if room is None or room.over:
            room = self._rooms[number] = Room(number, guest.connection.user, self._means)
            room.guests.add(guest)
            task = asyncio.create_task(self._run(room))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            room.guests.add(guest)
            if room.opened:
                room.greet(guest)
        return room

    async def _run(self, room: Room) -> None:
        try:
            await room.run()
        finally:
            if self._rooms.get(room.number) is room:
                del self._rooms[room.number]

    async def serve(self, number: str, user: str, session: str, receive: Receive, send: Send) -> None:
        """A page that was let in by its ticket, until it leaves or is sent away."""
        if self._lines[user] >= MOST_EACH:
            await send({"type": "websocket.close", "code": CROWDED, "reason": "too many documents are open"})
            return
        self._lines[user] += 1
        try:
            await self._serve(number, user, session, receive, send)
        finally:
            self._lines[user] -= 1
            if not self._lines[user]:
                del self._lines[user]

    async def _serve(self, number: str, user: str, session: str, receive: Receive, send: Send) -> None:
        purse = self._means.purses.of(user)
        purse.spend(LINE_SECONDS)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await purse.ready()
        except TimeoutError:
            await send({"type": "websocket.close", "code": CROWDED, "reason": "too much was asked; try again later"})
            return
        right = await self._means.ask(user, lambda: service.right(user, number))
        if not right:
            await send({"type": "websocket.close", "code": FOREIGN, "reason": "there is no such document"})
            return
        connection = Connection(user, session, resyncs=False)
        connection.open(send)
        guest = Guest(connection, right)
        room = self._enter(number, guest)
        reader = asyncio.create_task(_read(room, guest, receive))
        try:
            await connection.over.wait()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await connection.say_goodbye()
        except (TimeoutError, OSError):
            log.info("a page of %s does not read any more", user)
        finally:
            reader.cancel()
            connection.let_go()
            room.leave(guest)


async def _read(room: Room, guest: Guest, receive: Receive) -> None:
    """Until the page leaves, or says too much."""
    clock = asyncio.get_running_loop().time
    bucket = Bucket(clock())
    while not guest.connection.code:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            guest.connection.close(LEFT, "")
            return
        data = message.get("bytes") or b""
        if len(data) > MOST_BYTES:
            guest.connection.close(TOO_BIG, "too much at once")
        elif not bucket.take(clock()):
            guest.connection.close(CROWDED, "too often")
        elif data:
            await room.put(guest, data)
