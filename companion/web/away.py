"""Servers that do not answer: each caller would wait for one anew, so for a second nobody tries it again."""

import time
from collections.abc import Callable

SECONDS = 1.0


class Away:
    """Whether a server was found not to answer just now. Several threads may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._until = clock, 0.0

    def __bool__(self) -> bool:
        return self._clock() < self._until

    def noticed(self) -> None:
        """It did not answer."""
        self._until = self._clock() + SECONDS

    def answered(self) -> None:
        """It answers again."""
        self._until = 0.0
