"""What was found out once and holds for a while, such as that a token's signature is right."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")
MOST = 10_000


class Remembered(Generic[Value]):
    """Values with the time until which each holds. Full, it forgets all: finding out again is only slower."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._rows: dict[object, tuple[float, Value]] = {}

    def get(self, key: object) -> Value | None:
        """What is known; None when nothing is, or no longer."""
        found = self._rows.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            self._rows.pop(key, None)
            return None
        return found[1]

    def put(self, key: object, value: Value, until: float) -> None:
        """Keep a value until a time of the clock, which by default is seconds since 1970."""
        if len(self._rows) >= MOST:
            self._rows.clear()
        self._rows[key] = until, value

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()
