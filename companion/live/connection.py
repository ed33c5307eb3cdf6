"""One open page: it is sent what it takes at once, and what it does not take waits, up to a point."""

import asyncio
import json
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any

OUTBOX = 256  # messages that may wait for a slow page
OUTBOX_BYTES = 4 * 1024 * 1024

LEFT = 1000  # the page closed, or is let go: nothing is sent any more
SIGN_IN = 4401  # the ticket or the session is not valid (any more): fetch a new ticket
FOREIGN = 4403  # the page is another site's
SLOW = 4408  # it did not keep up: load what is shown again, then connect
RESTARTING = 1012, "restarting"  # code and reason: come again
CROWDED = 4429  # too many connections of one user

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


def text(line: str) -> Message:
    """A line as the server takes it: made once, however many pages it is for."""
    return {"type": "websocket.send", "text": line}


def note(kind: str, **body: object) -> Message:
    """A message that is no event: `hello`, `heartbeat`, `resync`."""
    return text(json.dumps({"kind": kind, "body": body}))


class Connection:
    """A page of `user`, signed in by `session`. `over` is set when it is to be closed, with `code`.

    watched: the boxes at whose panel it looks. since: the loop's time since which it takes nothing of what is sent to
    it; 0 while it does. resyncs: it is told to load all anew before it is closed for being slow.
    """

    __slots__ = (
        "_bytes", "_caught", "_outbox", "_resyncs", "_send", "_sending", "code", "over", "reason", "session", "since",
        "user", "watched",
    )  # fmt: skip

    def __init__(self, user: str, session: str, resyncs: bool = True):
        self.user, self.session, self._resyncs = user, session, resyncs
        self._bytes = 0
        self.code, self.reason, self.over = 0, "", asyncio.Event()
        self.since = 0.0
        self.watched: set[str] = set()
        self._outbox: deque[tuple[int, Message]] = deque()
        self._caught: frozenset[int] = frozenset()
        self._send: Send | None = None
        self._sending: asyncio.Task[None] | None = None

    def put(self, number: int, message: Message) -> None:
        """Send a message (number: the event's id, 0 for none); whoever has let too many lie is closed."""
        if self.code:
            return
        if len(self._outbox) >= OUTBOX or self._bytes > OUTBOX_BYTES:
            self.close(SLOW, "too slow")
            return
        self._outbox.append((number, message))
        self._bytes += _size(message)
        if self._send is not None and self._sending is None:
            self._begin()

    def pass_on(self, message: Message) -> None:
        """Send what may be lost, if the page has taken what came before."""
        if self._send is not None and self._sending is None and not self._outbox:
            self.put(0, message)

    def open(self, send: Send, caught: frozenset[int] = frozenset()) -> None:
        """It was greeted: from now on send what comes, first what came meanwhile. caught: ids that it was told then."""
        self._send, self._caught = send, caught
        self._begin()

    def close(self, code: int, reason: str) -> None:
        """Have it closed; what waits is not sent any more."""
        if not self.code:
            self.code, self.reason = code, reason
            self._outbox.clear()
            self.over.set()

    def let_go(self) -> None:
        """End it without a word."""
        self.close(LEFT, "")
        self.code = LEFT
        if self._sending is not None:
            self._sending.cancel()

    async def say_goodbye(self) -> None:
        """Tell the page why it is closed, behind what is being sent."""
        if self._sending is not None:
            await asyncio.wait({self._sending})
        if self.code == LEFT or self._send is None:
            return
        if self.code == SLOW and self._resyncs:
            await self._send(note("resync"))
        await self._send({"type": "websocket.close", "code": self.code, "reason": self.reason})

    def _begin(self) -> None:
        """Send what waits, at once as far as the server takes it, which is mostly all of it.

        Measured: a task that is woken for each message doubles what a delivery costs.
        """
        work = self._work()
        try:
            waits = work.send(None)
        except StopIteration:
            return
        self.since = asyncio.get_running_loop().time()
        self._sending = asyncio.create_task(_finish(work, waits))

    async def _work(self) -> None:
        assert self._send is not None
        try:
            while self._outbox:
                number, message = self._outbox.popleft()
                self._bytes -= _size(message)
                if number not in self._caught:
                    await self._send(message)
        except (OSError, RuntimeError):  # servers raise one or the other when the page is gone
            self.close(LEFT, "")
        finally:
            self._sending, self.since = None, 0.0


def _size(message: Message) -> int:
    return len(message.get("bytes") or message.get("text") or "")


async def _finish(work: Coroutine[Any, Any, None], waits: Any) -> None:
    """Go on with a coroutine that was begun outside of a task and waits for a future."""
    try:
        await _resumed(work, waits)
    finally:
        work.close()


@types.coroutine
def _resumed(work: Coroutine[Any, Any, None], waits: Any) -> Generator[Any, None, None]:
    yield waits
    yield from work
