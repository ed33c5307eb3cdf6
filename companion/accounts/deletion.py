"""Leaving: seven days to come back, then a job erases everything in every domain."""

import time
from collections.abc import Callable

from companion import elapsed
from companion.accounts import export, proof, service, sessions, stewardship
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import User
from companion.accounts.service import GRACE
from companion.audit import service as audit
from companion.database import database, now
from companion.errors import Conflict
from companion.events import service as events
from companion.jobs import service as jobs
from companion.mail import service as mail

Erase = Callable[[str], None]
_erasers: dict[str, Erase] = {}


def register(name: str, erase: Erase) -> None:
    """Let a domain erase what it has of a user, by id. It may run twice, and after a part of it ran before."""
    _erasers[name] = erase


def ask(url: str, user_id: str, session: str, password: str, origin: Origin = NOWHERE) -> int:
    """Close an account in seven days; all its sessions end now. Returns when it goes (ms).

    Forbidden when the password is wrong, or, without one, the last proof is old. Conflict for the last administrator.
    """
    user = service.find(user_id)
    if user.password:
        service.check_password(user, password, origin)
    else:
        proof.require(user.id, session)
    with database.atomic():
        if User.select().where((User.id != user.id) & User.disabled.is_null() & User.leaving.is_null()).exists():
            stewardship.check_not_last(user)
        at = now()
        User.update(leaving=at).where(User.id == user.id).execute()
        sessions.end_all(user.id)
        note(user, "deletion.asked", origin)
        day = time.strftime("%d %B %Y", time.gmtime((at + GRACE) / 1000))
        mail.send(user.email, "leaving", name=user.name, day=day, link=f"{url}/account")
    return at + GRACE


def take_back(user_id: str, origin: Origin = NOWHERE) -> None:
    """Keep the account. Conflict when its deletion was not asked for."""
    user = service.find(user_id)
    with database.atomic():
        if not User.update(leaving=None).where((User.id == user.id) & User.leaving.is_null(False)).execute():
            raise Conflict("this account is not about to be deleted")
        note(user, "deletion.taken-back", origin)


def sweep() -> int:
    """Let jobs erase the accounts whose time is over; returns how many."""
    due = list(User.select(User.id).where(User.leaving < elapsed.passed() - GRACE))
    for user in due:
        with database.atomic():
            if not jobs.waiting("erase", user.id):
                jobs.enqueue("erase", subject=user.id)
    return len(due)


@jobs.handler("erase")
def erase(work: jobs.Work) -> None:
    """Erase one account, unless its owner came back. Each domain erases by itself; the account's row goes last."""
    number = work.subject
    due = (User.id == number) & (User.leaving < elapsed.passed() - GRACE)
    if not User.update(disabled=now()).where(due).execute():  # from here on there is no way back, and no way in
        return
    sessions.end_all(number)
    for step, (name, erase_there) in enumerate(sorted(_erasers.items())):
        work.progress(step / (len(_erasers) + 1), name)
        erase_there(number)
    export.drop(number)
    jobs.erase(number)
    with database.atomic():
        if User.delete().where(due).execute():
            events.erase(number)
            audit.record("account.erased", subject=number)
