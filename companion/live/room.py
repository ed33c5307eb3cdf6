"""A room: one document, open in some browsers. One task merges what comes, one keeps it in the database.

What somebody writes is with the others before it is stored, and told as arrived (the answer to a sync's first step)
after that. Other processes may hold the same document: all follow the rows.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import peewee

from companion.documents import service, store
from companion.documents.service import Right
from companion.documents.store import CHECKPOINT, FullError
from companion.errors import NotFound
from companion.live import protocol
from companion.live.connection import LEFT, Connection, Message
from companion.live.protocol import AWARENESS, QUERY, STEP_1, STEP_2, SYNC, UPDATE, Presence
from companion.live.turns import MESSAGE_SECONDS, Purses, Turns, rest
from device.contracts.errors import Malformed
from device.contracts.updates import MOST_BYTES, Missing
from device.documents import Content, built, join

log = logging.getLogger(__name__)
INBOX = 256  # messages that wait for the room; more wait on their lines
BATCH_SECONDS = 0.05  # between two writes
AGAIN_SECONDS = 1.0  # after the database did not answer
LARGE = 1024  # bytes of an update that is not merged on the event loop
LARGE_DOCUMENT = 64 * 1024  # bytes of a document of which nothing is
DEAR_SECONDS = 0.005  # a document for which something took that long is dear: nothing of it either
LARGE_WAITING = 4  # messages of a room that may be that large at one time
PRESENT_SECONDS = 30.0  # that somebody is there without saying so
MOST_CLIENTS = 8  # of one guest
GONE = 4404
REFUSED = 4409
BROKEN = 1011
Found = TypeVar("Found")


class Ask(Protocol):
    """Runs a function that asks the database for a user, off the event loop."""

    def __call__(self, user: str, function: Callable[[], Found]) -> Awaitable[Found]: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What rooms work with. merging: where documents are merged that take their time."""

    ask: Ask
    merging: Turns
    purses: Purses


class Guest:
    """A browser in a room. greeted: it knows what was there when it came, so it is told what comes."""

    __slots__ = ("clients", "connection", "greeted", "right")

    def __init__(self, connection: Connection, right: Right):
        self.connection, self.right = connection, right
        self.greeted = False
        self.clients: dict[int, int] = {}  # to the clock of what it said last

    def say(self, message: bytes) -> None:
        """Send it, when there is room."""
        self.connection.put(0, _packed(message))


def _packed(message: bytes) -> Message:
    return {"type": "websocket.send", "bytes": message}


