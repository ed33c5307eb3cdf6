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
        self._newest, self._looked = 0, 0.0
        self._derived: dict[tuple[int, str], bytes] = {}
        self._lock = threading.Lock()

    def _load(self) -> None:
        for row in VaultKey.select().where(VaultKey.id > max(self._keys, default=0)).order_by(VaultKey.id):
            wrapped = bytes(row.wrapped)
            try:
                key = self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], b"data key")
            except InvalidTag as exc:
                raise SettingError("keys/master.key is not the one that this database was made with") from exc
            self._keys[row.id] = key
        self._newest, self._looked = max(self._keys, default=0), time.monotonic()

    def _key(self, number: int = 0) -> tuple[int, bytes]:
        """The key of that number, or the newest; one is made when there is none."""
        with self._lock:
            stale = not number and time.monotonic() - self._looked > LOOK_SECONDS  # another process may have rotated
            if stale or (number or self._newest) not in self._keys:
                self._load()
            if not number and not self._newest:
                self._make()
            number = number or self._newest
            if number not in self._keys:
                raise SealBrokenError(f"there is no data key {number}")
            return number, self._keys[number]

    def _make(self) -> None:
        nonce = os.urandom(_NONCE)
        VaultKey.create(wrapped=nonce + self._master.encrypt(nonce, AESGCM.generate_key(256), b"data key"))
        self._load()

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
        if made is None:  # each request with a token needs one
            made = HKDF(SHA256(), 32, None, purpose.encode()).derive(key)
            self._derived[number, purpose] = made
        return number, made

    def rotate(self, force: bool = False) -> bool:
        """Make a new key when the newest is 30 days old. Returns whether one was made."""
        with self._lock, database.atomic():
            self._load()
            newest = VaultKey.get_or_none(VaultKey.id == self._newest)
            if newest is not None and not force and now() - newest.created < ROTATE_MS:
                return False
            self._make()
            return True


def master_key(path: Path) -> bytes:
    """32 bytes, made at first use, readable by the owner alone. SettingError when the file is damaged."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
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
