"""Signing up and in."""

from email_validator import EmailNotValidError, validate_email

from companion.accounts import passwords
from companion.accounts.models import User
from companion.database import Compiled, database
from companion.errors import Conflict, Invalid, NotFound, Unauthorized
from companion.web.identity import Access

_PROFILE = Compiled(
    lambda user: User.select(User.id, User.email, User.name, User.access, User.tier, User.created, User.verified).where(
        User.id == user
    )
)
PROFILE = ("id", "email", "name", "access", "tier", "created", "verified")


def clean_email(email: str) -> str:
    """In the form that is stored and compared. Invalid when it is no address."""
    try:
        return str(validate_email(email, check_deliverability=False).normalized).lower()
    except EmailNotValidError as exc:
        raise Invalid(f"email: {exc}") from exc


def sign_up(email: str, name: str, password: str) -> User:
    """Make an account; the first one administers the companion. Conflict when the address has one."""
    email = clean_email(email)
    passwords.check_rules(password)
    hashed = passwords.hash_password(password)
    with database.atomic():
        if User.select().where(User.email == email).exists():
            raise Conflict("there is an account with this address; sign in, or reset its password")
        first = not User.select().exists()
        return User.create(email=email, name=name, password=hashed, access=Access.ADMIN if first else Access.ARTIST)


def sign_in(email: str, password: str) -> User:
    """The user with this address and password. Unauthorized says no more than that it was not right."""
    user = User.get_or_none(User.email == email.strip().lower())
    if not passwords.matches(user.password if user else "", password) or user is None or user.disabled:
        raise Unauthorized("the address or the password is not right")
    if passwords.outdated(user.password):
        user.password = passwords.hash_password(password)
        user.save(only=[User.password])
    return user


def profile(user: str) -> dict[str, object]:
    """What a user sees of the own account."""
    row = _PROFILE.one(user)
    if row is None:
        raise NotFound("there is no such account")
    found = dict(zip(PROFILE, row, strict=True))
    found["access"] = Access(found["access"]).name.lower()
    found["verified"] = found["verified"] is not None
    return found
