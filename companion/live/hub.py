"""Who is connected, and handing each event to those it is for. One event loop; nothing here waits."""

import asyncio
import json
from collections import deque
from collections.abc import Iterable

from companion.events.service import EVERYBODY, Row

MOST_EACH = 10  # connections of one user
OUTBOX = 256  # messages that may wait for a slow page

SIGN_IN = 4401  # the ticket or the session is not valid (any more): fetch a new ticket
FOREIGN = 4403  # the page is another site's
SLOW = 4408  # it did not keep up: load what is shown again, then connect
CROWDED = 4429  # too many connections of one user


Message = tuple[int, str]  # the event's id (0 for what is no event) and what goes over the line


def encode(row: Row) -> Message:
    """An event as a message. Its body is JSON already."""
    number, _, kind, body, at = row
    return number, f'{{"id":{number},"kind":{json.dumps(kind)},"at":{at},"body":{body}}}'


def note(kind: str, **body: object) -> Message:
    """A message that is no event: `hello`, `heartbeat`, `resync`."""
    return 0, json.dumps({"kind": kind, "body": body})


class Connection:
    """One open page. `code` is 0 until it is to be closed with that code; `caught` are ids that it was told already."""

    __slots__ = ("caught", "code", "outbox", "reason", "session", "since", "user", "wake", "writer")

    def __init__(self, user: str, session: str):
        self.user, self.session = user, session
        self.outbox: deque[Message] = deque()
        self.caught: frozenset[int] = frozenset()
        self.wake = asyncio.Event()
        self.code, self.reason = 0, ""
        self.writer: asyncio.Task[None] | None = None
        self.since = 0.0  # the loop's time since which the writer is sending; 0 while it has nothing to send

    def put(self, message: Message) -> None:
        """Queue a message; whoever has let too many lie is closed."""
        if self.code or message[0] in self.caught:
            return
        if len(self.outbox) >= OUTBOX:
            self.close(SLOW, "too slow")
            return
        self.outbox.append(message)
        self.wake.set()

    def catch_up(self, ids: frozenset[int]) -> None:
        """These were told otherwise: they are not told again."""
        self.caught = ids
        self.outbox = deque(message for message in self.outbox if message[0] not in ids)

    def close(self, code: int, reason: str) -> None:
        """Have it closed; what waits is not sent any more."""
        if not self.code:
            self.code, self.reason = code, reason
            self.outbox.clear()
            self.wake.set()


class Hub:
    """All connections of this process."""

    def __init__(self) -> None:
        self._of: dict[str, set[Connection]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def join(self, connection: Connection) -> bool:
        """Take one in; False when its user has enough."""
        present = self._of.setdefault(connection.user, set())
        if len(present) >= MOST_EACH:
            return False
        present.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """It is gone."""
        present = self._of.get(connection.user, set())
        present.discard(connection)
        if not present:
            self._of.pop(connection.user, None)

    def deliver(self, rows: Iterable[Row]) -> None:
        """Queue events for those they are for."""
        for row in rows:
            listeners = self.all() if row[1] == EVERYBODY else list(self._of.get(row[1], ()))
            if listeners:
                message = encode(row)
                for connection in listeners:
                    connection.put(message)

    def all(self) -> list[Connection]:
        """Everyone."""
        return [connection for present in self._of.values() for connection in present]

    def beat(self) -> None:
        """Send a sign of life to everyone."""
        message = note("heartbeat")
        for connection in self.all():
            connection.put(message)

    def let_go(self, before: float) -> None:
        """End the connections whose page has taken nothing since a time of the loop."""
        for connection in self.all():
            if connection.writer is not None and 0 < connection.since < before:
                connection.writer.cancel()

    def keep(self, sessions: set[str]) -> None:
        """Close the connections of all other sessions."""
        for connection in self.all():
            if connection.session not in sessions:
                connection.close(SIGN_IN, "signed out")
