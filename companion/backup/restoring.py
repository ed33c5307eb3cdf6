"""Putting a backup in the place of what is there."""

import gzip
import io
import os
import shutil
import tarfile
from pathlib import Path

from companion import database
from companion.backup import dump, keys, pool, service
from companion.backup.sealed import BrokenError, Opener
from companion.config import FILE, Settings
from companion.errors import SettingError, Unavailable


def restore(settings: Settings, name: str, code: str = "") -> service.Backup:
    """Put a backup in the place of what is there. The companion must not run. All is checked before anything changes.

    code: the recovery code, where the master key is lost. SettingError or Unavailable says what is in the way. The
    caller migrates afterwards.
    """
    home = service.folder_of(settings)
    if "/" in name or not (home / name / "manifest.json").is_file():
        raise SettingError(f"there is no backup {name} in {home}; `rackdeck companion admin backup list` shows them")
    backup = service.manifest_of(home / name / "manifest.json")
    if backup.kind != dump.kind(settings):
        raise SettingError(f"{name} is of a {backup.kind} database, but the settings name a {dump.kind(settings)} one")
    if backup.schema > max(row.name for row in database.runner().migrations()):
        raise SettingError(f"{name} was made by a newer program ({backup.schema}); install that one first")
    if service.digest(home / name / "state.sealed") != backup.sha256:
        raise SettingError(f"{name} is damaged: its checksum differs; take another backup")
    key, master = keys.unlock(settings.folder, backup.keys, code)
    files, storage = service.files_of(home / name), settings.folder / "files"
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
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise Unavailable(f"{name} could not be put back whole: {why}; mend that, and repeat it") from exc
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
