"""A copy of everything we keep of somebody, as a ZIP of JSON files that a job makes; kept for seven days."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from companion.accounts.acts import NOWHERE, Origin, note
from companion.accounts.models import Export, User
from companion.accounts.tickets import DAY
from companion.database import database, now
from companion.errors import Conflict, NotFound
from companion.jobs import service as jobs
from companion.mail import service as mail
from companion.storage.service import Storage

LIFE = 7 * DAY

Tell = Callable[[str], Any]  # a user's id to what JSON can hold; a list may come as an iterator
_parts: dict[str, Tell] = {}
_storage: Storage | None = None
_url = ""


def register(name: str, tell: Tell) -> None:
    """Let a domain put `name`.json into every export. A secret has no place in it."""
    if not name.replace("-", "").isalnum():
        raise ValueError(f"{name!r} is no name for a file")
    _parts[name] = tell


def install(storage: Storage, url: str) -> None:
    """Keep exports in this storage; mails link to this address."""
    global _storage, _url
    _storage, _url = storage, url


def ask(user: User, origin: Origin = NOWHERE) -> Export:
    """Begin one. Conflict while one is being made."""
    with database.atomic():
        User.update(tier=User.tier).where(User.id == user.id).execute()  # hold the row: one of two gets through
        unfinished = Export.select().where((Export.user == user.id) & Export.size.is_null())
        if any(jobs.waiting("export", row.id) for row in unfinished):
            raise Conflict("an export is being made already; you get a mail when it is ready")
        made = Export.create(user=user.id, expires=now() + LIFE)
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
    with tempfile.TemporaryDirectory(prefix="rackdeck-export-") as folder:
        path = Path(folder) / "data.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, tell) in enumerate(sorted(_parts.items())):
                work.progress(number / len(_parts), name)
                with archive.open(f"{name}.json", "w", force_zip64=True) as file:
                    for piece in _pieces(tell(user.id)):
                        file.write(piece.encode())
        size = path.stat().st_size
        _kept().adopt(_key(export.id), path)
    with database.atomic():
        Export.update(size=size).where(Export.id == export.id).execute()
        mail.send(user.email, "export", name=user.name, link=f"{_url}/account/data")


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
    return int(row.size), _kept().read(_key(row.id))


def drop(user: str) -> None:
    """Remove all exports of a user."""
    _drop(list(Export.select().where(Export.user == user)))


def forget() -> int:
    """Remove what has expired; returns how many."""
    old = list(Export.select().where(Export.expires < now()))
    _drop(old)
    return len(old)


def _drop(exports: list[Export]) -> None:
    for export in exports:
        _kept().delete(_key(export.id))
        export.delete_instance()


def _kept() -> Storage:
    if _storage is None:
        raise RuntimeError("install comes first")
    return _storage


def _key(export: str) -> str:
    return f"exports/{export}/data.zip"
