"""Waking the ingest processes when something waits for a box: after the commit, losing one costs a second at most."""

import contextlib
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from companion.config import Settings
from companion.database import database
from companion.installed import Installed
from companion.web.away import Away

log = logging.getLogger(__name__)
CHANNEL = "companion:outgoing"
MOST = 100  # bytes: a box's id
WATCH = "?"  # before a box's id: somebody looks at its panel
_nudge: Installed[Callable[[bytes], None] | None] = Installed(None)


def install(settings: Settings) -> None:
    """Let `nudge` reach the ingest processes of these settings."""
    _nudge.put(Remote(settings.redis_url) if settings.redis_url else Local(settings.folder))


def nudge(box: str) -> None:
    """Something waits for a box, once the caller's transaction is over."""
    ring = _nudge()
    if ring is not None:
        database.after_commit(lambda: ring(box.encode()))


def pass_on(text: str) -> None:
    """Say something to the ingest processes at once; it may be lost."""
    ring = _nudge()
    if ring is not None:
        ring(text.encode())


class Local:
    """Datagrams to the processes of this machine."""

    def __init__(self, folder: Path):
        self._folder = folder

    def __call__(self, box: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
            for path in self._folder.glob("ingest-*.sock"):
                with contextlib.suppress(OSError):  # it has ended, or has plenty of nudges already
                    line.sendto(box, str(path))


class Remote:
    """The same through Redis, for processes on other machines."""

    def __init__(self, url: str):
        self._redis, self._error = _redis(url)
        self._away = Away()

    def __call__(self, box: bytes) -> None:
        if self._away:
            return
        try:
            self._redis.publish(CHANNEL, box)
        except self._error as exc:
            self._away.noticed()
            log.warning("Redis does not answer; what is for boxes is a second late: %s", exc)


def _redis(url: str) -> tuple[Any, type[Exception]]:
    """A client that does not wait long and tries once, and the error that it raises."""
    import redis  # only who asks for it has it
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    return client, redis.RedisError


class Ear:
    """Where an ingest process hears nudges. line: to be waited for; None where it is asked instead."""

    def __init__(self, settings: Settings):
        self.line: socket.socket | None = None
        self._channel: Any = None
        self._away = Away()
        if settings.redis_url:
            client, self._error = _redis(settings.redis_url)
            self._channel = client.pubsub()
            return
        path = settings.folder / f"ingest-{os.getpid()}.sock"
        for left in settings.folder.glob("ingest-*.sock"):
            number = left.stem.removeprefix("ingest-")
            if number == str(os.getpid()) or not Path("/proc", number).exists():
                left.unlink(missing_ok=True)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            line.bind(str(path))
            path.chmod(0o600)
        except OSError as exc:  # a folder with too long a name
            line.close()
            log.warning("%s cannot be used (%s); what is for boxes is up to a second late", path, exc)
            return
        self.line, self._path = line, path

    def heard(self) -> set[str]:
        """The boxes that something waits for; after WATCH those that somebody looks at."""
        found: set[str] = set()
        if self._channel is not None and not self._away:
            try:
                if not self._channel.subscribed:
                    self._channel.subscribe(CHANNEL)
                while message := self._channel.get_message():
                    if isinstance(message["data"], bytes):
                        found.add(message["data"].decode("ascii", "replace"))
            except (self._error, OSError) as exc:
                self._away.noticed()
                log.warning("Redis does not answer; what is for boxes is up to a second late: %s", exc)
        if self.line is None:
            return found
        with contextlib.suppress(BlockingIOError):
            while True:
                found.add(self.line.recv(MOST).decode("ascii", "replace"))
        return found

    def close(self) -> None:
        """Hear no more."""
        if self._channel is not None:
            self._channel.close()
        if self.line is not None:
            self.line.close()
            self._path.unlink(missing_ok=True)
