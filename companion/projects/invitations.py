"""Asking somebody to work on a project, by mail.

Whoever holds the mailed secret has read the mail. Without it, an invitation is seen by those alone who have proved that
the address is theirs. Nobody is told whether an address has an account.
"""

import hashlib
import secrets
from typing import Any

from companion import elapsed
from companion.accounts import directory, tiers
from companion.accounts import service as accounts
from companion.audit import service as audit
from companion.config import Settings
from companion.database import database, now
from companion.errors import Conflict, NotFound
from companion.mail import service as mail
from companion.notices import service as notices
from companion.projects import history, members, rights
from companion.projects.models import Invitation, Member, Project, Role

LIFE_MS = 14 * 24 * 3600 * 1000


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def invite(settings: Settings, user: str, project: str, email: str, role: Role) -> dict[str, Any]:
    """Mail somebody an invitation; a new one to the same address replaces the one before. The owner alone may.

    Conflict for who works on the project already; OverQuota when the owner's tier includes no more collaborators.
    """
    email = accounts.clean_email(email)
    secret = secrets.token_urlsafe(32)
    with database.atomic():
        held = rights.hold(user, project, Role.OWNER)
        owner_of = directory.owner_of(email)
        if owner_of in rights.people(held):
            raise Conflict("who has this address works on the project already")
        Invitation.delete().where((Invitation.project == project) & (Invitation.email == email)).execute()
        tiers.check(user, "collaborators", used=_taken(project))
        made = Invitation.create(
            project=project,
            email=email,
            role=int(role),
            hash=_digest(secret),
            inviter=user,
            expires=now() + LIFE_MS,
        )
        inviter = directory.names([user])[user]
        link = f"{settings.url}/invitations#{secret}"
        mail.send(email, "project-invitation", name=inviter, title=held.title, role=rights.called(role), link=link)
        if owner_of is not None:
            body = {"project": project, "title": held.title, "who": inviter, "invitation": made.id}
            notices.tell(owner_of, "project.invited", body)
        history.record(held, user, "invited", {}, {"invitation": role.name.lower()})
        audit.record("project.invited", user, project, role=role.name.lower())
        return _shown(made)


def _taken(project: str) -> int:
    """Places of a project that are taken or promised."""
    people = Member.select().where(Member.project == project).count()
    return int(people) + int(_open(project).count())


def _open(project: str) -> Any:
    return Invitation.select().where((Invitation.project == project) & (Invitation.expires > now()))


def listed(user: str, project: str) -> list[dict[str, Any]]:
    """The open invitations of a project, newest first; its owner alone sees them."""
    rights.find(user, project, Role.OWNER)
    return [_shown(row) for row in _open(project).order_by(Invitation.id.desc())]


def _shown(row: Invitation) -> dict[str, Any]:
    role = Role(row.role).name.lower()
    return {"id": row.id, "email": row.email, "role": role, "created": row.created, "expires": row.expires}


def revoke(user: str, project: str, invitation: str) -> None:
    """Make an invitation worthless. NotFound without it."""
    with database.atomic():
        held = rights.hold(user, project, Role.OWNER)
        row = Invitation.get_or_none((Invitation.project == project) & (Invitation.id == invitation))
        if row is None:
            raise NotFound("there is no such invitation")
        row.delete_instance()
        history.record(held, user, "uninvited", {"invitation": Role(row.role).name.lower()}, {})
        audit.record("project.uninvited", user, project)


def mine(user: str) -> list[dict[str, Any]]:
    """The open invitations to the address that a user has proved, newest first."""
    return [_offered(row) for row in _mine(user).order_by(Invitation.id.desc())]


def _mine(user: str) -> Any:
    email = directory.proved_email(user)
    query = Invitation.select(Invitation, Project).join(Project)
    return query.where((Invitation.email == email) & (Invitation.expires > now()) & Project.deleted.is_null())


def _offered(row: Invitation) -> dict[str, Any]:
    who = directory.names([row.inviter_id]).get(row.inviter_id, "")
    return _shown(row) | {"title": row.project.title, "inviter_name": who}


def look(secret: str) -> dict[str, Any]:
    """What the mailed secret invites to. NotFound when it is spent, withdrawn, too old, or none of ours."""
    return _offered(_by_secret(secret))


def asked(secret: str) -> str:
    """The address that a valid secret was mailed to; empty for none of ours. Who was asked may make an account."""
    try:
        return str(_by_secret(secret).email)
    except NotFound:
        return ""


def _by_secret(secret: str) -> Invitation:
    query = Invitation.select(Invitation, Project).join(Project)
    valid = (Invitation.hash == _digest(secret)) & (Invitation.expires > now()) & Project.deleted.is_null()
    found: Invitation | None = query.where(valid).first()
    if found is None:
        raise NotFound("this invitation is not valid any more; ask for a new one")
    return found


def accept(user: str, invitation: str) -> str:
    """Accept an invitation to the address that the user has proved. Returns the project's id. NotFound."""
    with database.atomic():
        row = _mine(user).where(Invitation.id == invitation).first()
        if row is None:
            raise NotFound("there is no such invitation to your address; confirm the address, or use the mailed link")
        return _join(user, row)


def accept_secret(user: str, secret: str, as_me: bool) -> str:
    """Accept by the mailed secret. Returns the project's id.

    as_me: also when the mail went to another address than the user's; Conflict asks for it.
    """
    with database.atomic():
        row = _by_secret(secret)
        if not as_me and row.email != directory.proved_email(user) and row.email != accounts.find(user).email:
            raise Conflict(
                f"this invitation was mailed to {row.email}, which is not the address of your account; "
                "say that you want to join with this account, or sign in with the other",
                invited=row.email,
            )
        return _join(user, row)


def _join(user: str, row: Invitation) -> str:
    """Spend an invitation: one of those who come at once gets in."""
    project = Project.get_by_id(row.project_id)
    Project.update(version=Project.version).where(Project.id == project.id).execute()  # hold it
    if not Invitation.delete().where(Invitation.id == row.id).execute():
        raise NotFound("this invitation is not valid any more; ask for a new one")
    if user in rights.people(project):
        raise Conflict("you work on this project already")
    members.join(project, user, Role(row.role))
    who = directory.names([user])[user]
    body = {"project": project.id, "title": project.title, "who": who}
    notices.tell(project.owner_id, "project.joined", body, mail=True)
    return str(project.id)


def decline(user: str, invitation: str) -> None:
    """Say no. NotFound."""
    with database.atomic():
        row = _mine(user).where(Invitation.id == invitation).first()
        if row is None:
            raise NotFound("there is no such invitation to your address")
        Invitation.delete().where(Invitation.id == row.id).execute()


def forget() -> int:
    """Drop what has expired; returns how many."""
    return int(Invitation.delete().where(Invitation.expires < elapsed.passed()).execute())
