"""Taking the bytes of an upload: straight to disk, and told as received only when they are there for certain."""

import fcntl
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from companion.errors import Conflict, Problem, TooLarge, Unavailable
from companion.media.kinds import HEAD
from companion.uploads.tus import Checksum

CHUNK = 256 * 1024
START_BYTES = 1 << 20  # which the disk begins to write while more comes
SYNC_BYTES = 16 << 20  # what a power cut can take back of one request
LONGEST_SECONDS = 300.0  # one request may hold a thread; what has come by then counts, and the client goes on
ENDING = ".part"


class Busy(Problem):
    """Another request is writing to this upload at this moment."""

    status, slug = 423, "being-written"


class WrongSumError(Exception):
    """The bytes are not those that the checksum was made of; none of them counts."""


class Source(Protocol):
    """Where the bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class Gate:
    """Lets so many requests write at one time, so that slow senders cannot take all threads.

    One place is left by each user to the others, however many slow uploads they begin.
    """

    def __init__(self, most: int):
        self._most = max(1, most)
        self._each = max(1, most - 1)
        self._writers: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, user: str) -> Iterator[None]:
        """Unavailable, to try again soon, when all places are taken, or all that one user may have."""
        with self._lock:
            if self._writers.total() >= self._most or self._writers[user] >= self._each:
                raise Unavailable("many uploads are running; this one goes on in a moment", {"Retry-After": "2"})
            self._writers[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._writers[user] -= 1
                if not self._writers[user]:
                    del self._writers[user]


def make(path: Path) -> None:
    """An empty file for an upload. Unavailable when it cannot be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as exc:
        raise Unavailable(f"no upload can begin: {exc.strerror}") from exc


@contextmanager
def held(path: Path) -> Iterator[int]:
    """The file, for one writer at a time among all processes; a killed one lets go. Busy; Conflict when it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        raise Conflict("this upload is over") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another request is writing to this upload") from None
        yield descriptor
    finally:
        os.close(descriptor)


def receive(
    descriptor: int,
    source: Source,
    offset: int,
    size: int,
    record: Callable[[int, bytes], None],
    checksum: Checksum | None = None,
) -> int:
    """Write what comes at `offset`, up to `size`; returns the new offset.

    record: told the offset, and the file's first bytes, whenever that much is on disk for certain; also when the sender
    goes away in the middle. With a checksum it is told once, and WrongSumError leaves all as it was.
    TooLarge when more comes.
    """
    os.ftruncate(descriptor, offset)  # what a crash left behind the last offset that was told
    os.lseek(descriptor, offset, os.SEEK_SET)
    at = started = synced = offset
    total = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    end = time.monotonic() + LONGEST_SECONDS

    def settle() -> None:
        nonlocal synced
        if at > synced:
            try:
                os.fdatasync(descriptor)
            except OSError as exc:
                raise _full(exc) from exc
            synced = at
            record(at, os.pread(descriptor, HEAD, 0))

    try:
        while time.monotonic() < end and (piece := _read(source)):
            if at + len(piece) > size:
                raise TooLarge(f"this upload has {size} bytes; more came")
            _write(descriptor, piece)
            at += len(piece)
            if total is not None:
                total.update(piece)
            elif at - synced >= SYNC_BYTES:
                settle()
            if at - started >= START_BYTES:  # the advice makes Linux write; what is being written stays in its cache
                os.posix_fadvise(descriptor, started, at - started, os.POSIX_FADV_DONTNEED)
                started = at
        if total is not None and checksum is not None and total.digest() != checksum.digest:
            raise WrongSumError
    except WrongSumError:
        os.ftruncate(descriptor, offset)
        raise
    except TooLarge:
        if total is None:
            settle()
        raise
    settle()
    return at


def _read(source: Source) -> bytes:
    """What comes next; a sender who went away has sent all there is."""
    try:
        return source.read(CHUNK)
    except (OSError, Problem):
        return b""
    except Exception as exc:
        if type(exc).__name__ == "ClientDisconnected":
            return b""
        raise


def _write(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as exc:
        raise _full(exc) from exc


def _full(exc: OSError) -> Unavailable:
    return Unavailable(f"the upload could not be written: {exc.strerror}; it goes on from here later")
