"""Getting events to the pages: at once those that a nudge carries, by the database whatever else there may be."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence

from companion.config import Settings
from companion.events import service as events
from companion.events.service import Row
from companion.live.feed import BATCH, Feed

log = logging.getLogger(__name__)
POLL_SECONDS = 1.0  # without a nudge
PING_SECONDS = 5  # between two looks whether Redis is still there


class Feeder:
    """Hands every event to `deliver`, once.

    read: asks the database for what is new, off the event loop. Measured: to be woken by a nudge and then to ask costs
    four times what it costs to take the event that the nudge carries.
    """

    def __init__(self, feed: Feed, read: Callable[[], Awaitable[list[Row]]], deliver: Callable[[list[Row]], None]):
        self._feed, self._read, self._deliver = feed, read, deliver
        self._wanted, self._reading = asyncio.Event(), False

    def heard(self, nudges: Sequence[bytes]) -> None:
        """Take what nudges carry. Where that cannot be all, the database is asked."""
        numbered = 0
        for nudge in nudges:
            row = events.unpack(nudge)
            if row is not None and row[0] == events.PASSING:
                self._deliver([row])
                continue
            numbered += 1
            if row is not None and not self._reading and self._feed.take(row):
                self._deliver([row])
            else:
                self._wanted.set()
        if numbered > 1:  # they came fast, so some may have found no room
            self._wanted.set()

    async def run(self) -> None:
        """Ask the database when it is wanted, and once a second. Whatever goes wrong, it goes on."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()
            self._reading = True
            try:
                more = True
                while more:
                    rows = await self._read()
                    self._deliver(rows)
                    more = len(rows) >= BATCH
            except Exception:
                log.exception("events cannot be read")
                await asyncio.sleep(POLL_SECONDS)
            finally:
                self._reading = False

    async def listen(self, settings: Settings) -> None:
        """Hear nudges, until it is cancelled."""
        if settings.redis_url:
            await self._listen_redis(settings.redis_url)
        else:
            await self._listen_here(settings)

    async def _listen_here(self, settings: Settings) -> None:
        """Datagrams of this machine's processes."""
        path, loop = settings.folder / events.NUDGE_FILE, asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
            try:
                path.unlink(missing_ok=True)
                line.bind(str(path))
                path.chmod(0o600)
            except OSError as exc:
                log.warning("%s cannot be used (%s); events are up to a second late", path, exc)
                return

            def heard() -> None:
                nudges = []
                with contextlib.suppress(BlockingIOError):
                    while True:
                        nudges.append(line.recv(events.MOST_CARRIED))
                self.heard(nudges)

            loop.add_reader(line, heard)
            try:
                await loop.create_future()
            finally:
                loop.remove_reader(line)

    async def _listen_redis(self, url: str) -> None:
        """Messages of processes on every machine."""
        from redis import asyncio as redis

        while True:
            try:
                client = redis.Redis.from_url(url, socket_connect_timeout=1, health_check_interval=PING_SECONDS)
                async with client, client.pubsub() as channel:
                    await channel.subscribe(events.CHANNEL)
                    while True:
                        message = await channel.get_message(timeout=PING_SECONDS)
                        if message is not None:
                            data = message["data"]
                            self.heard([data if isinstance(data, bytes) else b""])  # that it listens now is a number
            except (redis.RedisError, OSError) as exc:
                log.warning("Redis does not answer: %s", exc)
            await asyncio.sleep(POLL_SECONDS)
