"""Times of the day and ages, in a few letters. Times in ms since 1970, by the box's clock."""

import time

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ago(then: int, now: int) -> str:
    """How old something is: `now`, `5 min ago`, `3 h ago`, `6 d ago`, then its date. Empty for a time yet to come."""
    age = now - then
    if age < -5 * MINUTE or then <= 0:  # one of the two clocks is wrong
        return ""
    if age < MINUTE:
        return "now"
    if age < HOUR:
        return f"{age // MINUTE} min ago"
    if age < DAY:
        return f"{age // HOUR} h ago"
    return f"{age // DAY} d ago" if age < 14 * DAY else date(then)


def since(then: int, now: int) -> str:
    """Since when something is so: the time of the day, with the date once that is another. Empty when not known."""
    if not 0 < then <= now + MINUTE:
        return ""
    at, today = time.localtime(then / 1000), time.localtime(now / 1000)
    clock = f"{at.tm_hour}:{at.tm_min:02}"
    return clock if at[:3] == today[:3] else f"{at.tm_mday} {MONTHS[at.tm_mon - 1]} {clock}"


def date(then: int) -> str:
    """`21 Nov 2026`. Empty for a time beyond the calendar."""
    try:
        at = time.localtime(then / 1000)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{at.tm_mday} {MONTHS[at.tm_mon - 1]} {at.tm_year}"


def day(iso: str) -> str:
    """`2026-11-21` as `21 Nov 2026`; what is no date stays as it is."""
    parts = iso.split("-")
    if len(parts) != 3 or not all(part.isdigit() for part in parts) or not 1 <= int(parts[1]) <= 12:
        return iso
    return f"{int(parts[2])} {MONTHS[int(parts[1]) - 1]} {parts[0]}"
