"""Versions and stems of a track: which there are, which is played, and where their sound is."""

import json
from typing import Any

import peewee

from companion.audit import service as audit
from companion.catalogue import changes
from companion.catalogue.models import KINDS, WHOLE, Recording, Track
from companion.database import Compiled, database
from companion.errors import Conflict, Invalid, NotFound
from companion.projects import items
from companion.uploads import files
from companion.uploads.models import StoredFile

MOST = 200  # of one track
_NAMES = ("id", "number", "kind", "label", "created", "file", "name", "format", "size")
_OF_TRACK = Compiled(
    lambda track: (
        Recording.select(
            Recording.id,
            Recording.number,
            Recording.kind,
            Recording.label,
            Recording.created,
            StoredFile.id,
            StoredFile.name,
            StoredFile.format,
            StoredFile.size,
            StoredFile.facts,
        )
        .join(StoredFile)
        .where(Recording.track == track)
        .order_by(Recording.number.desc())
    )
)


def _sound(recording: Any, where: Any) -> Any:
    return (
        Recording.select(StoredFile.id, StoredFile.format, Track.title, Recording.kind, Recording.label)
        .join(StoredFile)
        .switch(Recording)
        .join(Track)
        .where((Recording.id == recording) & Track.deleted.is_null() & where)
    )


_OWN_SOUND = Compiled(lambda recording, user: _sound(recording, Track.owner == user))
_SHARED_SOUND = Compiled(lambda recording, user: _sound(recording, Track.id.in_(items.shared_with(user, "track"))))


def of_track(track: str) -> list[dict[str, Any]]:
    """All versions and stems of a track, the newest first, with what the probe told of their files."""
    rows = []
    for row in _OF_TRACK.run(track):
        facts = json.loads(str(row[-1]))
        rows.append(dict(zip(_NAMES, row, strict=False)) | {"facts": facts})
    return rows


def sound(user: str, recording: str) -> tuple[str, str, str]:
    """(file, format, a name to save it by) of what a user owns or sees through a project. NotFound."""
    row = _OWN_SOUND.one(recording, user) or _SHARED_SOUND.one(recording, user)
    if row is None:
        raise NotFound("there is no such recording")
    file, format_, title, kind, label = map(str, row)
    about = label or ("" if kind in ("mix", "master") else kind)
    return file, format_, files.saved_name(f"{title} ({about})" if about else title, format_)


def check_kind(kind: str, among: tuple[str, ...] = KINDS) -> str:
    """Invalid for a kind that there is none of."""
    if kind not in among:
        raise Invalid(f"a recording is one of {', '.join(among)}")
    return kind


def add(track: Track, file: StoredFile, kind: str, label: str) -> Recording:
    """A further version or stem, in the caller's transaction."""
    check_kind(kind)
    last = Recording.select(peewee.fn.MAX(Recording.number)).where(Recording.track == track.id).scalar() or 0
    if last >= MOST:
        raise Conflict(f"a track has {MOST} versions at most; remove the track's old ones")
    return Recording.create(track=track.id, number=last + 1, kind=kind, label=label[:100], file=file)


def play(track: Track, recording: Recording) -> None:
    """Let this version be the one that is played, in the caller's transaction."""
    file = recording.file
    facts = json.loads(file.facts)
    changed = {
        "recording": recording.id,
        "file": file.id,
        "seconds": facts.get("seconds") or 0.0,
        "format": file.format,
        "loudness": (facts.get("loudness") or {}).get("integrated"),
    }
    Track.update(**changed).where(Track.id == track.id).execute()
    for name, value in changed.items():
        setattr(track, name, value)


def find(owner: str, track: str, recording: str) -> Recording:
    """A recording of a track of the owner's. NotFound."""
    mine = (Recording.id == recording) & (Track.id == track) & (Track.owner == owner) & Track.deleted.is_null()
    row = Recording.select(Recording, Track).join(Track).where(mine).first()
    if row is None:
        raise NotFound("there is no such recording of this track")
    found: Recording = row
    return found


def whole(owner: str, track: str, recording: str = "") -> tuple[Track, StoredFile, str]:
    """(track, file, label) of a track of the owner's: of the version that is played, or of that version or stem.

    NotFound.
    """
    row = Track.get_or_none((Track.id == track) & (Track.owner == owner) & Track.deleted.is_null())
    if row is None or not (recording or row.recording):
        raise NotFound("there is no such track")
    found = find(owner, track, recording or row.recording)
    return row, found.file, str(found.label)


def restore(owner: str, track: str, recording: str) -> None:
    """Play another version of a track again. Conflict for a stem."""
    with database.atomic():
        changes.hold(owner, track)
        row = find(owner, track, recording)
        if row.kind not in WHOLE:
            raise Conflict("a stem is a part of a track; play a whole version")
        play(row.track, row)
        changes.touch(owner, track, "version")
        audit.record("track.version", owner, track, recording=recording)


def change(owner: str, track: str, recording: str, kind: str | None, label: str | None) -> None:
    """Say what a version is. Conflict when that would make the one that is played a stem."""
    with database.atomic():
        changes.hold(owner, track)
        row = find(owner, track, recording)
        row.kind = check_kind(kind) if kind is not None else row.kind
        row.label = label if label is not None else row.label
        if row.kind == "stem" and row.track.recording == row.id:
            raise Conflict("this version is the one that is played; choose another first")
        row.save(only=[Recording.kind, Recording.label])
        changes.touch(owner, track, "version")


def remove(owner: str, track: str, recording: str) -> None:
    """Remove a version. Conflict for the one that is played."""
    with database.atomic():
        changes.hold(owner, track)
        row = find(owner, track, recording)
        if row.track.recording == row.id:
            raise Conflict("this version is the one that is played; choose another first")
        file = row.file_id
        Recording.delete().where(Recording.id == row.id).execute()
        files.drop_unused(file, though_shown=True)
        changes.touch(owner, track, "version")
        audit.record("track.version.removed", owner, track, recording=recording)


@files.keeps
def uses(file: str) -> bool:
    """Whether a track has this file, as sound or as artwork."""
    sounds = Recording.select().where(Recording.file == file).exists()
    return bool(sounds or Track.select().where(Track.artwork == file).exists())
