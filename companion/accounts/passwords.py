"""Passwords: the rules, and argon2 behind a gate so that a flood of sign-ins cannot take the machine."""

import threading
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from companion.errors import Invalid, Unavailable

LEAST, MOST = 8, 256
AT_ONCE = 2  # hashings at one time; each takes 64 MiB and about 150 ms of CPU
PATIENCE_SECONDS = 5.0

_hasher = PasswordHasher()
_gate = threading.BoundedSemaphore(AT_ONCE)
_nobodys = _hasher.hash("nobody has this password")


def check_rules(password: str) -> None:
    """Invalid when a password is too weak: 8 characters, a capital letter, a digit, a special character."""
    if not LEAST <= len(password) <= MOST:
        raise Invalid(f"a password has {LEAST} to {MOST} characters")
    wanted: dict[str, Callable[[str], bool]] = {
        "a capital letter": str.isupper,
        "a small letter": str.islower,
        "a digit": str.isdigit,
        "a special character": lambda sign: not sign.isalnum(),
    }
    missing = [name for name, test in wanted.items() if not any(test(sign) for sign in password)]
    if missing:
        raise Invalid(f"the password lacks {', '.join(missing)}")


def _through_gate() -> None:
    if not _gate.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("too many people sign in at this moment; try again", {"Retry-After": "5"})


def hash_password(password: str) -> str:
    """The argon2id hash, with its salt and costs."""
    _through_gate()
    try:
        return _hasher.hash(password)
    finally:
        _gate.release()


def matches(hashed: str, password: str) -> bool:
    """Whether the password is right. An empty hash takes as long, so that nobody learns who has an account."""
    _through_gate()
    try:
        return _hasher.verify(hashed or _nobodys, password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _gate.release()


def outdated(hashed: str) -> bool:
    """Whether it was made with other costs than today's: hash again after the next sign-in."""
    return _hasher.check_needs_rehash(hashed)
