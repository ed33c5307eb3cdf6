"""Events out of the database, in order, soon after they were committed.

Ids are given at the insert but rows are seen at the commit: on PostgreSQL a lower id may appear after a higher one.
So ids that were skipped are looked for again for a while.
"""

import time

from companion.events import service as events
from companion.events.service import Row

BATCH = 500
GAP_SECONDS = 10.0
GAPS = 1000


class Feed:
    """Finds what is new. `last` is the highest id that was found."""

    def __init__(self) -> None:
        self.last = events.newest()
        self._gaps: dict[int, float] = {}  # id to when it is given up

    def take(self, row: Row) -> bool:
        """Whether this event is the very next after the last, so that nothing need be read."""
        if row[0] != self.last + 1:
            return False
        self.last = row[0]
        return True

    def read(self) -> list[Row]:
        """Up to BATCH new events, and those that appeared late. Waits for the database."""
        rows = events.since(self.last, BATCH)
        late = events.among(list(self._gaps)) if self._gaps else []
        for row in late:
            del self._gaps[row[0]]
        end = time.monotonic()
        self._gaps = {number: until for number, until in self._gaps.items() if until > end}
        for row in rows:
            for skipped in range(max(self.last + 1, row[0] - GAPS), row[0]):
                self._gaps[skipped] = end + GAP_SECONDS
            self.last = row[0]
        return [*late, *rows]
