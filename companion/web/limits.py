"""How often one user or one address may call: windows that slide."""

import ipaddress
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import limits
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from companion.config import Settings
from companion.errors import TooMany
from companion.web.away import Away

log = logging.getLogger(__name__)

# kind of call: (calls, seconds)
TABLE = {
    "api": (1000, 3600),
    "page": (3000, 3600),  # the page reads and draws much; what it changes counts as api
    "auth": (10, 900),
    "login": (5, 60),
    "password": (10, 900),  # for one account, from all addresses together
    "code": (5, 900),
    "probe": (20000, 3600),  # health, asked by machines every second
    "enrol": (1000, 3600),  # boxes that are being claimed ask every few seconds
    "mail": (30, 3600),  # what sends mail to others
    "upload": (5000, 3600),  # beginnings alone: a crate has hundreds of small files, and tiers count bytes
    "transfer": (50000, 3600),  # boxes send and fetch files in small pieces while they play
    "graphql": (500, 3600),
}
# Counted by address even when somebody is signed in: an account must not buy more guesses at others.
BY_ADDRESS = frozenset({"auth", "login"})
_TIDY_EVERY = 10_000  # calls
PATIENCE_SECONDS = 1.0  # with Redis


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of an allowance, for the headers of an answer."""

    name: str
    most: int
    seconds: int
    left: int
    reset: int  # seconds until some of it is back


# (allowed, calls left, seconds until some are back)
Counted = tuple[bool, int, float]


class Counts(Protocol):
    """Where calls are counted."""

    def hit(self, name: str, caller: str, most: int, seconds: int) -> Counted:
        """Count a call, unless there were enough."""

    def clear(self, name: str, caller: str, most: int, seconds: int) -> None:
        """Forget a caller's calls."""


class Memory:
    """Counts of this process: for each caller those of the present window and of the one before.

    The calls of the last `seconds` are estimated as the present ones and a share of those before, so a caller costs
    a few bytes however many calls there were. Measured: 1.3 us a call, where lists of all times took 60.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._rows: dict[tuple[str, str], list[float]] = {}  # start of the window, calls before it, calls in it
        self._lock = threading.Lock()
        self._calls = 0

    def hit(self, name: str, caller: str, most: int, seconds: int) -> Counted:
        """Count a call, unless there were enough."""
        at = self._clock()
        with self._lock:
            self._calls += 1
            if self._calls % _TIDY_EVERY == 0:
                self._tidy(at)
            row = self._rows.get((name, caller))
            if row is None:
                row = self._rows[name, caller] = [at, 0.0, 0.0]
            start, before, present = row
            if at - start >= seconds:
                before = present if at - start < 2 * seconds else 0.0
                start, present = (start + seconds, 0.0) if before else (at, 0.0)
                row[:] = start, before, present
            rest = seconds - (at - start)  # in this order it is exact at the start
            used = before * rest / seconds + present
            if used + 1 > most:
                return False, 0, _wait(before, present, most, seconds, rest)
            row[2] = present + 1
            return True, int(most - used - 1), rest

    def clear(self, name: str, caller: str, _most: int, _seconds: int) -> None:
        """Forget a caller's calls."""
        with self._lock:
            self._rows.pop((name, caller), None)

    def _tidy(self, at: float) -> None:
        longest = 2 * max(seconds for _, seconds in TABLE.values())
        self._rows = {key: row for key, row in self._rows.items() if at - row[0] < longest}


def _wait(before: float, present: float, most: int, seconds: int, rest: float) -> float:
    """Seconds until one more call fits."""
    if present + 1 <= most and before:
        return max(0.0, rest - (most - present - 1) * seconds / before)
    return rest + seconds * (1 - (most - 1) / present)


class Redis:
    """Counts that processes share. When the server does not answer, this process counts for itself."""

    def __init__(self, address: str):
        patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        self._strategy = SlidingWindowCounterRateLimiter(storage_from_string(address, **patience))
        self._alone, self._away = Memory(), Away()

    def hit(self, name: str, caller: str, most: int, seconds: int) -> Counted:
        """Count a call, unless there were enough."""
        if self._away:
            return self._alone.hit(name, caller, most, seconds)
        item = limits.RateLimitItemPerSecond(most, seconds)
        try:
            allowed = self._strategy.hit(item, name, caller)
            stats = self._strategy.get_window_stats(item, name, caller)
        except Exception:
            self._away.noticed()
            log.warning("the limits' Redis does not answer; this process counts alone", exc_info=True)
            return self._alone.hit(name, caller, most, seconds)
        return allowed, stats.remaining, max(0.0, stats.reset_time - time.time())

    def clear(self, name: str, caller: str, most: int, seconds: int) -> None:
        """Forget a caller's calls."""
        self._alone.clear(name, caller, most, seconds)
        if self._away:
            return
        try:
            self._strategy.clear(limits.RateLimitItemPerSecond(most, seconds), name, caller)
        except Exception:
            log.warning("the limits' Redis does not answer; what it counted stays", exc_info=True)


class Limiter:
    """The allowances of TABLE, in memory, or in Redis for more than one process."""

    def __init__(self, settings: Settings, counts: Counts | None = None):
        self._on = settings.limits
        self._counts = counts or (Redis(settings.redis_url) if settings.redis_url else Memory())
        self._most = {name: max(1, round(calls * settings.limit_factor)) for name, (calls, _) in TABLE.items()}

    def hit(self, name: str, caller: str) -> Window | None:
        """Count one call. TooMany says when to come back; None while limits are off."""
        if not self._on:
            return None
        most, seconds = self._most[name], TABLE[name][1]
        allowed, left, rest = self._counts.hit(name, caller, most, seconds)
        wait = max(1, math.ceil(rest))
        window = Window(name, most, seconds, left, wait)
        if not allowed:
            raise TooMany(
                f"too many calls; try again in {wait} s",
                {"Retry-After": str(wait), **headers(window)},
                retry_after=wait,
            )
        return window

    def clear(self, name: str, caller: str) -> None:
        """Forget a caller's calls."""
        self._counts.clear(name, caller, self._most[name], TABLE[name][1])


def address_of(remote: str | None) -> str:
    """Whom an address stands for: itself, or with IPv6 its /64, of which everybody has many addresses."""
    if not remote or ":" not in remote:
        return remote or ""
    try:
        return str(ipaddress.IPv6Network((remote.partition("%")[0], 64), strict=False))
    except ValueError:
        return remote


def headers(window: Window) -> dict[str, str]:
    """RateLimit and RateLimit-Policy, as the IETF draft has them."""
    return {
        "RateLimit-Policy": f'"{window.name}";q={window.most};w={window.seconds}',
        "RateLimit": f'"{window.name}";r={window.left};t={window.reset}',
    }
