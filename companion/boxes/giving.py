"""Giving a box to somebody else: offered to an address, and theirs once they take it."""

from typing import Any

import peewee

from companion.accounts import directory, tiers
from companion.accounts import service as accounts
from companion.audit import service as audit
from companion.boxes import service
from companion.boxes.models import Box
from companion.config import Settings
from companion.database import database, now
from companion.errors import Conflict, NotFound
from companion.mail import service as mail
from companion.notices import service as notices

LIFE_MS = 7 * 24 * 3600 * 1000


def give(settings: Settings, user: str, box: str, email: str) -> dict[str, Any]:
    """Offer a box to whoever owns an address; it stays the user's until that person takes it. NotFound.

    Nobody is told whether the address has an account.
    """
    email = accounts.clean_email(email)
    with database.atomic():
        row = service.find(user, box)
        if email == accounts.find(user).email:
            raise Conflict("that is your own address")
        Box.update(heir=email, heir_until=now() + LIFE_MS).where((Box.id == box) & service.mine(user)).execute()
        giver = directory.names([user])[user]
        mail.send(email, "box-offer", name=giver, box=row.name, link=f"{settings.url}/boxes")
        heir = directory.owner_of(email)
        if heir is not None:
            notices.tell(heir, "box.offered", {"box": box, "name": row.name, "who": giver})
        service.note(box, user, "offered", to=email)
        audit.record("box.offered", user, box)
        return service.get(user, box)


def keep(user: str, box: str) -> dict[str, Any]:
    """Take the offer back. NotFound."""
    with database.atomic():
        if not Box.update(heir="", heir_until=None).where((Box.id == box) & service.mine(user)).execute():
            raise NotFound("there is no such box")
        service.note(box, user, "kept")
        return service.get(user, box)


def _offered_to(user: str) -> peewee.Expression:
    email = directory.proved_email(user)
    return (Box.heir == email) & (Box.heir_until > now()) & Box.owner.is_null(False)


def offers(user: str) -> list[dict[str, Any]]:
    """Boxes that are offered to the address that a user has proved."""
    rows = list(Box.select().where(_offered_to(user)).order_by(Box.heir_until))
    names = directory.names(row.owner_id for row in rows)
    return [
        {
            "box": row.id,
            "name": row.name,
            "model": row.model,
            "giver": names.get(row.owner_id, ""),
            "expires": row.heir_until,
        }
        for row in rows
    ]


def take(user: str, box: str) -> dict[str, Any]:
    """Accept an offered box. NotFound; OverQuota when the tier includes no more boxes."""
    with database.atomic():
        tiers.check(user, "boxes")
        row = Box.get_or_none((Box.id == box) & _offered_to(user))
        mine_now = {"owner": user, "claimed": now(), "heir": "", "heir_until": None, "playing": ""}
        if row is None or not Box.update(**mine_now).where((Box.id == box) & _offered_to(user)).execute():
            raise NotFound("no such box is offered to you; confirm your address first")
        who = directory.names([user])[user]
        service.part(box, row.owner_id)
        service.note(box, row.owner_id, "given")
        notices.tell(row.owner_id, "box.taken", {"box": box, "name": row.name, "who": who}, mail=True)
        service.note(box, user, "taken")
        audit.record("box.taken", user, box)
        return service.get(user, box)


def refuse(user: str, box: str) -> None:
    """Decline an offered box. NotFound."""
    if not Box.update(heir="", heir_until=None).where((Box.id == box) & _offered_to(user)).execute():
        raise NotFound("no such box is offered to you")
