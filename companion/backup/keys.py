"""Who can open a backup: this companion by its master key, and a person by the recovery code.

A backup has a key of its own. It lies in the backup wrapped by the master key, and the master key wrapped by the
recovery key. So a backup that is stolen tells nothing, this companion restores without being asked, and on a new
machine the code that the owner wrote down is enough.
"""

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from companion.errors import SettingError
from companion.vault.service import master_key

_NONCE = 12
_CHECK = 2  # bytes at the end of a code that tell a typing mistake
_GROUP = 5


def _wrap(key: bytes, plain: bytes, what: bytes) -> str:
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, what)).decode()


def _unwrap(key: bytes, wrapped: str, what: bytes) -> bytes:
    raw = base64.b64decode(wrapped)
    return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], what)


def _wrapping(master: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"backup").derive(master)


def _recovery_file(folder: Path) -> Path:
    return folder / "keys" / "recovery.key"


def recovery_code(folder: Path) -> str:
    """What the owner writes down: 32 random bytes and a check, in groups of letters and digits."""
    raw = master_key(_recovery_file(folder))
    text = base64.b32encode(raw + hashlib.sha256(raw).digest()[:_CHECK]).decode().rstrip("=")
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def parse_code(code: str) -> bytes:
    """The key of a code, however it was typed. SettingError when it cannot be one."""
    text = "".join(sign for sign in code.upper() if sign.isalnum()).replace("0", "O").replace("1", "I")
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as exc:
        raise SettingError("that is no recovery code; look for a letter that is missing or one too many") from exc
    key, check = raw[:32], raw[32:]
    if len(key) != 32 or check != hashlib.sha256(key).digest()[:_CHECK]:
        raise SettingError("the recovery code has a mistake in it; compare it with what was written down")
    return key


def lock(folder: Path, key: bytes) -> dict[str, str]:
    """A backup's own key, for its manifest."""
    master = master_key(folder / "keys" / "master.key")
    recovery = master_key(_recovery_file(folder))
    return {"key": _wrap(_wrapping(master), key, b"backup key"), "master": _wrap(recovery, master, b"master key")}


def unlock(folder: Path, locked: dict[str, str], code: str = "") -> tuple[bytes, bytes]:
    """(the backup's key, the master key it was made with): by the code when given, else by the keys that lie here.

    SettingError says what is missing.
    """
    held = folder / "keys" / "master.key"
    try:
        if code:
            master = _unwrap(parse_code(code), locked["master"], b"master key")
        elif held.exists():
            master = held.read_bytes()
        else:
            raise SettingError(
                f"there is no {held} to open it with, as on a new machine; give the code that was written down, "
                "with --recovery-code"
            )
        return _unwrap(_wrapping(master), locked["key"], b"backup key"), master
    except InvalidTag as exc:
        hint = "another companion's code" if code else f"{held} is not the key it was made with; use --recovery-code"
        raise SettingError(f"the backup does not open: {hint}") from exc
