"""The whole database into one file while it is being used, and back."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from companion.config import Settings
from companion.errors import Unavailable

SQLITE, POSTGRES = "sqlite", "postgresql"


def kind(settings: Settings) -> str:
    """Which of the two this companion has."""
    return POSTGRES if settings.database_url else SQLITE


def size(settings: Settings) -> int:
    """Bytes that a dump may take, at most."""
    if settings.database_url:
        answer = _psql(settings, "-Atc", "SELECT pg_database_size(current_database())")
        return int(answer.stdout)
    return sum(path.stat().st_size for path in settings.folder.glob("companion.db*"))


def make(settings: Settings, target: Path) -> None:
    """Write a dump. It shows one moment; writers are not held up. Unavailable says what failed."""
    if settings.database_url:
        _run(settings, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--file", str(target))
        return
    source = sqlite3.connect(f"file:{settings.folder / 'companion.db'}?mode=ro", uri=True, timeout=30)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)  # in one step: in WAL mode readers do not stop writers
        copy.execute("PRAGMA journal_mode = delete")
        check(target)
    except sqlite3.Error as exc:
        raise Unavailable(f"the database could not be copied: {exc}") from exc
    finally:
        copy.close()
        source.close()


def check(file: Path) -> None:
    """Unavailable when a SQLite file is damaged."""
    copy = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as exc:
        found = str(exc)
    finally:
        copy.close()
    if found != "ok":
        raise Unavailable(f"the copy of the database is damaged: {found}")


def load(settings: Settings, dump: Path) -> None:
    """Put a dump in the database's place; what was there goes to `replaced/`, or away on PostgreSQL.

    Nothing may be using the database. It is the old or the new one, whenever this is interrupted.
    """
    if not settings.database_url:
        _load_file(settings.folder, dump)
        return
    text = dump.with_suffix(".sql")
    _run(settings, "pg_restore", "--no-owner", "--no-privileges", "--file", str(text), str(dump), connects=False)
    whole = dump.with_suffix(".all.sql")
    with whole.open("wb") as target:
        target.write(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n")
        with text.open("rb") as source:
            shutil.copyfileobj(source, target)
    _psql(settings, "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", str(whole))


def _load_file(folder: Path, dump: Path) -> None:
    replaced = folder / "replaced"
    replaced.mkdir(exist_ok=True, mode=0o700)
    held = folder / "companion.db"
    if held.exists():  # fold its log in, so that it is one file that can be swapped for another
        try:
            old = sqlite3.connect(held)
            old.execute("PRAGMA journal_mode = delete")
            old.close()
        except sqlite3.Error:  # damaged: that may be why we are here
            pass
        shutil.copy2(held, replaced / "companion.db")
    for suffix in ("-wal", "-shm"):
        Path(f"{held}{suffix}").unlink(missing_ok=True)
    sync(dump)
    dump.replace(held)
    sync(folder)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _environment(settings: Settings) -> dict[str, str]:
    """The address as PostgreSQL's programs read it; not on the command line, where other users see it."""
    address = urlsplit(settings.database_url)
    values = {
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port or 5432),
        "PGUSER": unquote(address.username or ""),
        "PGPASSWORD": unquote(address.password or ""),
        "PGDATABASE": unquote(address.path.lstrip("/")),
    }
    return {**os.environ, **{name: value for name, value in values.items() if value}}


def _run(settings: Settings, program: str, *words: str, connects: bool = True) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            [program, *words],
            env=_environment(settings) if connects else None,
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as exc:
        raise Unavailable(f"{program} is not installed; install the package postgresql-client") from exc
    except subprocess.CalledProcessError as exc:
        raise Unavailable(f"{program}: {exc.stderr.strip().splitlines()[-1] if exc.stderr.strip() else exc}") from exc


def _psql(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    return _run(settings, "psql", "-X", *words)
