"""Signing up and in.

Signing up says when an address has an account already: who signs up is signed in at once, also where no mail can be
sent, so the two cases could not be made to look the same. It is held to ten tries in a quarter of an hour, and with
`sign_up = "invited"` an invitation comes first. Signing in and setting a new password tell nobody who has an account.
"""

import hashlib

import peewee
from email_validator import EmailNotValidError, validate_email

from companion.accounts import invitations, passwords, sessions, throttle, tickets, tiers, verification
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import User
from companion.config import Settings
from companion.database import Compiled, database, now
from companion.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from companion.web.identity import Access

GRACE = 7 * 24 * 3600 * 1000  # from asking for deletion until it is done
PROFILE = ("id", "email", "name", "access", "tier", "created", "verified", "leaving")
_PROFILE = Compiled(lambda user: User.select(*(getattr(User, name) for name in PROFILE)).where(User.id == user))


def clean_email(email: str) -> str:
    """In the form that is stored and compared. Invalid when it is no address."""
    try:
        return str(validate_email(email, check_deliverability=False).normalized).lower()
    except EmailNotValidError as exc:
        raise Invalid(f"email: {exc}") from exc


def sign_up(
    settings: Settings, email: str, name: str, password: str, invitation: str = "", origin: Origin = NOWHERE
) -> User:
    """Make an account; the first one administers the companion. Conflict when the address has one.

    Forbidden where nobody may sign up, or not without an invitation.
    """
    email = clean_email(email)
    if not invitation:
        check_open(settings)
    passwords.check_rules(password, name, email)
    hashed = passwords.hash_password(password)
    with database.atomic():
        access, verified = admit(settings, email, invitation)
        user = create(email, name, password=hashed, access=access, verified=verified)
        note(user, "account.made", origin)
        if not verified:
            verification.send(settings.url, user)
    return user


def admit(settings: Settings, email: str, invitation: str) -> tuple[Access, bool]:
    """What who signs up may become, and whether the invitation proves the address. Forbidden for who may not.

    Spends an invitation to make an account. One to a project is not spent: it lets its address alone sign up, once.
    """
    if invitation and settings.sign_up == "open":
        asked = invitations.asked_elsewhere(invitation)
        return (Access.ARTIST, asked == email) if asked else invitations.accept(invitation, email)
    if invitation and invitations.from_the_shell(invitation):
        return invitations.accept(invitation, email)
    if invitation and settings.sign_up == "invited":
        asked = invitations.asked_elsewhere(invitation)
        if asked and asked != email:
            raise Forbidden(f"this invitation was mailed to {asked}; sign up with that address")
        return (Access.COLLABORATOR, True) if asked else invitations.accept(invitation, email)
    check_open(settings)
    return Access.ARTIST, False


def check_open(settings: Settings) -> None:
    """Forbidden unless everybody may make an account."""
    if settings.sign_up == "invited":
        raise Forbidden("this companion takes people by invitation; ask whoever runs it for one")
    if settings.sign_up == "closed":
        raise Forbidden("this companion takes no new accounts; ask whoever runs it")


def create(email: str, name: str, password: str = "", access: Access = Access.ARTIST, verified: bool = False) -> User:
    """Store an account, `password` hashed. Conflict when the address has one.

    The first one administers, and has the largest tier: it is its own companion.
    """
    taken = Conflict("there is an account with this address; sign in, or reset its password")
    with database.atomic():
        is_first = not User.select().exists()
        if is_first:
            one_at_a_time()
            is_first = not User.select().exists()
        if User.select().where(User.email == email).exists():
            raise taken
        try:
            with database.atomic():
                return User.create(
                    email=email,
                    name=name,
                    password=password,
                    access=Access.ADMIN if is_first else access,
                    tier=tiers.LARGEST if is_first else tiers.SMALLEST,
                    verified=now() if verified else None,
                )
        except peewee.IntegrityError:  # made by somebody else, this very moment
            raise taken from None


def one_at_a_time() -> None:
    """Nobody else changes accounts until the transaction is over. SQLite has one writer anyway."""
    if not isinstance(database.obj, peewee.SqliteDatabase):
        database.execute_sql('LOCK TABLE "user" IN EXCLUSIVE MODE')


def sign_in(email: str, password: str, origin: Origin = NOWHERE, known: bool = False) -> User:
    """The user with this address and password. Unauthorized says no more than that it was not right.

    known: it comes from where this account has signed in before (`acquaintance`).
    """
    address = email.strip().lower()
    account = hashlib.sha256(address.encode()).hexdigest()
    throttle.count("password", account)
    user = User.get_or_none(User.email == address)
    if not passwords.matches(user.password if user else "", password, known) or user is None or user.disabled:
        with database.atomic():
            note(user, "sign-in.refused", origin, account=account[:16])
        raise Unauthorized("the address or the password is not right")
    throttle.forgive("password", account)
    if passwords.outdated(user.password):
        user.password = passwords.hash_password(password, known=True)
        user.save(only=[User.password])
    return user


def change_password(user_id: str, old: str, new: str, session: str = "", origin: Origin = NOWHERE) -> None:
    """Set a new password, by the old one; or a first one, for who signs in without. Forbidden when it is wrong.

    All sessions end but the one given, and so does what was begun with the account, such as a move to another address.
    """
    user = find(user_id)
    if user.password:
        check_password(user, old, origin)
    passwords.check_rules(new, user.name, user.email)
    hashed = passwords.hash_password(new, known=True)
    with database.atomic():
        changed = User.update(password=hashed).where((User.id == user.id) & (User.password == user.password)).execute()
        if not changed:
            raise Conflict("the password was changed meanwhile; sign in again")
        sessions.end_all(user.id, but=session)
        tickets.void_all(user.id, but="verify")
        note(user, "password.changed", origin)


def check_password(user: User, password: str, origin: Origin = NOWHERE) -> None:
    """Forbidden when it is not this user's password; guesses are counted as those at the sign-in are."""
    throttle.count("password", user.id)
    if not passwords.matches(user.password, password, known=True):
        with database.atomic():
            note(user, "password.refused", origin)
        raise Forbidden("the password is not right")
    throttle.forgive("password", user.id)


def rename(user_id: str, name: str) -> None:
    """Change what a user is called."""
    if not User.update(name=name).where(User.id == user_id).execute():
        raise NotFound("there is no such account")


def find(user: str) -> User:
    """A user by id. NotFound without one."""
    found: User | None = User.get_or_none(User.id == user)
    if found is None:
        raise NotFound("there is no such account")
    return found


def profile(user: str) -> dict[str, object]:
    """What a user sees of the own account."""
    row = _PROFILE.one(user)
    if row is None:
        raise NotFound("there is no such account")
    found = dict(zip(PROFILE, row, strict=True))
    found["access"] = Access(found["access"]).name.lower()
    found["verified"] = found["verified"] is not None
    found["leaving"] = found["leaving"] + GRACE if found["leaving"] else None
    return found