class Room:
    """A document of `user`'s, who pays for it; `run` it as a task.

    opened: it was read; over: it takes nobody in any more.
    """

    def __init__(self, number: str, user: str, means: Means):
        self.number, self.guests = number, set[Guest]()
        self.opened = self.over = False
        self._user, self._means, self._purse = user, means, means.purses.of(user)
        self._dear = False
        self._content = Content()
        self._sequence = self._checkpoint = self._heard = 0
        self._bytes = 0
        self._inbox: asyncio.Queue[tuple[Guest, bytes]] = asyncio.Queue(INBOX)
        self._large = asyncio.Semaphore(LARGE_WAITING)
        self._fresh: list[tuple[str, bytes]] = []
        self._saving = False
        self._asking: list[tuple[Guest, bytes]] = []
        self._present: dict[int, tuple[Presence, Guest, float]] = {}
        self._wake, self._lock = asyncio.Event(), asyncio.Lock()

    async def put(self, guest: Guest, message: bytes) -> None:
        """Hand a message of a guest's in; waits while there are too many, or too many large ones."""
        if len(message) >= LARGE:
            await self._large.acquire()
        await self._inbox.put((guest, message))

    def heard(self, sequence: int) -> None:
        """The document has an update of this sequence."""
        if sequence > self._heard:
            self._heard = sequence
            self._wake.set()

    def leave(self, guest: Guest) -> None:
        """A guest is gone, and so is what it said of itself."""
        self.guests.discard(guest)
        gone = [client for client, (_, whose, _) in self._present.items() if whose is guest]
        self._part(gone)
        self._asking = [row for row in self._asking if row[0] is not guest]
        self._wake.set()

    def tidy(self, now: float) -> None:
        """Those who said nothing for long are not there any more."""
        self._part([client for client, (_, _, at) in self._present.items() if at < now - PRESENT_SECONDS])

    def _part(self, clients: list[int]) -> None:
        parted = []
        for client in clients:
            last = self._present.pop(client)[0]
            parted.append(Presence(client, last.clock + 1, protocol.GONE))
        if parted:
            self._tell(protocol.awareness(parted))

    def close(self, code: int, reason: str) -> None:
        """Send everybody away."""
        self.over = True
        for guest in self.guests:
            guest.connection.close(code, reason)
        self._wake.set()

    async def run(self) -> None:
        """Until the last guest has left and everything is stored."""
        try:
            await self._open()
            serving = asyncio.create_task(self._serve())
            try:
                await self._keep()
            finally:
                serving.cancel()
        except NotFound:
            self.close(GONE, "it was deleted")
        except FullError:
            self.close(REFUSED, "it is full")
        except Exception:
            log.exception("the room of the document %s failed", self.number)
            self.close(BROKEN, "try again")
        finally:
            self.over = True

    def _ask(self, function: Callable[[], Found]) -> Awaitable[Found]:
        return self._means.ask(self._user, function)

    async def _do(self, work: Callable[[], Found], size: int = 0) -> Found:
        """Work on the content: at once where that is quick, else off the event loop. size: of what comes, in bytes."""
        if self._dear or size >= LARGE or self._bytes > LARGE_DOCUMENT:
            return await self._means.merging.do(self._user, work)
        began = time.thread_time()
        try:
            return self._purse.charged(work)
        finally:
            self._dear = time.thread_time() - began > DEAR_SECONDS

    async def _open(self) -> None:
        self._checkpoint, rows = await self._ask(lambda: service.read(self.number))
        held = await self._means.merging.do(self._user, lambda: built(rows, rest=rest))
        self._content, self._sequence, self._bytes = held.content, held.sequence, held.size
        self.opened = True
        for guest in self.guests:
            self.greet(guest)

    def greet(self, guest: Guest) -> None:
        """Ask a new guest for what is lacking here; it asks for itself."""
        guest.say(protocol.sync(STEP_1, self._content.state))

    async def _serve(self) -> None:
        while True:
            guest, message = await self._inbox.get()
            if len(message) >= LARGE:
                self._large.release()
            self._purse.spend(MESSAGE_SECONDS)
            await self._purse.ready()
            if guest not in self.guests or guest.connection.code not in (0, LEFT):
                continue
            try:
                async with self._lock:
                    await self._hear(guest, message)
            except Malformed as exc:
                log.warning("a message for the document %s %s", self.number, exc)
                guest.connection.close(REFUSED, "it was refused")
            except Exception:
                log.exception("a message for the document %s failed", self.number)
                self.close(BROKEN, "try again")

    async def _hear(self, guest: Guest, message: bytes) -> None:
        kind, step, payload = protocol.read(message)
        if kind == SYNC and step == STEP_1:
            self._asking.append((guest, payload))
            if self._fresh or self._saving:
                self._wake.set()
            else:
                await self._answer()
        elif kind == SYNC and step in (STEP_2, UPDATE):
            if guest.right == "edit":
                await self._merge(guest, payload)
        elif kind == AWARENESS:
            with self._purse.paying():
                self._meet(guest, protocol.present(payload))
        elif kind == QUERY:
            self._introduce(guest)

    async def _merge(self, guest: Guest, update: bytes) -> None:
        """What a guest wrote: the others get it, and it is stored."""
        if self._bytes + len(update) > MOST_BYTES:
            self._bytes = len(await self._do(self._content.lacking, LARGE))
            if self._bytes + len(update) > MOST_BYTES:
                raise Malformed("is more than a document can hold")
        try:
            fresh = await self._merged(update)
        except Missing:
            self.greet(guest)
            return
        if not fresh:
            return
        self._bytes += len(fresh)
        self._fresh.append((guest.connection.user, fresh))
        self._wake.set()
        with self._purse.paying():
            self._tell(protocol.sync(UPDATE, fresh), but=guest)

    async def _merged(self, update: bytes) -> bytes:
        try:
            return await self._do(lambda: self._content.merge(update), len(update))
        except Malformed as exc:
            if self._content.spoiled:
                raise RuntimeError("the document must be read anew") from exc
            raise

    def _tell(self, message: bytes, but: Guest | None = None) -> None:
        packed = _packed(message)
        for guest in self.guests:
            if guest.greeted and guest is not but:
                guest.connection.put(0, packed)

    async def _answer(self) -> None:
        """Tell those who asked what they lack: all that came before they asked is stored. The lock is held."""
        asking, self._asking = self._asking, []
        for guest, vector in asking:
            if guest.connection.code:
                continue
            try:
                lacking = await self._do(lambda vector=vector: self._content.lacking(vector))  # type: ignore[misc]
            except Malformed:
                guest.connection.close(REFUSED, "it was refused")
                continue
            with self._purse.paying():
                guest.say(protocol.sync(STEP_2, lacking))
            if not guest.greeted:
                guest.greeted = True
                self._introduce(guest)

    def _introduce(self, guest: Guest) -> None:
        if self._present:
            guest.say(protocol.awareness([one for one, _, _ in self._present.values()]))

    def _meet(self, guest: Guest, said: list[Presence]) -> None:
        """What somebody says of themselves goes to the others; of somebody else nothing is believed."""
        now = asyncio.get_running_loop().time()
        believed = []
        for one in said:
            known = self._present.get(one.client)
            if known is not None and (known[1] is not guest or known[0].clock > one.clock):
                continue
            if one.clock < guest.clients.get(one.client, 0):
                continue
            if one.client not in guest.clients and len(guest.clients) >= MOST_CLIENTS:
                continue
            guest.clients[one.client] = one.clock
            if one.state == protocol.GONE:
                self._present.pop(one.client, None)
            else:
                self._present[one.client] = one, guest, now
            believed.append(one)
        if believed:
            self._tell(protocol.awareness(believed), but=guest)

    async def _keep(self) -> None:
        """Store what is fresh, follow what others store, answer who asked."""
        clock = asyncio.get_running_loop().time
        written = 0.0
        while True:
            if not self.guests and not self._fresh:
                return
            await self._wake.wait()
            if not self._asking and self.guests:
                await asyncio.sleep(max(0.0, written + BATCH_SECONDS - clock()))
            self._wake.clear()
            try:
                await self._save()
                written = clock()
                await self._follow()
            except peewee.PeeweeException:
                log.exception("the document %s cannot be stored; it is tried again", self.number)
                await asyncio.sleep(AGAIN_SECONDS)
                self._wake.set()
                continue
            async with self._lock:
                if not self._fresh:
                    await self._answer()
                elif self._asking:
                    self._wake.set()

    async def _save(self) -> None:
        if not self._fresh:
            return
        async with self._lock:  # what is said of the document is so when it holds this, and no more
            fresh, self._fresh = self._fresh, []
            self._saving = True
            try:
                rows, about = await self._do(lambda: (_grouped(fresh), store.about(self._content)), _size(fresh))
            except BaseException:
                self._fresh, self._saving = fresh, False
                raise
        try:
            last = await self._ask(lambda: service.save(self.number, rows, about))
        except BaseException:
            self._fresh = fresh + self._fresh
            raise
        finally:
            self._saving = False
        if last - len(rows) == self._sequence:
            self._sequence = last
        self._heard = max(self._heard, last)

    async def _follow(self) -> None:
        """Merge what others stored, and make one update of many."""
        if self._heard > self._sequence:
            self._checkpoint, rows = await self._ask(lambda: service.read(self.number, self._sequence))
            for sequence, update in rows:
                async with self._lock:
                    try:
                        fresh = await self._merged(update)
                    except (Malformed, Missing) as exc:
                        log.error("the update %s of the document %s is left out: it %s", sequence, self.number, exc)
                        fresh = b""
                    self._sequence = sequence
                    if fresh:
                        self._tell(protocol.sync(UPDATE, fresh))
            self._heard = max(self._heard, self._sequence)
        if self._sequence - self._checkpoint >= CHECKPOINT and not self._content.spoiled:
            async with self._lock:
                upto, whole = self._sequence, await self._do(self._content.lacking, LARGE)
            await self._ask(lambda: service.make_one(self.number, upto, whole))
            self._checkpoint, self._bytes = upto, len(whole)


def _size(fresh: list[tuple[str, bytes]]) -> int:
    return sum(len(update) for _, update in fresh)


def _grouped(fresh: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """As few updates as there are people in turn."""
    rows: list[tuple[str, list[bytes]]] = []
    for user, update in fresh:
        if not rows or rows[-1][0] != user:
            rows.append((user, []))
        rows[-1][1].append(update)
    return [(user, join(updates)) for user, updates in rows]
