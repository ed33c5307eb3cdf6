"""Places for those who take a file: who reads slowly keeps a thread for as long, so they are few, each and in all."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from companion.errors import Unavailable

WAIT_SECONDS = 0.3  # who reads at the usual speed is done by then


class Places:
    """So many at one time; each leaves one to the others."""

    def __init__(self, most: int):
        self._most, self._each = max(1, most), max(1, most - 1)
        self._takers: Counter[str] = Counter()
        self._changed = threading.Condition()

    def hold(self, whose: str, begin: Callable[[], Iterator[bytes]]) -> "Held":
        """The pieces, for as long as they are taken. Unavailable, to try again soon, when there is no place."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._free(whose), WAIT_SECONDS):
                raise Unavailable(
                    "many files are being fetched, some of them slowly; try again in a moment", {"Retry-After": "5"}
                )
            self._takers[whose] += 1
        try:
            return Held(self, whose, begin())
        except BaseException:
            self.leave(whose)
            raise

    def leave(self, whose: str) -> None:
        """One is done."""
        with self._changed:
            self._takers[whose] -= 1
            if not self._takers[whose]:
                del self._takers[whose]
            self._changed.notify_all()

    @property
    def taken(self) -> int:
        """How many there are."""
        return self._takers.total()

    def _free(self, whose: str) -> bool:
        return self._takers[whose] < self._each and self._takers.total() < self._most


class Held:
    """Pieces that have a place, until they are closed: the server does that, whether or not it took any."""

    def __init__(self, places: Places, whose: str, pieces: Iterator[bytes]):
        self._places, self._whose, self._pieces = places, whose, pieces
        self._over = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:  # that is all, or the store is away
            self.close()
            raise

    def close(self) -> None:
        """Nobody takes them any more."""
        if self._over.acquire(blocking=False):
            self._places.leave(self._whose)
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()

    def __del__(self) -> None:
        self.close()
