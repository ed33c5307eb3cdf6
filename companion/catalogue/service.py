"""Tracks: looking at them, changing what is written on them, the bin."""

import re
from typing import Any

from companion import elapsed, folding
from companion.accounts import tiers
from companion.audit import service as audit
from companion.catalogue import analysis, changes, contributors, recordings, search
from companion.catalogue.listing import COLUMNS, ROW
from companion.catalogue.models import Artist, Marker, Recording, Track
from companion.database import Compiled, database, now
from companion.errors import Invalid, NotFound, Stale
from companion.projects import items
from companion.uploads import files

BIN_MS = 30 * 24 * 3600 * 1000
MOST_MARKERS = 200
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_MORE = ("number", "isrc", "label", "copyright", "notes", "file")
_ALL = [*COLUMNS, *(getattr(Track, name) for name in _MORE)]
_OWN = Compiled(
    lambda track, user: Track.select(*_ALL).where((Track.id == track) & (Track.owner == user) & Track.deleted.is_null())
)
_SHARED = Compiled(
    lambda track, user: Track.select(*_ALL).where(
        (Track.id == track) & Track.id.in_(items.shared_with(user, "track")) & Track.deleted.is_null()
    )
)
_MARKERS = Compiled(
    lambda track: (
        Marker.select(Marker.id, Marker.start, Marker.end, Marker.label, Marker.colour)
        .where(Marker.track == track)
        .order_by(Marker.start, Marker.id)
    )
)


def told(user: str, track: str) -> dict[str, Any]:
    """All that is known of a track that a user owns or sees through a project. NotFound."""
    row = _OWN.one(track, user) or _SHARED.one(track, user)
    if row is None:
        raise NotFound("there is no such track")
    found = dict(zip((*ROW, *_MORE), row, strict=True))
    file = found.pop("file")
    findings = analysis.of_file(file) if file else []
    return shown(found, user) | {
        "credits": contributors.of_track(track),
        "recordings": recordings.of_track(track),
        "markers": markers(track),
        "analysis": {
            "state": analysis.state(track, findings),
            "found": findings,
            "possible": bool(analysis.available()),
        },
    }


def shown(row: dict[str, Any], user: str) -> dict[str, Any]:
    """A row of a list as a caller sees it: an unknown year is None, and whether it is the caller's own."""
    return row | {"year": row["year"] or None, "own": row["owner"] == user}


def markers(track: str) -> list[dict[str, Any]]:
    """The markers of a track, by time."""
    return [dict(zip(("id", "start", "end", "label", "colour"), row, strict=True)) for row in _MARKERS.run(track)]


def find(owner: str, track: str, binned: bool = False) -> Track:
    """A track of the owner's; from the bin when asked. NotFound."""
    row = Track.get_or_none((Track.id == track) & (Track.owner == owner) & Track.deleted.is_null(not binned))
    if row is None:
        raise NotFound("there is no such track")
    return row


def name_of(owner: str, track: str) -> str | None:
    """What a track is called; None when it is none of the owner's."""
    row = Track.get_or_none((Track.id == track) & (Track.owner == owner) & Track.deleted.is_null())
    return str(row.title) if row else None


def edit(owner: str, track: str, fields: dict[str, Any], expected: int | None = None) -> None:
    """Change what is written on a track. fields: columns of it, and `credits` as (name, role) in order.

    expected: the version the caller saw. NotFound; Stale when it is another now; Invalid.
    """
    with database.atomic():
        changes.hold(owner, track)
        row = find(owner, track)
        seen = row.version if expected is None else expected
        parts = fields.pop("credits", None)
        clean = {name: _clean(owner, name, value) for name, value in fields.items()}
        if parts is not None:
            clean["artist"] = contributors.put(owner, track, parts)
        for name in ("title", "artist", "album"):
            if name in clean:
                clean[f"{name}_sort"] = folding.sort_key(clean[name])
        clean |= {"version": Track.version + 1, "changed": now()}
        mine = (Track.id == track) & (Track.owner == owner) & (Track.version == seen)
        if not Track.update(**clean).where(mine).execute():
            raise Stale("somebody changed this meanwhile; load it again, then repeat the change")
        old = row.artwork
        if "artwork" in clean and old and old != clean["artwork"]:
            files.drop_unused(old)
        index(track)
        audit.record("track.changed", owner, track, fields=sorted(fields) + (["credits"] if parts is not None else []))
        changes.tell(owner, track, "changed")


def _clean(owner: str, name: str, value: Any) -> Any:
    if name == "isrc":
        return isrc(value)
    if name == "year":
        return value or 0
    if name == "artwork" and value:
        found = files.brief(owner, value)
        if found is None or not found[3]:
            raise Invalid("artwork is the id of a picture of yours")
    return value


