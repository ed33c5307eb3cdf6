"""The sync's database: SQLite that survives a power cut, mends itself when damaged, and says when the disk is full."""

import contextlib
import errno
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from device.errors import MachineError
from device.sync.ballast import Ballast, free
from device.sync.schema import SCRIPTS

log = logging.getLogger(__name__)
FILE = "sync.db"
PATIENCE_SECONDS = 20.0
LEAST_ROOM = 256 * 1024  # with less no write begins
_PARTS = ("", "-wal", "-shm")
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
KEPT_ASIDE = 2  # damaged files, the latest


class DiskFullError(MachineError):
    """There is no room for this now. Nothing was written; it can be tried again."""


class Database:
    """One file, one connection for each thread.

    said: what a person should know of how it was found. refused: whether the last write found no room.
    """

    def __init__(self, folder: Path, ballast: Ballast | None = None):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder, self.path, self.said = folder, folder / FILE, ""
        self.refused = False
        self.ballast = ballast or Ballast(folder / "ballast")
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self.ballast.keep()
        self._begin()

    def _begin(self) -> None:
        try:
            self._check()
        except sqlite3.DatabaseError as exc:
            if exc.sqlite_errorcode & 0xFF not in _DAMAGED:
                raise self._named(exc) from exc
            self.close()
            self._set_aside()
            log.error("%s was damaged (%s); a new one is begun", self.path, exc)
            self.said = "the memory of the sync was damaged and is begun anew; what waited then is kept aside"
            self._check()

    def _check(self) -> None:
        connection = self.connection
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            error = sqlite3.DatabaseError(str(found)[:200])
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(SCRIPTS):
            raise MachineError(f"{self.path} was made by a later version of Rackdeck; update this one")
        for number in range(version, len(SCRIPTS)):
            self._upgrade(connection, number)

    @staticmethod
    def _upgrade(connection: sqlite3.Connection, number: int) -> None:
        """Run one script, unless another process does so at this moment."""
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {SCRIPTS[number]}; PRAGMA user_version = {number + 1}; COMMIT;")
        except sqlite3.OperationalError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if connection.execute("PRAGMA user_version").fetchone()[0] <= number:
                raise

    def _set_aside(self) -> None:
        aside = self.folder / f"damaged-{time.time_ns():019}"
        aside.mkdir()
        for part in _PARTS:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{part}").rename(aside / f"{FILE}{part}")
        for old in sorted(self.folder.glob("damaged-*"))[:-KEPT_ASIDE]:
            for file in old.iterdir():
                file.unlink()
            old.rmdir()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's own."""
        made: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if made is None:
            made = sqlite3.connect(self.path, PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
            self._local.connection = made
            with self._lock:
                self._open.append(made)
            made.execute("PRAGMA auto_vacuum = INCREMENTAL")
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = FULL")  # with NORMAL a power cut takes back what was committed
            made.execute("PRAGMA journal_size_limit = 4194304")
            made.execute("PRAGMA cache_size = -2048")
        return made

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all that is done in it, or nothing. DiskFullError when there is no room."""
        connection = self.connection
        try:
            self._make_room()
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            self.refused = False
        except BaseException as exc:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(exc, sqlite3.Error | OSError):
                named = self._named(exc)
                if named is not exc:
                    raise named from exc
            raise

    def _make_room(self) -> None:
        if not self.ballast.keep() and free(self.folder) < LEAST_ROOM:
            self.refused = True
            raise DiskFullError(f"the disk is full; free space in {self.folder}")

    def _named(self, error: sqlite3.Error | OSError) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _FULL or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            self.ballast.drop()
            self.refused = True
            return DiskFullError(f"the disk is full; free space in {self.folder}")
        return error

    def probe(self) -> bool:
        """Whether the disk takes something again."""
        try:
            with self.writing() as connection:
                put(connection, "probe", str(time.time_ns()))
        except (DiskFullError, sqlite3.Error):
            return False
        return True

    def version(self) -> int:
        """Changes when another connection changed anything."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def tidy(self) -> None:
        """Give freed space back to the disk, a little at a time."""
        self.connection.executescript("PRAGMA incremental_vacuum(256)")  # `execute` would take one page

    def bytes(self) -> int:
        """What it takes of the disk."""
        files = [Path(f"{self.path}{part}") for part in _PARTS]
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close the connections of all threads, which must not use them any more."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()


def get(connection: sqlite3.Connection, name: str, default: str = "") -> str:
    """A value that is kept by name."""
    row = connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
    return default if row is None else str(row[0])


def put(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value by name."""
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))
