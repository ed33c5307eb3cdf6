"""What uploads become here: tracks, versions, stems, artwork."""

import json
import re
from typing import Any

from companion import folding
from companion.accounts import tiers
from companion.audit import service as audit
from companion.catalogue import analysis, changes, contributors, recordings, service
from companion.catalogue.models import WHOLE, Track
from companion.database import new_id
from companion.errors import Invalid
from companion.uploads import files, names, purposes
from companion.uploads.models import StoredFile, Upload

_KEY = re.compile(r"(?:[A-G][b#♭♯]?(?:m|maj|min)?|(?:1[0-2]|0?[1-9])[ABdm])")  # F#m, 4A, 11m
_PLAYED = ("mix", "master", "edit", "live")  # a new one of these is the one to play


def _check_track(owner: str, subject: str, details: dict[str, str]) -> None:
    tiers.check(owner, "tracks")
    if subject:
        raise Invalid("a new track is for nothing else; send a version of a track as `version`")
    recordings.check_kind(details.get("kind", "mix"), WHOLE)


def _check_version(owner: str, subject: str, details: dict[str, str]) -> None:
    service.find(owner, subject)
    recordings.check_kind(details.get("kind", "mix"), WHOLE)


def _check_stem(owner: str, subject: str, _details: dict[str, str]) -> None:
    service.find(owner, subject)


def _check_artwork(owner: str, subject: str, _details: dict[str, str]) -> None:
    if subject:
        service.find(owner, subject)


def take_track(upload: Upload, file: StoredFile, duplicate: bool) -> str:
    """A new track, written on as the file says; the one that there is when it is the same file."""
    owner = upload.owner_id
    if duplicate:
        there = Track.get_or_none((Track.owner == owner) & (Track.file == file.id) & Track.deleted.is_null())
        if there is not None:
            return str(there.id)
    facts, details = json.loads(file.facts), json.loads(upload.details)
    said: dict[str, str] = facts.get("tags", {})
    written = _written(said)
    title = said.get("title", "")[:200] or names.title(upload.name)
    row = Track(id=new_id(), owner=owner, title=title, artwork=file.id if file.art else "", **written)
    row.title_sort, row.album_sort = folding.sort_key(title), folding.sort_key(row.album)
    row.save(force_insert=True)
    artist = said.get("artist") or said.get("album_artist", "")
    parts = [(artist[:120], "main")] if artist else []
    parts += [(said["composer"][:120], "composer")] if "composer" in said else []
    row.artist = contributors.put(owner, row.id, [part for part in parts if folding.folded(part[0])])
    row.artist_sort = folding.sort_key(row.artist)
    row.save(only=[Track.artist, Track.artist_sort])
    kind = details.get("kind", "mix")
    recordings.play(row, recordings.add(row, file, kind, details.get("label", "")))
    service.index(row.id)
    analysis.begin(owner, row.id, file.id)
    audit.record("track.added", owner, row.id, file=file.id)
    changes.tell(owner, row.id, "added")
    return str(row.id)


def _written(said: dict[str, str]) -> dict[str, Any]:
    """Columns of a track from a file's tags; what makes no sense is left out."""
    year = re.match(r"\d{4}", said.get("year", ""))
    try:
        isrc = service.isrc(said.get("isrc", ""))
    except Invalid:
        isrc = ""
    try:
        tempo = float(said.get("tempo", "").replace(",", "."))
    except ValueError:
        tempo = 0.0
    return {
        "album": said.get("album", "")[:200],
        "number": said.get("number", "")[:10],
        "year": int(year[0]) if year else 0,
        "genre": said.get("genre", "")[:60],
        "isrc": isrc,
        "label": said.get("label", "")[:100],
        "copyright": said.get("copyright", "")[:200],
        "tempo": tempo if 20 <= tempo <= 400 else None,
        "key": said["key"] if _KEY.fullmatch(said.get("key", "")) else "",
    }


def _add(upload: Upload, file: StoredFile, kind: str) -> str:
    """A version or stem of the upload's track."""
    owner, details = upload.owner_id, json.loads(upload.details)
    track = service.find(owner, upload.subject)
    changes.touch(owner, track.id, "version")  # holds the track, so that two new versions get two numbers
    label = details.get("label", "") or (names.title(upload.name)[:100] if kind == "stem" else "")
    row = recordings.add(track, file, kind, label)
    if kind in _PLAYED:
        recordings.play(track, row)
        analysis.begin(owner, track.id, file.id)
    audit.record("track.version.added", owner, track.id, recording=row.id, kind=kind)
    return str(row.id)


def take_version(upload: Upload, file: StoredFile, _duplicate: bool) -> str:
    """A further version of a track, of the kind that the upload says."""
    return _add(upload, file, json.loads(upload.details).get("kind", "mix"))


def take_stem(upload: Upload, file: StoredFile, _duplicate: bool) -> str:
    """A stem of a track."""
    return _add(upload, file, "stem")


def take_artwork(upload: Upload, file: StoredFile, _duplicate: bool) -> str:
    """A picture, put on the upload's track when it names one."""
    if upload.subject:
        service.edit(upload.owner_id, upload.subject, {"artwork": file.id})
    return str(file.id)


def picture_name(owner: str, file: str) -> str | None:
    """What a picture is called; None when it is none of the owner's."""
    found = files.brief(owner, file)
    return found[2] if found and found[3] else None


def install() -> None:
    """Let uploads be for the catalogue."""
    purposes.register("track", purposes.Purpose(("audio",), _check_track, take_track), usual_for="audio")
    purposes.register("version", purposes.Purpose(("audio",), _check_version, take_version))
    purposes.register("stem", purposes.Purpose(("audio",), _check_stem, take_stem))
    purposes.register("artwork", purposes.Purpose(("image",), _check_artwork, take_artwork))
