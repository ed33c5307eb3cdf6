"""Noticing that Redis was away or began anew: what was accepted meanwhile lies in the table, and is queued at once."""

import time
from collections.abc import Callable

SECONDS = 1.0  # between two looks
SETTLE_SECONDS = 2.0  # after a return: whoever found it away a moment before has written down its job by then


class Returning:
    """Called now and then. returned: what to do when Redis is there again, and once more when all have noticed."""

    def __init__(self, url: str, returned: Callable[[], object], clock: Callable[[], float] = time.monotonic):
        import redis  # only who asks for it has it

        self._redis = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._error: type[Exception] = redis.RedisError
        self._returned, self._clock = returned, clock
        self._run = ""  # the number of Redis's present life; empty while it is away
        self._settled = 0.0

    def __call__(self) -> None:
        """Look."""
        try:
            run = str(self._redis.info("server")["run_id"])
        except self._error:
            self._run = ""
            return
        if run != self._run:
            self._returned()
            self._run, self._settled = run, self._clock() + SETTLE_SECONDS
        elif self._settled and self._clock() >= self._settled:
            self._returned()
            self._settled = 0.0
