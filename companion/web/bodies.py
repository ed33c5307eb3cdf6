"""Reading what a request sends, so that senders who take their time do not keep all the threads that answer.

The server hands a body over as it arrives and waits for it without end, so how many may be read at one time is limited:
in all, and for one sender. What arrives at the usual speed is read in far less than the wait for a place.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from companion.errors import Unavailable

WAIT_SECONDS = 0.3
EACH = 2  # of one sender


class Bodies:
    """threads: how many answer in all; some of them never read. One place is for who is signed in."""

    def __init__(self, threads: int):
        self._places = max(1, threads // 2)
        self._for_strangers = max(1, self._places - 1)
        self._readers: Counter[tuple[str, str]] = Counter()
        self._strangers = 0
        self._changed = threading.Condition()

    @contextmanager
    def reading(self, address: str, user: str = "") -> Iterator[None]:
        """While a body is read. Unavailable, to try again soon, when there is no place.

        A user is one sender from however many addresses; who is not signed in is their address.
        """
        sender = ("user", user) if user else ("address", address)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free(sender), WAIT_SECONDS):
                raise Unavailable("others are sending slowly; try again in a moment", {"Retry-After": "2"})
            self._readers[sender] += 1
            self._strangers += not user
        try:
            yield
        finally:
            with self._changed:
                self._strangers -= not user
                self._readers[sender] -= 1
                if not self._readers[sender]:
                    del self._readers[sender]
                self._changed.notify_all()

    def _free(self, sender: tuple[str, str]) -> bool:
        if self._readers[sender] >= EACH or self._readers.total() >= self._places:
            return False
        return sender[0] == "user" or self._strangers < self._for_strangers
