"""What is written down, and mailed to its owner, when the safety of an account is touched."""

from dataclasses import dataclass
from typing import Any

from companion.accounts.models import User
from companion.audit import service as audit
from companion.events import service as events
from companion.mail import service as mail


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the address, and what the browser or program calls itself."""

    address: str = ""
    agent: str = ""


NOWHERE = Origin()

# action: what the mail says happened; the others are written down without one
_SAID = {
    "password.changed": "your password was changed",
    "password.reset": "your password was set anew, and all sessions were ended",
    "email.changed": "the address of your account was changed",
    "totp.on": "sign-in with an authenticator app was switched on",
    "totp.off": "sign-in with an authenticator app was switched off",
    "recovery.made": "new recovery codes were made; the old ones are worthless",
    "recovery.used": "a recovery code was used to sign in",
    "passkey.added": "a passkey was added",
    "passkey.removed": "a passkey was removed",
    "passkey.cloned": "a passkey was refused because it looks copied; remove it and make a new one",
    "provider.linked": "a way to sign in with another account was added",
    "provider.unlinked": "a way to sign in with another account was removed",
    "key.made": "an API key was made",
    "token.replayed": "a spent refresh token came back, so its session was ended: somebody may have copied it",
}


def note(user: User | None, action: str, origin: Origin = NOWHERE, subject: str = "", **detail: Any) -> None:
    """Write an act of security into the audit log, in the caller's transaction; tell pages and mail where it matters.

    Call it after what it tells of was stored: the log has one writer at a time, and who has it waits for no other row.

    user: whose account it is; None where there is none, such as a failed sign-in to an unknown address.
    """
    actor = str(user.id) if user is not None else ""
    audit.record(action, actor, subject or actor, origin.address, **detail)
    if user is None:
        return
    events.publish(actor, "security", {"action": action})
    if action in _SAID:
        mail.send(user.email, "notice", name=user.name, happened=_SAID[action], address=origin.address or "unknown")