def isrc(code: str) -> str:
    """An ISRC without hyphens; empty stays empty. Invalid when it is none."""
    bare = re.sub(r"[\s-]", "", code).upper()
    if bare and not _ISRC.fullmatch(bare):
        raise Invalid("an ISRC looks like NL-A1B-24-00001: country, registrant, year, number")
    return bare


def index(track: str) -> None:
    """Put a track's words into the index, in the caller's transaction."""
    row = Track.get_by_id(track)
    people = " ".join(part["name"] for part in contributors.of_track(track))
    rest = " ".join((people, row.genre, row.label, row.isrc, str(row.year or ""), row.key, row.notes[:2000]))
    search.put(row.id, row.owner_id, row.title, row.artist, row.album, rest)


def put_markers(owner: str, track: str, wanted: list[dict[str, Any]]) -> None:
    """Set the markers of a track. Invalid when one lies outside of it or ends before it starts."""
    if len(wanted) > MOST_MARKERS:
        raise Invalid(f"a track has {MOST_MARKERS} markers at most")
    with database.atomic():
        changes.hold(owner, track)
        row = find(owner, track)
        for one in wanted:
            if one["start"] > row.seconds or (one["end"] is not None and not one["start"] < one["end"] <= row.seconds):
                raise Invalid(
                    f"a marker lies within the track, which lasts {row.seconds:.1f} s, and ends after its start"
                )
        Marker.delete().where(Marker.track == track).execute()
        for one in wanted:
            Marker.create(track=track, **one)
        changes.touch(owner, track, "markers")


def rename_artist(owner: str, artist: str, name: str) -> None:
    """Call an artist something else everywhere. NotFound, Conflict."""
    with database.atomic():
        for track in contributors.rename(owner, artist, name):
            parts = [(part["name"], part["role"]) for part in contributors.of_track(track)]
            line = contributors.shown(parts)
            Track.update(artist=line, artist_sort=folding.sort_key(line)).where(Track.id == track).execute()
            index(track)
            changes.touch(owner, track, "changed")


def delete(owner: str, track: str) -> None:
    """Put a track into the bin, where it stays for 30 days; it leaves all projects. NotFound."""
    with database.atomic():
        changes.hold(owner, track)
        find(owner, track)
        Track.update(deleted=now()).where((Track.id == track) & (Track.owner == owner)).execute()
        items.gone("track", track)
        audit.record("track.deleted", owner, track)
        changes.tell(owner, track, "deleted")


def bring_back(owner: str, track: str) -> None:
    """Take a track out of the bin. NotFound; OverQuota when the tier includes no more tracks by now."""
    with database.atomic():
        changes.hold(owner, track)
        find(owner, track, binned=True)
        tiers.check(owner, "tracks")
        Track.update(deleted=None).where((Track.id == track) & (Track.owner == owner)).execute()
        audit.record("track.restored", owner, track)
        changes.tell(owner, track, "restored")


def purge(owner: str, track: str) -> None:
    """Delete a track that is in the bin for good. NotFound."""
    with database.atomic():
        changes.hold(owner, track)
        _purge(find(owner, track, binned=True))
        audit.record("track.purged", owner, track)


def _purge(row: Track) -> None:
    sounds = {one.file_id for one in Recording.select(Recording.file).where(Recording.track == row.id)}
    search.drop(row.id)
    Track.delete().where(Track.id == row.id).execute()
    for file in sounds:
        files.drop_unused(file, though_shown=True)
    if row.artwork and row.artwork not in sounds:
        files.drop_unused(row.artwork)


def keep_house() -> int:
    """Delete for good what has been in the bin for 30 days; returns how many."""
    old = list(Track.select().where(Track.deleted < elapsed.passed() - BIN_MS))
    for row in old:
        with database.atomic():
            _purge(row)
    return len(old)


def count(owner: str) -> int:
    """How many tracks somebody has, the bin not counted."""
    return Track.select().where((Track.owner == owner) & Track.deleted.is_null()).count()


def erase(owner: str) -> None:
    """Delete all of somebody's music."""
    for row in list(Track.select().where(Track.owner == owner)):
        with database.atomic():
            items.gone("track", row.id)
            _purge(row)
    Artist.delete().where(Artist.owner == owner).execute()


def exported(owner: str) -> Any:
    """What an export tells of somebody's tracks, one after the other."""
    ids = [row.id for row in Track.select(Track.id).where(Track.owner == owner).order_by(Track.id)]
    for track in ids:
        row = _OWN.one(track, owner)
        if row is not None:
            yield told(owner, track)
