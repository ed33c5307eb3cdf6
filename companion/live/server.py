"""The live process: an ASGI application with two WebSockets, /ws/events and /ws/documents/<id> (`rooms`).

A page connects with a ticket and, to catch up, the id of the last event it saw. It is told `hello` (with the id from
which it is up to date), then events, a `heartbeat` every 20 s, and `resync` when it missed more than can be sent. It
may say which box's panel it looks at (`watching`).
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import peewee

from companion import config, database, observe
from companion.accounts import presence
from companion.config import Settings
from companion.events import service as events
from companion.events.service import Row
from companion.live import tickets, watching
from companion.live.connection import CROWDED, FOREIGN, LEFT, RESTARTING, SIGN_IN, Connection, Send, note
from companion.live.feed import Feed
from companion.live.feeder import Feeder
from companion.live.hub import Hub, encode
from companion.live.rooms import PATH as ROOMS
from companion.live.rooms import Rooms
from companion.live.turns import Purses, Turns
from companion.live.watching import Watching
from companion.outgoing import nudges
from companion.sets import service as sets

log = logging.getLogger(__name__)
PATH = "/ws/events"
BEAT_SECONDS = 20.0
PATIENCE_SECONDS = 30.0  # for a page that reads nothing
CATCH_UP = 200  # events; who missed more loads anew
CHATTER = 100  # messages that a page may send in a minute: it has little to say
MINUTE = 60.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Found = TypeVar("Found")


class LiveServer:
    """The ASGI application."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._hub = Hub()
        self._database = ThreadPoolExecutor(1, "database")  # one connection
        self._documents = ThreadPoolExecutor(1, "documents")  # large ones take a while to read
        purses = Purses()
        storing = Turns(self._documents, 1, purses)
        self._rooms = Rooms(lambda user, function: storing.do(user, lambda: _asked(function)), purses)
        self._watching = Watching(self._hub, lambda boxes: self._query(lambda: watching.asked(boxes)))
        nudges.install(settings)
        events.install(settings)
        sets.install()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._page(scope, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.running())
            except (peewee.PeeweeException, OSError) as exc:
                await send({"type": "lifespan.startup.failed", "message": str(exc)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def part(self) -> None:
        """Say goodbye to all pages, which come again."""
        for connection in self._hub.all():
            connection.close(*RESTARTING)
        self._rooms.part()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read events and hand them out, for the block."""
        feed = await self._query(Feed)
        self._hub.last = feed.last
        feeder = Feeder(feed, lambda: self._query(feed.read), self._deliver)
        works = feeder.run(), feeder.listen(self._settings), self._beat(), self._watch(), self._watching.run()
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._rooms.close()
            for pool in (self._database, self._documents):
                await self._query(lambda: database.database.close() and None, pool)
                pool.shutdown()

    def _deliver(self, rows: list[Row]) -> None:
        self._hub.deliver(rows)
        self._rooms.heard(rows)

    async def _query(self, function: Callable[[], Found], pool: ThreadPoolExecutor | None = None) -> Found:
        """Ask the database, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(pool or self._database, lambda: _asked(function))

    async def _beat(self) -> None:
        """A sign of life to every page, and an end for those that were signed out."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._hub.beat()
            sessions = {connection.session for connection in self._hub.all()} | self._rooms.sessions
            try:
                holding = await self._query(lambda held=sessions: presence.holding(held))  # type: ignore[misc]
                self._hub.keep(holding)
                self._rooms.keep(holding)
            except peewee.PeeweeException:
                log.exception("sessions cannot be checked")

    async def _watch(self) -> None:
        """Let go of pages that read nothing."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(PATIENCE_SECONDS / 4)
            self._hub.let_go(clock() - PATIENCE_SECONDS)
            self._rooms.let_go(clock() - PATIENCE_SECONDS)

    def _ours(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the page that connects is ours: of the public address, or of the host it connects to."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not origin or origin == self._settings.url:  # programs send none, and carry no cookie
            return True
        try:
            theirs, ours = urlsplit(origin), urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}")
            same = (theirs.hostname, theirs.port) == (ours.hostname, self._settings.port)
        except ValueError:  # no address at all
            return False
        return same and not self._settings.public_url

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        path: str = scope["path"]
        document = path.removeprefix(ROOMS) if path.startswith(ROOMS) else ""
        if path != PATH and not document:
            await send({"type": "websocket.close", "code": 1008})
            return
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        await send({"type": "websocket.accept"})  # a page sees the code of a close, but of no refused handshake
        if not self._ours(dict(scope["headers"])):
            await send({"type": "websocket.close", "code": FOREIGN, "reason": "another site"})
            return
        caller = await self._query(lambda: tickets.spend(query.get("ticket", "")))
        if caller is None:
            await send({"type": "websocket.close", "code": SIGN_IN, "reason": "fetch a new ticket"})
            return
        if document:
            await self._rooms.serve(document, *caller, receive, send)
            return
        connection = Connection(*caller)
        if not self._hub.join(connection):
            await send({"type": "websocket.close", "code": CROWDED, "reason": "too many pages are open"})
            return
        reader = asyncio.create_task(self._read(connection, receive))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._greet(connection, query.get("after", ""), send)
            await connection.over.wait()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await connection.say_goodbye()
        except (TimeoutError, OSError):
            log.info("a page of %s does not read any more", connection.user)
        finally:
            reader.cancel()
            connection.let_go()
            self._hub.leave(connection)

    async def _read(self, connection: Connection, receive: Receive) -> None:
        """Do what the page asks for, until it leaves or talks too much."""
        clock = asyncio.get_running_loop().time
        count, since = 0, clock()
        while count < CHATTER:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                connection.close(LEFT, "")
                return
            if clock() - since > MINUTE:
                count, since = 0, clock()
            count += 1
            await self._watching.hear(connection, message.get("text") or "")
        connection.close(1008, "too much was said")

    async def _greet(self, connection: Connection, after: str, send: Send) -> None:
        """Say from where on the page is up to date, and what it missed. What comes meanwhile waits in its outbox."""
        last, missed = self._hub.last, None
        if after:
            number = int(after) if after.isdecimal() and len(after) < 19 else -1
            last, missed = await self._query(lambda: events.missed(connection.user, number, CATCH_UP))
        await send(note("hello", last=last, heartbeat=BEAT_SECONDS))
        for row in missed or ():
            await send(encode(row))
        if after and missed is None:
            await send(note("resync"))
        connection.open(send, frozenset(row[0] for row in missed or ()))

    async def _page(self, scope: Scope, send: Send) -> None:
        """/healthz for whoever watches the process; nothing else is here."""
        found = scope["path"] == "/healthz"
        body = json.dumps({"status": "ok", "connections": len(self._hub)} if found else {"status": "not found"})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})


def _asked(function: Callable[[], Found]) -> Found:
    """Ask the database, in a thread of its own. A connection that failed is not used again."""
    try:
        database.ready()
        return function()
    except peewee.PeeweeException:
        database.database.close()
        raise


def make() -> LiveServer:
    """The application, by the settings of the environment."""
    settings = config.load()
    observe.install(settings)
    database.bind(settings)
    os.umask(0o077)
    return LiveServer(settings)
