"""How a box proves its key while it enrols at a companion, and the code that it shows to be claimed by."""

import json
import secrets
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
CODE_LENGTH = 8
CODE_SECONDS = 600


def new_code(choice: Callable[[str], str] = secrets.choice) -> str:
    """A code of eight characters, 40 bits, from the system's source of randomness."""
    return "".join(choice(ALPHABET) for _ in range(CODE_LENGTH))


def spaced(code: str) -> str:
    """A code as it is shown: `7K2M-9QXP`."""
    return f"{code[:4]}-{code[4:]}"


def statement(purpose: str, nonce: str, *fields: str) -> bytes:
    """What a box signs (ECDSA, SHA-256) to prove that it has its key: for one purpose, one nonce and these values."""
    return json.dumps(["rackdeck", purpose, nonce, *fields]).encode("ascii")
