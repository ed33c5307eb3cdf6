"""Making, listing and dropping backups. A backup is a folder that appears when it is whole:

`manifest.json` (what it is, its wrapped key), `state.sealed` (database and companion.toml) and `files.json.gz` (names
of the music in `pool/`). Files in a bucket are the bucket's to keep: the backup has their rows, not their bytes.
"""

import fcntl
import gzip
import hashlib
import json
import logging
import os
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from companion import database
from companion.backup import dump, keys, pool
from companion.backup.sealed import Sealer
from companion.config import FILE, Settings
from companion.errors import SettingError, Unavailable
from companion.installed import Installed
from companion.jobs import service as jobs

log = logging.getLogger(__name__)
FORMAT = 1
SPARE = 32 << 20  # bytes that a backup leaves free
PART = ".part"
_settings: Installed[Settings] = Installed()


@dataclass(frozen=True, slots=True)
class Backup:
    """What a manifest says. made: ms since 1970; bytes: of the sealed file; schema: the last migration in it."""

    name: str
    made: int
    kind: str
    schema: str
    bytes: int
    sha256: str
    files: int
    files_bytes: int
    keys: dict[str, str]


def install(settings: Settings) -> None:
    """Let the job `backup` make backups of these settings."""
    _settings.put(settings)


def folder_of(settings: Settings) -> Path:
    """Where this companion's backups lie."""
    return Path(settings.backup_folder).expanduser() if settings.backup_folder else settings.folder / "backups"


def listed(settings: Settings) -> list[Backup]:
    """All whole backups, newest first. One from the future, made while the clock was wrong, comes last."""
    found, now = [], database.now()
    for manifest in folder_of(settings).glob("*/manifest.json"):
        if not manifest.parent.name.endswith(PART):
            try:
                found.append(manifest_of(manifest))
            except SettingError as exc:
                log.warning("%s", exc)
    return sorted(found, key=lambda backup: (backup.made <= now, backup.made), reverse=True)


def manifest_of(path: Path) -> Backup:
    """What a manifest says. SettingError when it is damaged, or of a newer program."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise SettingError(f"{path} was made by a newer program")
        return Backup(name=path.parent.name, **values)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SettingError(f"{path} is damaged") from exc


def due(settings: Settings) -> bool:
    """Whether the newest backup is too old. One from the future, made while the clock was wrong, is none."""
    now = database.now()
    return not any(now - settings.backup_hours * 3_600_000 < backup.made <= now for backup in listed(settings))


def enqueue_if_due(settings: Settings) -> bool:
    """Queue a backup when it is time and none is under way. Returns whether one was queued."""
    if jobs.waiting("backup", "") or not due(settings):
        return False
    jobs.enqueue("backup")
    return True


@jobs.handler("backup")
def _job(_work: jobs.Work) -> None:
    make(_settings())


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Unavailable while another process makes a backup there, or the folder cannot be written to."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise Unavailable(f"{home} cannot be written to ({(exc.strerror or '').lower()})") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Unavailable("a backup is being made already") from None
    finally:
        os.close(lock)


def make(settings: Settings) -> Backup:
    """Make a backup, then drop those beyond the number kept. Unavailable says why there is none; the old ones stay."""
    home = folder_of(settings)
    with _one_at_a_time(home):
        for left in home.glob(f"*{PART}"):  # of one that was interrupted
            shutil.rmtree(left)
        free, need = shutil.disk_usage(home).free, 2 * dump.size(settings) + SPARE
        if free < need:
            raise Unavailable(f"a backup needs {need >> 20} MiB, but {free >> 20} MiB are free in {home}")
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        final = next(
            path for count in range(100) if not (path := home / (f"{stamp}-{count}" if count else stamp)).exists()
        )
        part = home / f"{final.name}{PART}"
        part.mkdir(mode=0o700)
        try:
            backup = _fill(settings, part, final.name)
            part.rename(final)
            dump.sync(home)
        except OSError as exc:
            raise Unavailable(f"the backup could not be written: {(exc.strerror or str(exc)).lower()}") from exc
        finally:
            shutil.rmtree(part, ignore_errors=True)
        prune(settings)
        log.info("backup %s: %d bytes and %d files", backup.name, backup.bytes, backup.files)
        return backup


def _fill(settings: Settings, part: Path, name: str) -> Backup:
    home, storage = part.parent, settings.folder / "files"
    plain = part / "database"
    made = database.now()
    dump.make(settings, plain)
    files = [] if settings.storage_url else pool.keep(storage, home / "pool")
    key = os.urandom(32)
    with (part / "state.sealed").open("wb") as target:
        sealer = Sealer(target, key)
        with (
            gzip.GzipFile(fileobj=cast(BinaryIO, sealer), mode="wb", compresslevel=1, filename="", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            archive.add(plain, "database")
            if (settings.folder / FILE).exists():
                archive.add(settings.folder / FILE, FILE)
        sealer.finish()
        target.flush()
        os.fsync(target.fileno())
    plain.unlink()
    with gzip.open(part / "files.json.gz", "wt", encoding="utf-8", compresslevel=1) as names:
        json.dump([[file.key, file.size, file.modified] for file in files], names)
    sealed = part / "state.sealed"
    with database.connection():
        schema = max((row.name for row in database.runner().status() if row.applied), default="")
    backup = Backup(
        name=name,
        made=made,
        kind=dump.kind(settings),
        schema=schema,
        bytes=sealed.stat().st_size,
        sha256=digest(sealed),
        files=len(files),
        files_bytes=sum(file.size for file in files),
        keys=keys.lock(settings.folder, key),
    )
    values = asdict(backup) | {"format": FORMAT}
    del values["name"]
    with (part / "manifest.json").open("w", encoding="utf-8") as manifest:
        json.dump(values, manifest, indent=1)
        manifest.flush()
        os.fsync(manifest.fileno())
    dump.sync(part)
    return backup


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prune(settings: Settings) -> int:
    """Drop all but the newest backups that are to be kept, and music that none of them names; returns how many."""
    home, found = folder_of(settings), listed(settings)
    for backup in found[settings.backup_keep :]:
        (home / backup.name).rename(home / f"{backup.name}{PART}")
        shutil.rmtree(home / f"{backup.name}{PART}", ignore_errors=True)
    try:
        lists = [path for path in home.glob("*/files.json.gz") if not path.parent.name.endswith(PART)]
        pool.clear(home / "pool", {file.place for path in lists for file in files_of(path.parent)})
    except SettingError as exc:  # what it names is not known
        log.warning("old music stays in %s: %s", home / "pool", exc)
    return len(found[settings.backup_keep :])


def files_of(backup: Path) -> list[pool.Kept]:
    """The music that a backup names. SettingError when its list is damaged."""
    try:
        with gzip.open(backup / "files.json.gz", "rt", encoding="utf-8") as names:
            return [pool.Kept(*row) for row in json.load(names)]
    except (OSError, EOFError, zlib.error, ValueError, TypeError) as exc:
        raise SettingError(f"{backup / 'files.json.gz'} is damaged; take another backup") from exc
