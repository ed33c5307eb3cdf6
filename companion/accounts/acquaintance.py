"""Who signed in here before: in a flood of sign-ins, places are kept for them (`passwords.Gate`).

A browser keeps a mark of the account that signed in by it last, also when it has signed out; of programs the address is
remembered. Neither opens anything, and each counts for that one account, so that an account of one's own buys no places
for guessing at others.
"""

import hashlib
import hmac
import time

from companion.vault.service import SealBrokenError, Vault
from companion.web.limits import address_of
from companion.web.remembered import Remembered

LIFE_SECONDS = 180 * 24 * 3600

_addresses: Remembered[bool] = Remembered()


def mark(vault: Vault, email: str, number: int = 0) -> str:
    """What a browser keeps that has signed in to an account."""
    number, key = vault.derived("acquaintance", number)
    return f"{number}.{hmac.digest(key, _account(email).encode(), 'sha256').hex()}"


def remember(email: str, address: str) -> None:
    """Somebody has signed in to this account from there."""
    _addresses.put((_account(email), address_of(address)), True, time.time() + LIFE_SECONDS)


def known(vault: Vault, email: str, kept: str, address: str) -> bool:
    """Whether a sign-in to this account comes from where one was right before. kept: the browser's mark."""
    if _addresses.get((_account(email), address_of(address))):
        return True
    number = kept.partition(".")[0]
    if not number.isdecimal() or len(number) > 9 or not int(number):
        return False
    try:
        return hmac.compare_digest(mark(vault, email, int(number)).encode(), kept.encode())
    except SealBrokenError:
        return False


def _account(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()
