"""Pages on the live process itself, without a browser."""

import asyncio
import json

from companion import database
from companion.events import service as events
from companion.live import tickets
from companion.live.server import LiveServer


class Page:
    """A page on the ASGI application itself: `says` collects what it is told, `read` can be stopped."""

    def __init__(self, live, query="", origin=None):
        headers = [(b"host", b"127.0.0.1:8001")] + ([(b"origin", origin.encode())] if origin else [])
        self.scope = {"type": "websocket", "path": "/ws/events", "query_string": query.encode(), "headers": headers}
        self.sent, self.inbox, self.reads = asyncio.Queue(), asyncio.Queue(), asyncio.Event()
        self.reads.set()
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(live(self.scope, self.inbox.get, self._send))

    async def _send(self, message):
        await self.reads.wait()
        self.sent.put_nowait(message)

    async def next(self):
        """The next event or note, or the code of a close."""
        while True:
            message = await asyncio.wait_for(self.sent.get(), 10)
            if message["type"] == "websocket.send":
                return json.loads(message["text"])
            if message["type"] == "websocket.close":
                return message["code"]

    async def leave(self):
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.task


def ticket(user):
    """The query string that lets a user's page in."""
    with database.connection():
        return f"ticket={tickets.issue(user, f'session of {user}')}"


def publish(user, kind="test", **body):
    with database.connection(), database.database.atomic():
        events.publish(user, kind, body)


def stage(settings):
    """A function that runs a coroutine function with a live server, which listens to this database."""
    events.install(settings)

    def go(play):
        async def run():
            live = LiveServer(settings)
            async with live.running():
                await asyncio.wait_for(play(live), 30)

        with database.connection():
            asyncio.run(run())

    return go
