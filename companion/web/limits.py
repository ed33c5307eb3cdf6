"""How often one user or one address may call."""

import math
import time
from dataclasses import dataclass

import limits
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from companion.config import Settings
from companion.errors import TooMany

# kind of call: (calls, seconds)
TABLE = {
    "api": (1000, 3600),
    "page": (3000, 3600),  # the page reads and draws much; what it changes counts as api
    "auth": (10, 900),
    "login": (5, 60),
    "upload": (100, 3600),
    "graphql": (500, 3600),
}


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of an allowance, for the headers of an answer."""

    name: str
    most: int
    seconds: int
    left: int
    reset: int  # seconds until some of it is back


class Limiter:
    """Moving windows, kept in memory, or in Redis for more than one process."""

    def __init__(self, settings: Settings):
        self._on = settings.limits
        storage = storage_from_string(settings.redis_url or "memory://")
        assert isinstance(storage, Storage)
        self._windows = MovingWindowRateLimiter(storage)
        self._items = {
            name: limits.RateLimitItemPerSecond(max(1, round(calls * settings.limit_factor)), seconds)
            for name, (calls, seconds) in TABLE.items()
        }

    def hit(self, name: str, caller: str) -> Window | None:
        """Count one call. TooMany says when to come back; None while limits are off."""
        if not self._on:
            return None
        item = self._items[name]
        allowed = self._windows.hit(item, name, caller)
        stats = self._windows.get_window_stats(item, name, caller)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        window = Window(name, item.amount, item.multiples, stats.remaining, wait)
        if not allowed:
            raise TooMany(
                f"too many calls; try again in {wait} s",
                {"Retry-After": str(wait), **headers(window)},
                retry_after=wait,
            )
        return window


def headers(window: Window) -> dict[str, str]:
    """RateLimit and RateLimit-Policy, as the IETF draft has them."""
    return {
        "RateLimit-Policy": f'"{window.name}";q={window.most};w={window.seconds}',
        "RateLimit": f'"{window.name}";r={window.left};t={window.reset}',
    }
