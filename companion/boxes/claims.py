"""Claiming a box by the code on its screen: eight characters, good once, for ten minutes.

40 bits and five tries in ten minutes: guessing a code that is shown just now takes an account some 200 million years.
"""

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any

from companion import elapsed
from companion.accounts import tiers
from companion.audit import service as audit
from companion.boxes import certificates, service
from companion.boxes.models import Box, ClaimOffer, ClaimTries
from companion.database import database, now
from companion.errors import Conflict, Invalid, NotFound, TooMany
from companion.notices import service as notices
from device.contracts.claims import check_digits

LIFE_MS = 10 * 60 * 1000
MOST_TRIES = 5
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
LONGEST_FINGERPRINT = 100
_READ_AS = str.maketrans("OIL", "011")  # what people type for what they see
_ID = re.compile(r"[A-Za-z0-9_-]{8,60}")


@dataclass(frozen=True, slots=True)
class PublicInfo:
    """What a box says of itself before it is anybody's."""

    id: str
    name: str
    model: str
    fingerprint: str


def offer_claim(code: str, box: PublicInfo) -> None:
    """A box shows this code. A new one replaces the one before. Invalid when it is no code, or the id no box's."""
    if not _ID.fullmatch(box.id) or len(box.fingerprint) > LONGEST_FINGERPRINT:
        raise Invalid("a box's id has 8 to 60 letters, digits, _ or -, its fingerprint 100 characters at most")
    with database.atomic():
        ClaimOffer.delete().where((ClaimOffer.box == box.id) | (ClaimOffer.expires < now())).execute()
        made = ClaimOffer.insert(
            hash=_digest(normal(code)), box=box.id, info=_info(box), expires=now() + LIFE_MS
        ).on_conflict_ignore()
        if not made.as_rowcount().execute():
            raise Conflict("another box shows this code; make a new one")


def _info(box: PublicInfo) -> str:
    return service.dumped({name: text[:60] for name, text in asdict(box).items()} | {"fingerprint": box.fingerprint})


def is_offered(box: str) -> bool:
    """Whether a box shows a code that is still good."""
    return bool(ClaimOffer.select().where((ClaimOffer.box == box) & (ClaimOffer.expires > now())).exists())


def normal(code: str) -> str:
    """A code as it is compared, however it was typed. Invalid when it can be none."""
    plain = re.sub(r"[\s-]", "", code).upper().translate(_READ_AS)
    if len(plain) != LENGTH or not set(plain) <= set(ALPHABET):
        raise Invalid(f"a code has {LENGTH} letters and digits, as the box shows them")
    return plain


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def claim(user: str, code: str) -> dict[str, Any]:
    """Make the box that shows this code the user's; `check` has six digits that it shows too.

    NotFound for a code that no box shows; TooMany after five.
    Conflict when the box is somebody's; OverQuota when the tier includes no more boxes.
    """
    digest = _digest(normal(code))
    _count(user)
    with database.atomic():
        offer = ClaimOffer.get_or_none((ClaimOffer.hash == digest) & (ClaimOffer.expires > now()))
        if offer is None or not ClaimOffer.delete().where(ClaimOffer.hash == digest).execute():
            raise NotFound("no box shows this code now; look again, or let the box show a new one")
        info = service.loaded(offer.info)
        anybodys = Box.owner.is_null() | (Box.owner == user)  # whose certificate has expired claims anew
        if not Box.select().where((Box.id == info["id"]) & (Box.owner == user)).exists():
            tiers.check(user, "boxes")
        Box.insert(id=info["id"], name=info["name"], model=info["model"], fingerprint="").on_conflict_ignore().execute()
        taken = {"owner": user, "claimed": now(), "name": info["name"], "model": info["model"]}
        reset = {"fingerprint": info["fingerprint"], "heir": "", "heir_until": None, "online": False, "playing": ""}
        if not Box.update(**taken, **reset).where((Box.id == info["id"]) & anybodys).execute():
            raise Conflict("this box is somebody's; who has it must revoke it, or give it to you")
        ClaimTries.delete().where(ClaimTries.user == user).execute()
        certificates.allow(info["id"], info["fingerprint"])
        service.note(info["id"], user, "claimed")
        audit.record("box.claimed", user, info["id"])
        notices.tell(user, "box.claimed", {"box": info["id"], "name": info["name"]}, mail=True)
        return service.get(user, info["id"]) | {"check": check_digits(info["fingerprint"], normal(code))}


def _count(user: str) -> None:
    """Count a try before it is looked at. TooMany when there were enough."""
    assert not database.in_transaction(), "what undoes a failed claim must not undo its count"
    with database.atomic():
        ClaimTries.insert(user=user, count=0, since=now()).on_conflict_ignore().execute()
        mine = ClaimTries.user == user
        ClaimTries.update(count=0, since=now()).where(mine & (ClaimTries.since < now() - LIFE_MS)).execute()
        counted = ClaimTries.update(count=ClaimTries.count + 1).where(mine & (ClaimTries.count < MOST_TRIES)).execute()
        if not counted:
            since = ClaimTries.select(ClaimTries.since).where(mine).scalar()
    if not counted:
        wait = max(1, (since + LIFE_MS - now()) // 1000)
        said = f"that were {MOST_TRIES} codes; try again in {wait} s"
        raise TooMany(said, {"Retry-After": str(wait)}, retry_after=wait)


def forget() -> int:
    """Drop offers and counts that are over; returns how many offers."""
    ClaimTries.delete().where(ClaimTries.since < elapsed.passed() - LIFE_MS).execute()
    return int(ClaimOffer.delete().where(ClaimOffer.expires < elapsed.passed()).execute())
