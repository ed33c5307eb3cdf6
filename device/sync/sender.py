"""The sender: what the outbox has goes out within a window for each stream, again after a silence, until receipted."""

import logging
import random
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from device.contracts.delivery import WINDOW, Heard, Window
from device.contracts.receipts import Cursor, Opening
from device.sync.database import Database
from device.sync.outbox import Outbox

log = logging.getLogger(__name__)
AT_ONCE = 64  # rows that are read from the database together
SETTLE_SECONDS = 0.1
CALM_SECONDS = 5.0  # so long after a beginning another one is not answered by sending all again
Publish = Callable[[str, bytes], None]
Afresh = Callable[[sqlite3.Connection, list[str]], None]


@dataclass(slots=True)
class _Stream:
    """quiet: the companion does not answer; one row is on its way to find out when it does."""

    epoch: str
    next: int
    window: Window
    quiet: bool = False


class Sender:
    """Sends while there is a link. publish: takes a stream and the bytes of a message; afresh: what is done, in the
    same transaction, when streams are numbered anew. Times: monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        publish: Publish,
        afresh: Afresh,
        jitter: Callable[[], float] = random.random,
    ):
        self._database, self._outbox, self._publish = database, outbox, publish
        self._afresh, self._jitter = afresh, jitter
        self._streams: dict[str, _Stream] = {}
        self._receipted: dict[str, float] = {}  # streams with rows that may go, and since when
        self._began = 0.0
        self._asks = False
        self.refresh()

    def refresh(self) -> None:
        """Look at what the database has; call when it changed."""
        found = self._outbox.numberings(self._database.connection)
        for row in found:
            known = self._streams.get(row.stream)
            if known is None or known.epoch != row.epoch:
                self._streams[row.stream] = _Stream(row.epoch, row.next, Window(row.first - 1, self._jitter))
                self._receipted.pop(row.stream, None)
            else:
                known.next = row.next
        for gone in self._streams.keys() - {row.stream for row in found}:
            del self._streams[gone]
            self._receipted.pop(gone, None)

    def connect(self, now: float) -> None:
        """The link is new, or the companion is: all goes again, after an opening."""
        self._began = now
        for stream in self._streams.values():
            stream.window.connect()
            stream.quiet = False
        self._asks = True

    def opened(self, now: float) -> None:
        """The companion said what it has to send: it may have begun anew, and lost what was on its way."""
        if now - self._began > CALM_SECONDS:
            self.connect(now)

    def heard(self, cursors: Iterable[Cursor], now: float) -> None:
        """Receipts came. Where the companion has more than there is, this was an old copy: it is numbered anew."""
        beyond: list[str] = []
        for cursor in cursors:
            stream = self._streams.get(cursor.stream)
            if stream is None or stream.epoch != cursor.epoch:
                continue
            stream.quiet = False
            if cursor.upto >= stream.next:
                self.refresh()
            heard = stream.window.hear(cursor.upto, stream.next - 1, now)
            if heard is Heard.MOVED:
                self._receipted.setdefault(cursor.stream, now)
            elif heard is Heard.BEYOND:
                beyond.append(cursor.stream)
        if beyond:
            self._renumber(beyond)

    def _renumber(self, names: list[str]) -> None:
        with self._database.writing() as connection:
            for name in names:
                log.warning("the companion has more of %s than this outbox ever had; it is numbered anew", name)
                self._outbox.renumber(connection, name)
                self._receipted.pop(name, None)
            self._afresh(connection, names)
        self.refresh()
        self._asks = True

    def settle(self, now: float, at_once: bool = False) -> None:
        """Let go of what was receipted: many rows in one transaction, soon. DiskFullError: later."""
        since = min(self._receipted.values(), default=now)
        if self._receipted and (at_once or now - since >= SETTLE_SECONDS):
            with self._database.writing() as connection:
                for name in self._receipted:
                    self._outbox.receipted(connection, name, self._streams[name].window.receipted)
            self._receipted.clear()

    def pump(self, now: float) -> None:
        """Send what may be sent now."""
        for name, stream in self._streams.items():
            if stream.window.overdue(now):
                stream.quiet = self._asks = True
            self._fill(name, stream, now)

    def opening(self) -> Opening | None:
        """What must be said of the numberings now, if anything: with nothing to send, that there is nothing."""
        if not self._asks:
            return None
        self._asks = False
        return Opening(tuple(self._outbox.numberings(self._database.connection)))

    def _fill(self, name: str, stream: _Stream, now: float) -> None:
        window, most = stream.window, 1 if stream.quiet else WINDOW
        while window.sent < stream.next - 1 and window.on_the_way < most:
            rows = self._outbox.rows(
                self._database.connection, name, window.sent, min(AT_ONCE, most - window.on_the_way)
            )
            if not rows:
                return
            for row in rows:
                if not window.fits(len(row.payload)):
                    return
                self._publish(name, row.payload)
                window.put(row.last, len(row.payload), now)

    def due(self) -> float | None:
        """When `pump` should be called again although nothing happened."""
        dues = [stream.window.due for stream in self._streams.values() if stream.window.due is not None]
        dues += [since + SETTLE_SECONDS for since in self._receipted.values()]
        return min(dues, default=None)

    @property
    def answered(self) -> bool:
        """Whether the companion receipts what is sent; True while nothing waits for a receipt."""
        return not any(stream.quiet for stream in self._streams.values())
