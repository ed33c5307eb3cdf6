"""Being here: what changes how an account is protected asks for a proof that is no older than ten minutes."""

from companion.accounts import second, service, totp
from companion.accounts.acts import NOWHERE, Origin
from companion.accounts.models import Session
from companion.accounts.tickets import MINUTE
from companion.database import now
from companion.errors import Forbidden, Invalid
from companion.vault.service import Vault

LIFE = 10 * MINUTE


class ProofNeededError(Forbidden):
    """The sign-in was long ago: prove it again, then repeat the call."""

    slug = "proof-needed"


def require(user: str, session: str) -> None:
    """ProofNeededError when the session's last proof is older than ten minutes. A sign-in is one."""
    fresh = (Session.id == session) & (Session.user == user) & (Session.proven > now() - LIFE)
    if not Session.select().where(fresh).exists():
        raise ProofNeededError("confirm that it is you: give your password or code again, or sign out and in")


def give(vault: Vault, user_id: str, session: str, password: str, code: str, origin: Origin = NOWHERE) -> None:
    """Prove it by the password, and by a code where sign-ins ask for one. Forbidden when they are not right."""
    user = service.find(user_id)
    asked = totp.is_on(user.id)
    if not user.password and not asked:
        raise Invalid("this account has neither password nor authenticator app; sign out and in again")
    if user.password:
        service.check_password(user, password, origin)
    if asked:
        second.check(vault, user, code, origin)
    Session.update(proven=now()).where((Session.id == session) & (Session.user == user.id)).execute()
