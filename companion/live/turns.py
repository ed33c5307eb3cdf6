"""Whose turn it is: what takes the processor is done off the event loop, for users in turn, and each pays for theirs.

Who has spent what they had waits, with all of their lines, and nobody else does.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

MOST_SECONDS = 3.0  # of the processor that somebody may use at once: to open and merge some large documents
SHARE = 0.05  # of a processor that somebody may use for ever
LINE_SECONDS = 0.02  # what it costs to let somebody in
MESSAGE_SECONDS = 0.0001  # to read a message, besides what is done with it
MOST_PURSES = 10_000
QUICK_SECONDS = 0.001  # after which a thread that merges rests
Found = TypeVar("Found")


class Purse:
    """Seconds of the processor that a user may still use; below zero after something dear, until it is full again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, Lock()
        self._left, self._at = MOST_SECONDS, clock()

    def spend(self, seconds: float) -> None:
        """Take out of it, by any thread."""
        with self._lock:
            at = self._clock()
            self._left = min(MOST_SECONDS, self._left + SHARE * (at - self._at)) - seconds
            self._at = at

    @property
    def wait(self) -> float:
        """Seconds until something is in it."""
        return max(0.0, -self._left / SHARE - (self._clock() - self._at))

    @property
    def full(self) -> bool:
        """Whether nothing of it is used: a fresh one is the same."""
        return self._left + SHARE * (self._clock() - self._at) >= MOST_SECONDS

    async def ready(self) -> None:
        """Wait until something is in it."""
        while wait := self.wait:
            await asyncio.sleep(wait)

    @contextmanager
    def paying(self) -> Iterator[None]:
        """Pay for what this thread does in the block."""
        began = time.thread_time()
        try:
            yield
        finally:
            self.spend(time.thread_time() - began)

    def charged(self, work: Callable[[], Found]) -> Found:
        """Do some work and pay for it."""
        with self.paying():
            return work()


class Purses:
    """The purse of each user. They outlive lines, so that nobody gets a full one by connecting again."""

    def __init__(self) -> None:
        self._of: dict[str, Purse] = {}

    def of(self, user: str) -> Purse:
        """A user's."""
        found = self._of.get(user)
        if found is None:
            if len(self._of) >= MOST_PURSES:
                self._of = {name: purse for name, purse in self._of.items() if not purse.full}
            found = self._of[user] = Purse()
        return found


class Turns:
    """Threads that do one work of each user at a time, and of those who wait the one that came first."""

    def __init__(self, pool: Executor, threads: int, purses: Purses):
        self._pool, self._purses = pool, purses
        self._free = asyncio.Semaphore(threads)
        self._theirs: dict[str, tuple[asyncio.Lock, int]] = {}  # with how many wait for it or have it

    async def do(self, user: str, work: Callable[[], Found]) -> Found:
        """Do some work for a user, who pays for it."""
        lock, count = self._theirs.get(user, (asyncio.Lock(), 0))
        self._theirs[user] = lock, count + 1
        try:
            async with lock, self._free:
                running = asyncio.get_running_loop().run_in_executor(self._pool, self._purses.of(user).charged, work)
                return await _whole(running)
        finally:
            count = self._theirs[user][1] - 1
            if count:
                self._theirs[user] = lock, count
            else:
                del self._theirs[user]


def rest(seconds: float) -> None:
    """Rest after something that kept the event loop waiting so long.

    Each of its calls of the system would wait as long again: measured, events came 2 s late without a rest.
    """
    if seconds > QUICK_SECONDS:
        time.sleep(2 * seconds)


async def _whole(running: Awaitable[Found]) -> Found:
    """What comes of work in a thread. Who does not wait for it any more keeps the place until the thread is free."""
    task = asyncio.ensure_future(running)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait({task})
        raise
