"""Making, listing and restoring backups. A backup is a folder that appears when it is whole:

`manifest.json` (what it is, its wrapped key), `state.sealed` (database and companion.toml) and `files.json.gz` (names
of the music in `pool/`). Files in a bucket are the bucket's to keep: the backup has their rows, not their bytes.
"""

import fcntl
import gzip
import hashlib
import io
import json
import logging
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from companion import database
from companion.backup import dump, keys, pool
from companion.backup.sealed import BrokenError, Opener, Sealer
from companion.config import FILE, Settings
from companion.errors import SettingError, Unavailable
from companion.jobs import service as jobs
from companion.jobs.models import Job

log = logging.getLogger(__name__)
FORMAT = 1
SPARE = 32 << 20  # bytes that a backup leaves free
PART = ".part"
_settings: Settings | None = None


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
    global _settings  # noqa: PLW0603 - one companion per process
    _settings = settings


def folder_of(settings: Settings) -> Path:
    """Where this companion's backups lie."""
    return Path(settings.backup_folder).expanduser() if settings.backup_folder else settings.folder / "backups"


def listed(settings: Settings) -> list[Backup]:
    """All whole backups, newest first."""
    found = []
    for manifest in folder_of(settings).glob("*/manifest.json"):
        if not manifest.parent.name.endswith(PART):
            try:
                found.append(_manifest(manifest))
            except SettingError as exc:
                log.warning("%s", exc)
    return sorted(found, key=lambda backup: backup.made, reverse=True)


def _manifest(path: Path) -> Backup:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise SettingError(f"{path} was made by a newer program")
        return Backup(name=path.parent.name, **values)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SettingError(f"{path} is damaged") from exc


def due(settings: Settings) -> bool:
    """Whether the newest backup is too old."""
    newest = listed(settings)[:1]
    return not newest or newest[0].made <= database.now() - settings.backup_hours * 3_600_000


def enqueue_if_due(settings: Settings) -> bool:
    """Queue a backup when it is time and none is under way. Returns whether one was queued."""
    busy = Job.select().where((Job.kind == "backup") & Job.state.in_(("queued", "running"))).exists()
    if busy or not due(settings):
        return False
    jobs.enqueue("backup")
    return True


@jobs.handler("backup")
def _job(_work: jobs.Work) -> None:
    assert _settings is not None, "install comes first"
    make(_settings)


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
            _sync(home)
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
        sha256=_digest(sealed),
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
    _sync(part)
    return backup


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(settings: Settings) -> int:
    """Drop all but the newest backups that are to be kept, and music that none of them names; returns how many."""
    home, found = folder_of(settings), listed(settings)
    for backup in found[settings.backup_keep :]:
        (home / backup.name).rename(home / f"{backup.name}{PART}")
        shutil.rmtree(home / f"{backup.name}{PART}", ignore_errors=True)
    wanted = {file.place for backup in found[: settings.backup_keep] for file in _files(home / backup.name)}
    pool.clear(home / "pool", wanted)
    return len(found[settings.backup_keep :])


def _files(backup: Path) -> list[pool.Kept]:
    with gzip.open(backup / "files.json.gz", "rt", encoding="utf-8") as names:
        return [pool.Kept(*row) for row in json.load(names)]


def restore(settings: Settings, name: str, code: str = "") -> Backup:
    """Put a backup in the place of what is there. The companion must not run. All is checked before anything changes.

    code: the recovery code, where the master key is lost. SettingError or Unavailable says what is in the way. The
    caller migrates afterwards.
    """
    home = folder_of(settings)
    if "/" in name or not (home / name / "manifest.json").is_file():
        raise SettingError(f"there is no backup {name} in {home}; `rackdeck companion admin backup list` shows them")
    backup = _manifest(home / name / "manifest.json")
    if backup.kind != dump.kind(settings):
        raise SettingError(f"{name} is of a {backup.kind} database, but the settings name a {dump.kind(settings)} one")
    if backup.schema > max(row.name for row in database.runner().migrations()):
        raise SettingError(f"{name} was made by a newer program ({backup.schema}); install that one first")
    if _digest(home / name / "state.sealed") != backup.sha256:
        raise SettingError(f"{name} is damaged: its checksum differs; take another backup")
    key, master = keys.unlock(settings.folder, backup.keys, code)
    files, storage = _files(home / name), settings.folder / "files"
    if lost := pool.missing(files, storage, home / "pool"):
        raise SettingError(f"{len(lost)} files of {name} are gone from {home / 'pool'}, such as {lost[0].key}")
    scratch = settings.folder / "run" / "restore"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        _unpack(home / name / "state.sealed", key, scratch)
        if backup.kind == dump.SQLITE:
            dump.check(scratch / "database")
        pool.give_back(files, storage, home / "pool")
        _put_master(settings.folder, master)
        if not database.database.is_closed():
            database.database.close()
        dump.load(settings, scratch / "database")
        if (scratch / FILE).exists() and not (settings.folder / FILE).exists():
            shutil.copy2(scratch / FILE, settings.folder / FILE)
    except BrokenError as exc:
        raise SettingError(f"{name}: {exc}") from exc
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for queue in settings.folder.glob("queue.db*"):  # its numbers belong to the database that was; a sweep fills it
        queue.unlink()
    return backup


def _unpack(sealed: Path, key: bytes, scratch: Path) -> None:
    with sealed.open("rb") as source:
        opened = io.BufferedReader(Opener(source, key), 1 << 20)
        with gzip.GzipFile(fileobj=opened) as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
            for member in archive:
                if member.name in ("database", FILE) and member.isfile():
                    archive.extract(member, scratch, set_attrs=False, filter="data")


def _put_master(folder: Path, master: bytes) -> None:
    """The master key that the database's values are sealed with; another one that lies there is kept aside."""
    held = folder / "keys" / "master.key"
    if held.exists() and held.read_bytes() == master:
        return
    held.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if held.exists():
        held.rename(held.with_name(f"master.key.{database.now()}"))
    file = os.open(held, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as made:
        made.write(master)
        made.flush()
        os.fsync(made.fileno())
