"""A copy of everything we keep of somebody, as a ZIP of JSON files that a job makes; kept for seven days.

With the music, where it is asked for: the files as they came, packed as they are.
"""

import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from companion import elapsed
from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import Export, User
from companion.accounts.tickets import DAY
from companion.database import database, now
from companion.errors import Conflict, NotFound
from companion.installed import Installed
from companion.jobs import service as jobs
from companion.mail import service as mail
from companion.storage.service import Storage

LIFE = 7 * DAY

LEAST_FREE = 500_000_000  # bytes that an export leaves on the disk
STRAY_SECONDS = 24 * 3600  # after which nobody writes any more on what lies about
_PREFIX = "export-"

Tell = Callable[[str], Any]  # a user's id to what JSON can hold; a list may come as an iterator
File = tuple[str, int, Iterator[bytes]]  # name, bytes, content
_parts: dict[str, Tell] = {}
_sizes: list[Callable[[str], int]] = []
_givers: list[Callable[[str], Iterator[File]]] = []
_storage: Installed[Storage] = Installed()
_folder = Installed(Path(tempfile.gettempdir()))
_url = Installed("")


def register(name: str, tell: Tell) -> None:
    """Let a domain put `name`.json into every export. A secret has no place in it."""
    if not name.replace("-", "").isalnum():
        raise ValueError(f"{name!r} is no name for a file")
    _parts[name] = tell


def register_files(size: Callable[[str], int], give: Callable[[str], Iterator[File]]) -> None:
    """Let a domain put files into exports with music. size(user): how many bytes they have together."""
    _sizes.append(size)
    _givers.append(give)


def install(storage: Storage, url: str, folder: Path) -> None:
    """Keep exports in this storage; mails link to this address; write them in this folder."""
    _storage.put(storage)
    _url.put(url)
    _folder.put(folder)


def music_size(user: str) -> int:
    """Bytes of all files that an export with music has."""
    return sum(size(user) for size in _sizes)


def ask(user: User, music: bool = False, origin: Origin = NOWHERE) -> Export:
    """Begin one. Conflict while one is being made, or where the disk has no room for the music."""
    if music and shutil.disk_usage(_made_in()).free < music_size(user.id) + LEAST_FREE:
        raise Conflict("the companion's disk has no room for a copy of your music; save the files one by one")
    with database.atomic():
        User.update(tier=User.tier).where(User.id == user.id).execute()  # hold the row: one of two gets through
        unfinished = Export.select().where((Export.user == user.id) & Export.size.is_null())
        if any(jobs.waiting("export", row.id) for row in unfinished):
            raise Conflict("an export is being made already; you get a mail when it is ready")
        made = Export.create(user=user.id, music=music, expires=now() + LIFE)
        note(user, "export.asked", origin, subject=made.id)
        jobs.enqueue("export", owner=user.id, subject=made.id)
    return made


@jobs.handler("export")
def make(work: jobs.Work) -> None:
    """Write one. A second run writes it again."""
    export = Export.get_or_none(Export.id == work.subject)
    if export is None:  # the account went meanwhile
        return
    user: User = export.user
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_made_in()) as folder:
        path = Path(folder) / "data.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, tell) in enumerate(sorted(_parts.items())):
                work.progress((0.1 if export.music else 1) * number / len(_parts), name)
                with archive.open(f"{name}.json", "w", force_zip64=True) as file:
                    for piece in _pieces(tell(user.id)):
                        file.write(piece.encode())
            if export.music:
                _pack(work, archive, user.id)
        size = path.stat().st_size
        _storage().adopt(_key(export.id), path)
    with database.atomic():
        Export.update(size=size).where(Export.id == export.id).execute()
        mail.send(user.email, "export", name=user.name, link=f"{_url()}/account/data")


def _pack(work: jobs.Work, archive: zipfile.ZipFile, user: str) -> None:
    """Put the files in, each under a name of its own."""
    total, done, names = max(music_size(user), 1), 0, set[str]()
    for give in _givers:
        for name, size, pieces in give(user):
            unique, number = name, 1
            while unique.lower() in names:
                number += 1
                stem, dot, ending = name.rpartition(".")
                unique = f"{stem} ({number}).{ending}" if dot else f"{name} ({number})"
            names.add(unique.lower())
            entry = zipfile.ZipInfo(f"music/{unique}", time.gmtime()[:6])
            with archive.open(entry, "w", force_zip64=True) as file:  # sound does not get smaller
                for piece in pieces:
                    file.write(piece)
            done += size
            work.progress(min(1.0, 0.1 + 0.9 * done / total), unique[:60])


def _made_in() -> Path:
    """The folder that exports are written in: on the disk of the companion, which /tmp may not be."""
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    return _folder()


def _pieces(value: Any) -> Iterator[str]:
    """JSON of a value; of an iterator row by row, so that a long list is never in memory whole."""
    if not isinstance(value, Iterator):
        yield json.dumps(value, indent=1, ensure_ascii=False)
        return
    first = True
    for row in value:
        yield ("[\n" if first else ",\n") + json.dumps(row, ensure_ascii=False)
        first = False
    yield "[]" if first else "\n]"


def listed(user: str) -> list[Export]:
    """A user's exports, newest first."""
    return list(Export.select().where((Export.user == user) & (Export.expires > now())).order_by(Export.id.desc()))


def read(user: str, export: str) -> tuple[int, Iterator[bytes]]:
    """Size and bytes of a user's export. NotFound when it is none of theirs; Conflict while it is being made."""
    mine = (Export.id == export) & (Export.user == user) & (Export.expires > now())
    row = Export.get_or_none(mine)
    if row is None:
        raise NotFound("there is no such export; they are kept for seven days")
    if row.size is None:
        raise Conflict("the export is being made; you get a mail when it is ready")
    return int(row.size), _storage().read(_key(row.id))


def drop(user: str) -> None:
    """Remove all exports of a user."""
    _drop(list(Export.select().where(Export.user == user)))


def forget() -> int:
    """Remove what has expired, and what a process that died left behind; returns how many."""
    for left in _folder().glob(f"{_PREFIX}*"):
        if elapsed.passed() / 1000 - left.stat().st_mtime > STRAY_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    old = list(Export.select().where(Export.expires < elapsed.passed()))
    _drop(old)
    return len(old)


def _drop(exports: list[Export]) -> None:
    for export in exports:
        _storage().delete(_key(export.id))
        export.delete_instance()


def _key(export: str) -> str:
    return f"exports/{export}/data.zip"
