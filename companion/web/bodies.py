"""Reading what a request sends, so that senders who take their time do not keep all the threads that answer.

The server hands a body over as it arrives and waits for it without end, so how many may be read at one time is limited:
in all, and for one address. What arrives at the usual speed is read in far less than the wait for a place.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from companion.errors import Unavailable

WAIT_SECONDS = 0.3
EACH = 2  # of one address


class Bodies:
    """threads: how many answer in all; some of them never read."""

    def __init__(self, threads: int):
        self._places = max(1, threads // 2)
        self._readers: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def reading(self, address: str) -> Iterator[None]:
        """While a body is read. Unavailable, to try again soon, when there is no place."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._free(address), WAIT_SECONDS):
                raise Unavailable("others are sending slowly; try again in a moment", {"Retry-After": "2"})
            self._readers[address] += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers[address] -= 1
                if not self._readers[address]:
                    del self._readers[address]
                self._changed.notify_all()

    def _free(self, address: str) -> bool:
        return self._readers[address] < EACH and self._readers.total() < self._places
