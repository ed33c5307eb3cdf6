"""What each tier includes, and holding people to it."""

from collections.abc import Callable
from dataclasses import dataclass

from companion.accounts.models import User
from companion.audit import service as audit
from companion.database import database
from companion.errors import Invalid, NotFound, OverQuota

GIB = 1 << 30
WHATS = ("storage", "tracks", "projects", "boxes", "collaborators")
# tier: most of storage (bytes), tracks, projects, boxes, collaborators in one project
TIERS: dict[str, dict[str, int]] = {
    "free": {"storage": 5 * GIB, "tracks": 200, "projects": 5, "boxes": 1, "collaborators": 2},
    "core": {"storage": 100 * GIB, "tracks": 5_000, "projects": 100, "boxes": 3, "collaborators": 10},
    "pro": {"storage": 1024 * GIB, "tracks": 100_000, "projects": 5_000, "boxes": 20, "collaborators": 100},
}
SMALLEST, *_, LARGEST = TIERS
_SAID = {
    "storage": "of storage",
    "tracks": "tracks",
    "projects": "projects",
    "boxes": "boxes",
    "collaborators": "collaborators in a project",
}

Count = Callable[[str], int]
_counts: dict[str, Count] = {}


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit of a user's tier: `used` of `most`; used is None where it is not counted per user."""

    what: str
    most: int
    used: int | None


def register(what: str, count: Count) -> None:
    """Let a domain say how much of something a user has: `count(user)`, in bytes for storage."""
    if what not in WHATS:
        raise ValueError(f"no tier limits {what}")
    _counts[what] = count


def check(user: str, what: str, amount: int = 1, used: int | None = None) -> None:
    """OverQuota when a user's tier does not include `amount` more of `what` (bytes for storage).

    used: what there is already, where it is not per user (collaborators of one project); else what the registered
    counter says. Call it inside the transaction that adds: the user's row is held until its end, so that two additions
    at one time cannot both take the last place. NotFound without such a user.
    """
    if not User.update(tier=User.tier).where(User.id == user).execute():
        raise NotFound("there is no such account")
    tier = User.select(User.tier).where(User.id == user).scalar()
    most = limits(tier)[what]
    if used is None:
        if what not in _counts:
            raise ValueError(f"nothing counts {what}; register() comes first")
        used = _counts[what](user)
    if used + amount > most:
        shown = _bytes(most) if what == "storage" else f"{most:,}"
        kind = "box" if what == "boxes" and most == 1 else _SAID[what]
        raise OverQuota(
            f"the tier {tier} includes {shown} {kind}; remove some, or have an administrator choose a larger tier",
            what=what,
            most=most,
            used=used,
        )


def put_on(user: str, tier: str, actor: str = "", address: str = "") -> None:
    """Change a user's tier. What is over its limits stays; no more can be added. Invalid for an unknown tier."""
    if tier not in TIERS:
        raise Invalid(f"there is no tier {tier}; there are {', '.join(TIERS)}")
    with database.atomic():
        if not User.update(tier=tier).where(User.id == user).execute():
            raise NotFound("there is no such account")
        audit.record("user.tier", actor, user, address, tier=tier)


def limits(tier: str) -> dict[str, int]:
    """The limits of a tier; those of `free` for a name that is no more."""
    return TIERS.get(tier, TIERS["free"])


def allowances(user: str) -> tuple[str, list[Allowance]]:
    """A user's tier, and what of it is used."""
    tier = User.select(User.tier).where(User.id == user).scalar()
    if tier is None:
        raise NotFound("there is no such account")
    most = limits(tier)
    return tier, [Allowance(what, most[what], _counts[what](user) if what in _counts else None) for what in WHATS]


def _bytes(count: int) -> str:
    return f"{count // GIB} GiB"
