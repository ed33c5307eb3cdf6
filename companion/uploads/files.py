"""Stored files of an owner: found, counted, removed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import peewee

from companion.accounts import tiers
from companion.database import Compiled, database
from companion.errors import Conflict, NotFound
from companion.jobs import service as jobs
from companion.media.kinds import ART_SIZES, FORMATS
from companion.storage.service import Storage
from companion.uploads.models import StoredFile, Upload, key

DERIVED = ("waveform", "measures", *(f"art-{size}" for size in ART_SIZES))
UNDECIDED = ("receiving", "checking")
_BY_ID = Compiled(
    lambda owner, file: StoredFile.select(
        StoredFile.id, StoredFile.kind, StoredFile.format, StoredFile.name, StoredFile.art
    ).where((StoredFile.id == file) & (StoredFile.owner == owner))
)

# Domains say here whether they use a file (by id): those that cannot be without it, and those that only show it
_users: list[Callable[[str], bool]] = []
_showers: list[Callable[[str], bool]] = []
_mourners: list[Callable[[str], None]] = []


def keeps(asked: Callable[[str], bool]) -> Callable[[str], bool]:
    """Register a function that tells whether its domain cannot be without a file."""
    _users.append(asked)
    return asked


def shows(asked: Callable[[str], bool]) -> None:
    """Register a function that tells whether its domain shows a file, which its owner may delete all the same."""
    if asked not in _showers:
        _showers.append(asked)


def on_drop(told_of: Callable[[str], None]) -> None:
    """Register a function that is told, in the transaction, of a file (by id) that goes."""
    if told_of not in _mourners:
        _mourners.append(told_of)


def find(owner: str, file: str) -> StoredFile:
    """NotFound when there is none, or it is another's."""
    row = StoredFile.get_or_none((StoredFile.id == file) & (StoredFile.owner == owner))
    if row is None:
        raise NotFound("there is no such file")
    return row


def same(owner: str, digest: str) -> StoredFile | None:
    """An owner's file of this content (SHA-256)."""
    found: StoredFile | None = StoredFile.get_or_none((StoredFile.owner == owner) & (StoredFile.sha256 == digest))
    return found


def brief(owner: str, file: str) -> tuple[str, str, str, bool] | None:
    """(kind, format, name, art) of an owner's file; None when there is none."""
    row = _BY_ID.one(owner, file)
    return (str(row[1]), str(row[2]), str(row[3]), bool(row[4])) if row else None


def told(row: StoredFile) -> dict[str, Any]:
    """A file as its owner sees it."""
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "format": row.format,
        "size": row.size,
        "sha256": row.sha256,
        "art": row.art,
        "facts": json.loads(row.facts),
        "created": row.created,
    }


def saved_name(name: str, format_: str) -> str:
    """A name to save a file under: as it was given, with the ending that its content has."""
    suffix = FORMATS[format_].suffix
    return name if not suffix or name.lower().endswith(f".{suffix}") else f"{name}.{suffix}"


def listed(owner: str, kind: str, before: str, most: int) -> list[StoredFile]:
    """An owner's files, newest first; of a kind when given, older than `before` when given."""
    mine = StoredFile.owner == owner
    if kind:
        mine &= StoredFile.kind == kind
    if before:
        mine &= StoredFile.id < before
    return list(StoredFile.select().where(mine).order_by(StoredFile.id.desc()).limit(most))


def remove(owner: str, file: str) -> None:
    """Delete an owner's file. NotFound, or Conflict while something uses it."""
    with database.atomic():
        find(owner, file)
        if any(asked(file) for asked in _users):
            raise Conflict("this file belongs to a track; remove it there")
        _drop(file)


def drop_unused(file: str, though_shown: bool = False) -> None:
    """Delete a file that nothing uses or shows any more, in the caller's transaction. though_shown: show it no more."""
    asked = _users if though_shown else [*_users, *_showers]
    if not any(uses(file) for uses in asked):
        _drop(file)


def _drop(file: str) -> None:
    for told_of in _mourners:
        told_of(file)
    StoredFile.delete().where(StoredFile.id == file).execute()
    clear_later(file)


def clear_later(file: str) -> None:
    """Let a job clear storage of a file: it is done again where storage does not answer."""
    jobs.enqueue("clear", subject=file)


def clear(storage: Storage, file: str) -> None:
    """Delete the content of a file, and what was made of it; nothing of one that has a row."""
    if not StoredFile.select().where(StoredFile.id == file).exists():
        _delete(storage, file)


def _delete(storage: Storage, file: str) -> None:
    for name in ("", *DERIVED):
        storage.delete(key(file, name))


def used(owner: str) -> int:
    """Bytes that an owner's files have, with what is on its way."""
    coming = (
        Upload.select(peewee.fn.SUM(Upload.size)).where((Upload.owner == owner) & Upload.state.in_(UNDECIDED)).scalar()
    )
    return stored(owner) + int(coming or 0)


def stored(owner: str) -> int:
    """Bytes that an owner's files have."""
    return int(StoredFile.select(peewee.fn.SUM(StoredFile.size)).where(StoredFile.owner == owner).scalar() or 0)


def originals(storage: Storage, owner: str) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """All of an owner's files as they came: the name to save each under, its bytes, and its content."""
    for row in list(StoredFile.select().where(StoredFile.owner == owner).order_by(StoredFile.id)):
        yield saved_name(row.name, row.format), int(row.size), storage.read(key(row.id))


def erase(storage: Storage, owner: str) -> None:
    """Delete all of somebody's files."""
    for row in list(StoredFile.select(StoredFile.id).where(StoredFile.owner == owner)):
        _delete(storage, row.id)
        StoredFile.delete().where(StoredFile.id == row.id).execute()


def export(owner: str) -> Any:
    """What an export tells of somebody's files, one after the other."""
    for row in StoredFile.select().where(StoredFile.owner == owner).order_by(StoredFile.id).iterator():
        yield told(row)


tiers.register("storage", used)
