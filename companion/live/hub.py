"""Who is connected, and handing each event to those it is for. One event loop; nothing here waits."""

import json
import logging
from collections.abc import Iterable

from companion.events.service import EVERYBODY, PASSING, Row
from companion.live.connection import SIGN_IN, Connection, Message, note, text

log = logging.getLogger(__name__)
MOST_EACH = 10  # connections of one user


def encode(row: Row) -> Message:
    """An event as a message. Its body is JSON already."""
    number, _, kind, body, at = row
    return text(f'{{"id":{number},"kind":{json.dumps(kind)},"at":{at},"body":{body}}}')


class Hub:
    """All connections of this process. `last`: the highest id that was delivered."""

    def __init__(self) -> None:
        self.last = 0
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
        """Send events to those they are for."""
        for row in rows:
            if row[0] == PASSING:
                self._pass_on(row)
                continue
            self.last = max(self.last, row[0])
            listeners = self.all() if row[1] == EVERYBODY else list(self._of.get(row[1], ()))
            if listeners:
                message = encode(row)
                for connection in listeners:
                    connection.put(row[0], message)

    def _pass_on(self, row: Row) -> None:
        """Send what is about a box (`id` of its body) to those of its owner's pages that look at it."""
        watchers = [connection for connection in self._of.get(row[1], ()) if connection.watched]
        if watchers:
            box, message = json.loads(row[3]).get("id"), encode(row)
            for connection in watchers:
                if box in connection.watched:
                    connection.pass_on(message)

    def all(self) -> list[Connection]:
        """Everyone."""
        return [connection for present in self._of.values() for connection in present]

    def beat(self) -> None:
        """Send a sign of life to everyone."""
        message = note("heartbeat")
        for connection in self.all():
            connection.put(0, message)

    def let_go(self, before: float) -> None:
        """End the connections whose page has taken nothing since a time of the loop."""
        for connection in self.all():
            if 0 < connection.since < before:
                log.info("a page of %s does not read any more", connection.user)
                connection.let_go()

    def keep(self, sessions: set[str]) -> None:
        """Close the connections of all other sessions."""
        for connection in self.all():
            if connection.session not in sessions:
                connection.close(SIGN_IN, "signed out")
