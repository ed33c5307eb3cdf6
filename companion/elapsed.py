"""How much time has passed, for what is deleted after a while: never much more than really has.

The clock of a machine may jump: years forth, or back to 1970. What people do goes by the clock as it is (`now`), and is
right again when the clock is. What is deleted does not come back, so `passed` goes by a time of its own: while the
machine runs it moves at most twice as fast as the real one, which the kernel counts beside the clock, and at each
boot it may have been off for a week. So after a leap years ahead somebody has days to see it, before what should have
stayed for a month is gone.
"""

import time
from functools import cache
from pathlib import Path

import peewee

from companion.database import Model, database, now

FLOOR_MS = 1_793_491_200_000  # 1 November 2026, when this was written: a clock before that is wrong
OFF_MS = 7 * 24 * 3600 * 1000  # that a machine may have been off
AHEAD_MS = 24 * 3600 * 1000  # a time so far ahead of the clock was a leap of it
_SPEED = 2
_BOOTS = 8  # kept


class KnownTime(Model):
    """How far the time of one boot of a machine has come. up: ms since that boot when it was `at`."""

    boot = peewee.CharField(max_length=36, primary_key=True)
    up = peewee.BigIntegerField()
    at = peewee.BigIntegerField()


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _up() -> int:
    """Milliseconds since the machine was started; nobody can set them."""
    return int(1000 * time.clock_gettime(time.CLOCK_BOOTTIME))


def tick() -> None:
    """Let the time move on; once a minute."""
    at, up = now(), _up()
    with database.atomic():
        reached = _reached()
        mine = KnownTime.get_or_none(KnownTime.boot == _boot())
        if reached is None:
            fresh = max(at, FLOOR_MS)
        elif at >= FLOOR_MS and reached > at + AHEAD_MS:  # it followed a clock that was wrong, and now is right
            KnownTime.update(at=at).execute()
            fresh = at
        elif mine is None:
            fresh = max(reached, min(at, reached + OFF_MS))
        else:
            fresh = max(reached, min(at, mine.at + _SPEED * max(0, up - mine.up)))
        if mine is None:
            KnownTime.insert(boot=_boot(), up=up, at=fresh).on_conflict_ignore().execute()
        else:
            KnownTime.update(up=up, at=fresh).where(KnownTime.boot == _boot()).execute()
        kept = KnownTime.select(KnownTime.boot).order_by(KnownTime.at.desc()).limit(_BOOTS)
        KnownTime.delete().where(KnownTime.boot.not_in([row.boot for row in kept])).execute()


def _reached() -> int | None:
    found = KnownTime.select(peewee.fn.MAX(KnownTime.at)).scalar()
    return None if found is None else int(found)


def passed() -> int:
    """The time (ms since 1970) by which what is over may be deleted for good: `now`, or less after a leap ahead."""
    at, reached = now(), _reached()
    return at if reached is None else min(at, reached + 60_000)


def ahead() -> int:
    """What is later than this was written down while the clock was wrong."""
    return max(now(), _reached() or 0) + AHEAD_MS
