"""Two ends of a link, whose disks, packets and processes fail on demand."""

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from device.contracts.delivery import (
    HOLD_BYTES,
    Heard,
    Inbox,
    Row,
    Window,
    opened,
    receive,
)


class Killed(Exception):  # noqa: N818
    """The process was killed at this step."""


class Busy(Exception):  # noqa: N818
    """The effect is not possible now."""


class Disk:
    """A database that keeps what was committed. `fuse`: after so many more steps the process is killed."""

    def __init__(self) -> None:
        self.fuse: int | None = None

    def step(self) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise Killed

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        before = {name: copy.copy(one) for name, one in vars(self).items() if isinstance(one, int | list | dict)}
        before.pop("fuse", None)
        try:
            self.step()
            yield
            self.step()
        except BaseException:
            vars(self).update(before)
            raise


@dataclass(frozen=True)
class Packet:
    """A message, an opening or a receipt on the link."""

    kind: str
    epoch: int
    first: int
    last: int = 0
    what: str | None = None


class Sender(Disk):
    """An outbox of one stream, and the window that is in memory alone."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch, self.next = 1, 1
        self.rows: dict[int, tuple[int, str | None]] = {}  # first number to last number and text; None is a skip
        self.window = Window(0, lambda: 0.5)

    def start(self) -> None:
        self.window = Window(min(self.rows, default=self.next) - 1, lambda: 0.5)

    def put(self, text: str) -> None:
        with self.transaction():
            self.step()
            self.rows[self.next] = self.next, text
            self.next += 1

    def thin(self, first: int, last: int) -> None:
        """Put one skip in place of a run of rows."""
        with self.transaction():
            for number in range(first, last + 1):
                self.step()
                del self.rows[number]
            self.rows[first] = last, None

    def send(self, now: float) -> list[Packet]:
        """All that may go now."""
        out = []
        if not self.window.on_the_way:
            out.append(Packet("opening", self.epoch, min(self.rows, default=self.next), self.next))
        for first, (last, what) in sorted(self.rows.items()):
            if last > self.window.sent and self.window.fits(10):
                self.step()
                self.window.put(last, 10, now)
                out.append(Packet("row", self.epoch, first, last, what))
        return out

    def hear(self, packet: Packet, now: float) -> Heard:
        if packet.epoch != self.epoch:
            return Heard.NOTHING
        heard = self.window.hear(packet.last, self.next - 1, now)
        if heard is Heard.MOVED:
            with self.transaction():
                for first in [first for first, (last, _) in self.rows.items() if last <= packet.last]:
                    self.step()
                    del self.rows[first]
        elif heard is Heard.BEYOND:
            self.renumber()
        return heard

    def renumber(self) -> None:
        with self.transaction():
            rows = [what for _, (_, what) in sorted(self.rows.items())]
            self.rows = {number: (number, what) for number, what in enumerate(rows, 1)}
            self.epoch, self.next = self.epoch + 1000, len(rows) + 1
        self.start()


@dataclass
class Numbering(Inbox[str | None]):
    """One numbering in the receiver's database."""

    disk: "Receiver"
    epoch: int
    early: dict[int, Row[str | None]] = field(default_factory=dict)
    number: int = 0

    @property
    def cursor(self) -> int:
        return self.number

    @cursor.setter
    def cursor(self, value: int) -> None:
        self.disk.step()
        self.number = value

    def apply(self, what: str | None) -> None:
        self.disk.step()
        if self.disk.busy:
            raise Busy
        if what is not None:
            self.disk.effects.append((self.epoch, what))

    def room(self) -> int:
        return HOLD_BYTES - sum(row.size for row in self.early.values())

    def hold(self, row: Row[str | None]) -> None:
        self.disk.step()
        self.early.setdefault(row.first, row)

    def held(self) -> Row[str | None] | None:
        return self.early[min(self.early)] if self.early else None

    def release(self, row: Row[str | None]) -> None:
        self.disk.step()
        del self.early[row.first]


class Receiver(Disk):
    """Cursors, held rows and effects in one database."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = False
        self.effects: list[tuple[int, str]] = []
        self.numberings: dict[int, tuple[int, dict[int, Row[str | None]]]] = {}
        self.lost = 0

    @contextlib.contextmanager
    def numbering(self, epoch: int) -> Iterator[Numbering]:
        with self.transaction():
            number, early = self.numberings.get(epoch, (0, {}))
            inbox = Numbering(self, epoch, dict(early), number)
            yield inbox
            self.numberings[epoch] = inbox.number, inbox.early

    def take(self, packet: Packet) -> Packet:
        """Do what a packet asks for; returns the receipt. Killed, Busy."""
        with self.numbering(packet.epoch) as inbox:
            if packet.kind == "opening":
                self.lost += opened(inbox, packet.first)
            else:
                receive(inbox, Row(packet.first, packet.last, 10, packet.what))
        self.step()
        return Packet("receipt", packet.epoch, 0, self.numberings[packet.epoch][0])
