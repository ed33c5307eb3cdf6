"""Recovery codes: ten, each good once in place of a code of the authenticator app."""

import secrets

from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import RecoveryCode, Totp, User
from companion.accounts.tickets import digest
from companion.database import database, now
from companion.errors import Conflict

COUNT = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_LENGTH = 16  # 79 bits


def renew(user: User, origin: Origin = NOWHERE) -> list[str]:
    """New codes in place of the old ones. Conflict where sign-ins ask for none."""
    with database.atomic():
        if not Totp.select().where((Totp.user == user.id) & Totp.confirmed.is_null(False)).exists():
            raise Conflict("recovery codes come with an authenticator app; set one up first")
        codes = make(user)
        note(user, "recovery.made", origin)
        return codes


def make(user: User) -> list[str]:
    """Ten codes, as `xxxx-xxxx-xxxx-xxxx`; they are shown this once."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(COUNT)]
    with database.atomic():
        drop(user.id)
        for code in codes:
            RecoveryCode.create(user=user.id, hash=_hash(user.id, code))
    return ["-".join(code[start : start + 4] for start in range(0, _LENGTH, 4)) for code in codes]


def spend(user: str, code: str) -> bool:
    """Whether it is one of a user's codes and was not used; it is now. Dashes, blanks and capitals do not matter."""
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    unused = (RecoveryCode.user == user) & (RecoveryCode.hash == _hash(user, plain)) & RecoveryCode.used.is_null()
    return bool(RecoveryCode.update(used=now()).where(unused).execute())


def left(user: str) -> int:
    """How many codes are unused."""
    return int(RecoveryCode.select().where((RecoveryCode.user == user) & RecoveryCode.used.is_null()).count())


def drop(user: str) -> None:
    """Make all codes of a user worthless."""
    RecoveryCode.delete().where(RecoveryCode.user == user).execute()


def _hash(user: str, code: str) -> str:
    return digest(f"{user}/{code}")
