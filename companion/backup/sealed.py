"""A stream under one key: AES-256-GCM in pieces, each bound to its place, so that none can be left out or moved.

The stream is a mark, seven random bytes, then pieces of four bytes of length and that much ciphertext. A piece's nonce
is the random bytes, its number, and whether it is the last.
"""

import io
import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 1 << 20
_MARK = b"RDBK1"
_PREFIX = 7
_NONCE = struct.Struct(">7sI?")
_LENGTH = struct.Struct(">I")
_TAG = 16


class BrokenError(Exception):
    """The stream was changed, cut, or made with another key."""


class Sealer(io.RawIOBase):
    """Encrypts what is written into `target`. `close` writes the last piece."""

    def __init__(self, target: BinaryIO, key: bytes):
        self._target, self._cipher = target, AESGCM(key)
        self._prefix, self._count, self._waiting = os.urandom(_PREFIX), 0, bytearray()
        target.write(_MARK + self._prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), False)
            del self._waiting[:PIECE]
        return len(data)

    def _put(self, piece: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_NONCE.pack(self._prefix, self._count, last), piece, _MARK)
        self._target.write(_LENGTH.pack(len(sealed)) + sealed)
        self._count += 1

    def finish(self) -> None:
        """Write the last piece. Without it the stream is broken, as it should be when making it failed."""
        self._put(bytes(self._waiting), True)
        self._waiting.clear()


class Opener(io.RawIOBase):
    """Decrypts `source`. Reading raises BrokenError before it gives a byte that was not sealed."""

    def __init__(self, source: BinaryIO, key: bytes):
        self._read: Callable[[int], bytes] = source.read
        self._cipher, self._count, self._ready, self._over = AESGCM(key), 0, b"", False
        head = self._read(len(_MARK) + _PREFIX)
        if len(head) != len(_MARK) + _PREFIX or not head.startswith(_MARK):
            raise BrokenError("this is no sealed backup")
        self._prefix = head[len(_MARK) :]
        self._next = self._sealed()

    def readable(self) -> bool:
        return True

    def _sealed(self) -> bytes:
        head = self._read(_LENGTH.size)
        if not head:
            return b""
        length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        sealed = self._read(length) if _TAG <= length <= PIECE + _TAG else b""
        if len(sealed) != length or not sealed:
            raise BrokenError("the backup is cut off or damaged")
        return sealed

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        while not self._ready and not self._over:
            sealed, self._next = self._next, self._sealed()
            self._over = not self._next
            try:
                nonce = _NONCE.pack(self._prefix, self._count, self._over)
                self._ready = self._cipher.decrypt(nonce, sealed, _MARK)
            except InvalidTag as exc:
                raise BrokenError("the backup was changed, cut off, or made with another key") from exc
            self._count += 1
        taken = min(len(buffer), len(self._ready))
        buffer[:taken] = self._ready[:taken]
        self._ready = self._ready[taken:]
        return taken
