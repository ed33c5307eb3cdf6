"""The ways into an account: nobody may take away the last one."""

from companion.accounts.models import OutsideIdentity, Passkey, User
from companion.errors import Conflict


def check_another(user: User, but: str) -> None:
    """Conflict when the passkey or outside identity `but` is the only way to sign in."""
    if user.password:
        return
    for way in (Passkey, OutsideIdentity):
        usable = (way.user == user.id) & (way.id != but)
        if way is Passkey:
            usable &= Passkey.suspect.is_null()
        if way.select().where(usable).exists():
            return
    raise Conflict("that is the only way into your account; set a password first")
