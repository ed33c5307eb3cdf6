"""Envelope encryption: AES-256-GCM data keys in the database, wrapped by a master key that lies in a file.

A sealed value is one byte of version, four of the key's number, twelve of nonce, then ciphertext and tag. `context`
(such as a table, column and row) is bound in, so that a value cannot be moved elsewhere.
"""

import contextlib
import os
import struct
import threading
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from companion.database import database, now
from companion.errors import SettingError
from companion.vault.models import VaultKey

ROTATE_MS = 30 * 24 * 3600 * 1000
LOOK_SECONDS = 600.0
_HEAD = struct.Struct(">BI")
_VERSION = 1
_NONCE = 12


class SealBrokenError(Exception):
    """A sealed value was changed, moved, or made by another master key."""


class Vault:
    """Seals and opens values. Safe to use from several threads and processes."""

    def __init__(self, folder: Path):
        self._master = AESGCM(master_key(folder / "keys" / "master.key"))
        self._keys: dict[int, bytes] = {}
        self._looked = 0.0
        self._derived: dict[tuple[int, str], bytes] = {}
        self._lock = threading.Lock()

    def _load(self) -> dict[int, bytes]:
        """All keys. They are remembered, but not inside of a transaction, which may take back what it made."""
        found = dict(self._keys)
        for row in VaultKey.select().where(VaultKey.id.not_in(list(found))):
            wrapped = bytes(row.wrapped)
            try:
                key = self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], b"data key")
            except InvalidTag as exc:
                raise SettingError("keys/master.key is not the one that this database was made with") from exc
            found[row.id] = key
        if not database.in_transaction():
            self._keys, self._looked = found, time.monotonic()
        return found

    def _key(self, number: int = 0) -> tuple[int, bytes]:
        """The key of that number, or the newest; one is made when there is none."""
        with self._lock:
            keys = self._keys
            stale = time.monotonic() - self._looked > LOOK_SECONDS  # another process may have rotated
            if (number not in keys) if number else (stale or not keys):
                keys = self._load()
            if not number and not keys:
                self._make()
                keys = self._load()
            number = number or max(keys)
            if number not in keys:
                raise SealBrokenError(f"there is no data key {number}")
            return number, keys[number]

    def _make(self) -> None:
        nonce = os.urandom(_NONCE)
        VaultKey.create(wrapped=nonce + self._master.encrypt(nonce, AESGCM.generate_key(256), b"data key"))

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt with the newest key."""
        number, key = self._key()
        nonce = os.urandom(_NONCE)
        head = _HEAD.pack(_VERSION, number)
        return head + nonce + AESGCM(key).encrypt(nonce, plain, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt. SealBrokenError when it is not what `seal` made for this context."""
        if len(sealed) < _HEAD.size + _NONCE or sealed[0] != _VERSION:
            raise SealBrokenError("this is no sealed value")
        number = _HEAD.unpack_from(sealed)[1]
        nonce = sealed[_HEAD.size : _HEAD.size + _NONCE]
        try:
            head = sealed[: _HEAD.size]
            plain = AESGCM(self._key(number)[1]).decrypt(nonce, sealed[_HEAD.size + _NONCE :], head + context.encode())
        except InvalidTag as exc:
            raise SealBrokenError("a sealed value was changed or belongs elsewhere") from exc
        return plain

    def derived(self, purpose: str, number: int = 0) -> tuple[int, bytes]:
        """(number, 32 bytes) for another use, such as signing tokens; of the newest key, or of a given one."""
        number, key = self._key(number)
        made = self._derived.get((number, purpose))
        if made is None:
            made = HKDF(SHA256(), 32, None, purpose.encode()).derive(key)
            if number in self._keys:  # each request with a token needs one
                self._derived[number, purpose] = made
        return number, made

    def rotate(self, force: bool = False) -> bool:
        """Make a new key when the newest is 30 days old. Returns whether one was made."""
        with database.atomic():
            newest = VaultKey.select().order_by(VaultKey.id.desc()).first()
            if newest is not None and not force and abs(now() - newest.created) < ROTATE_MS:  # the clock may leap
                return False
            self._make()
        with self._lock:
            self._load()
        return True


def master_key(path: Path) -> bytes:
    """32 bytes, made at first use, readable by the owner alone. SettingError when the file is damaged."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{path.name}.{os.urandom(8).hex()}.new")  # containers all have the same process ids
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as made:
            made.write(AESGCM.generate_key(256))
            made.flush()
            os.fsync(made.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(fresh, path)
        fresh.unlink()
    key = path.read_bytes()
    if len(key) != 32:
        raise SettingError(f"{path} is damaged: it has {len(key)} bytes, not 32; restore it from a backup")
    return key
