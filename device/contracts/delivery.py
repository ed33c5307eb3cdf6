"""Exactly once and in order, over a link that loses, doubles and reorders: the rules of both sides, without any I/O.

Rows of a stream are numbered 1, 2, 3 … within an epoch and leave the sender's outbox by receipt alone. A sender may
lose a `Window` at any time, and a receiver may be killed anywhere: what decides is what their databases committed.
"""

import random
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar

WINDOW = 128  # rows on their way; with seven streams still fewer than the 1,000 that a broker queues
WINDOW_BYTES = 1024 * 1024
HOLD = 2 * WINDOW  # numbers beyond the cursor that a receiver keeps
HOLD_BYTES = 4 * WINDOW_BYTES  # of one sender, whatever its streams and epochs
EPOCHS = 8  # numberings that a receiver keeps the cursor of, per stream: the ones that moved last
FIRST_WAIT = 2.0  # seconds without a receipt before rows are sent again
LONGEST_WAIT = 120.0
T = TypeVar("T")


class Heard(Enum):
    """What a receipt says to its sender."""

    NOTHING = "no news"
    MOVED = "rows up to it may go"
    BEYOND = "the receiver has more than was ever sent: this outbox is an old copy, and must begin a new epoch"


class Window:
    """What is on its way of one numbering. Times are seconds of one monotonic clock.

    receipted: the number up to which the receiver has all, which is the one before the first row in the outbox, or
    before the next to come. jitter: gives 0 to 1.
    """

    def __init__(self, receipted: int, jitter: Callable[[], float] = random.random):
        self.receipted = receipted
        self._jitter = jitter
        self._sent: deque[tuple[int, int]] = deque()  # last number and bytes of each row on its way
        self._bytes = 0
        self._wait = FIRST_WAIT
        self._due: float | None = None

    @property
    def sent(self) -> int:
        """Rows that end after this number have not been sent yet."""
        return self._sent[-1][0] if self._sent else self.receipted

    @property
    def on_the_way(self) -> int:
        """How many rows were sent and not receipted."""
        return len(self._sent)

    @property
    def due(self) -> float | None:
        """When `overdue` should be asked next; None while nothing is on its way."""
        return self._due

    def fits(self, size: int) -> bool:
        """Whether a row of so many bytes may be sent now. One row always may."""
        return not self._sent or (len(self._sent) < WINDOW and self._bytes + size <= WINDOW_BYTES)

    def put(self, last: int, size: int, now: float) -> None:
        """The row that ends with this number was sent: the first that ends after `sent`, and `fits` said yes."""
        if not self._sent:
            self._due = self._later(now)
        self._sent.append((last, size))
        self._bytes += size

    def hear(self, upto: int, highest: int, now: float) -> Heard:
        """A receipt of this numbering, whose rows were numbered up to `highest` so far."""
        if upto > highest:
            return Heard.BEYOND
        if upto <= self.receipted:
            return Heard.NOTHING
        self.receipted = upto
        while self._sent and self._sent[0][0] <= upto:
            self._bytes -= self._sent.popleft()[1]
        self._wait = FIRST_WAIT
        self._due = self._later(now) if self._sent else None
        return Heard.MOVED

    def overdue(self, now: float) -> bool:
        """Whether there was silence for too long: then all goes again, after a longer time with each silence."""
        if self._due is None or now < self._due:
            return False
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._forget()
        return True

    def connect(self) -> None:
        """The link is new: all goes again."""
        self._wait = FIRST_WAIT
        self._forget()

    def _forget(self) -> None:
        self._sent.clear()
        self._bytes, self._due = 0, None

    def _later(self, now: float) -> float:
        return now + self._wait * (1 + self._jitter() / 2)


class Row(NamedTuple, Generic[T]):
    """A message that was received: the numbers it stands for (mostly one), its bytes, and what its effect needs."""

    first: int
    last: int
    size: int
    what: T


class Inbox(Protocol[T]):
    """What a receiver keeps of one numbering, in its database. All changes belong to the caller's transaction.

    cursor: everything up to this number has had its effect.
    """

    cursor: int

    def apply(self, what: T) -> None:
        """Let it take effect, or keep it as a dead letter if it never can. Raise if it cannot now."""

    def room(self) -> int:
        """How many bytes of rows can still be held: HOLD_BYTES at first."""

    def hold(self, row: Row[T]) -> None:
        """Keep a row that came too early; one that is there already stays as it is."""

    def held(self) -> Row[T] | None:
        """The held row that begins first."""

    def release(self, row: Row[T]) -> None:
        """Hold it no longer."""


class Verdict(Enum):
    """What became of a row. All but DROPPED may be told to the broker; the receipt says where the cursor is."""

    APPLIED = "it had its effect, and so had those held that follow"
    SEEN = "it had its effect before"
    HELD = "it waits for those before it"
    DROPPED = "it is too far ahead to be kept, and comes again"


def receive(inbox: Inbox[T], row: Row[T]) -> Verdict:
    """Do what is to be done with a row, within one transaction of the caller's.

    What `apply` raises passes through; the transaction is then rolled back and the row comes again.
    """
    if row.last <= inbox.cursor:
        return Verdict.SEEN
    if row.first > inbox.cursor + 1:
        if row.first > inbox.cursor + HOLD or row.size > inbox.room():
            return Verdict.DROPPED
        inbox.hold(row)
        return Verdict.HELD
    _apply(inbox, row)
    _catch_up(inbox)
    return Verdict.APPLIED


def opened(inbox: Inbox[T], first: int) -> int:
    """A sender says that it has nothing before `first`. Returns how many messages are lost for good, which is 0 unless
    this side lost what it had receipted (its database was restored from a backup, or is new).
    """
    lost = max(0, first - 1 - inbox.cursor)
    if lost:
        inbox.cursor = first - 1
        _catch_up(inbox)
    return lost


def _apply(inbox: Inbox[T], row: Row[T]) -> None:
    inbox.apply(row.what)
    inbox.cursor = row.last


def _catch_up(inbox: Inbox[T]) -> None:
    while (row := inbox.held()) is not None and row.first <= inbox.cursor + 1:
        inbox.release(row)
        if row.last > inbox.cursor:
            _apply(inbox, row)
