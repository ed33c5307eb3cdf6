"""How often somebody may guess at one account, from however many addresses.

Only guessing is held up: while a password is throttled, a passkey, a provider or a new password still lets its owner
in.
"""

from companion.config import Settings
from companion.errors import TooMany
from companion.installed import Installed
from companion.web.limits import Limiter

_limiter: Installed[Limiter] = Installed()


def install(settings: Settings) -> None:
    """Count by these settings."""
    _limiter.put(Limiter(settings))


def count(kind: str, account: str) -> None:
    """Count one guess, right or wrong, before it is looked at. TooMany when there were enough.

    kind: `password` or `code`. account: whatever tells accounts apart, whether there is such an account or not.
    """
    try:
        _limiter().hit(kind, account)
    except TooMany as exc:
        wait = exc.extra["retry_after"]
        raise TooMany(
            f"there were too many tries to sign in to this account; try again in {wait} s, use a passkey, "
            "or set a new password",
            {"Retry-After": str(wait)},
            retry_after=wait,
        ) from None


def forgive(kind: str, account: str) -> None:
    """Forget the guesses: the last one was right."""
    _limiter().clear(kind, account)
