"""A user's sets and plays: listed, shown, named, deleted; and the recordings that belong to them."""

from collections.abc import Iterator
from typing import Any

from companion.audit import service as audit
from companion.database import database, now
from companion.documents import service as documents
from companion.documents import store
from companion.errors import Conflict, NotFound
from companion.events import service as events
from companion.sets import cue
from companion.sets.models import BoxSet, Play, SetEntry
from companion.transfers import offers
from companion.uploads import files
from companion.web import paging

FILES = ("recording", "log")
# what a list can be sorted by: the column, its kind in a cursor, and whether the largest comes first
SORTS: dict[str, tuple[Any, type, bool]] = {
    "started": (BoxSet.started, int, True),
    "length": (BoxSet.seconds, float, True),
    "title": (BoxSet.title, str, False),
}
_SHOWN = (
    "id", "box", "box_name", "number", "title", "notes", "state", "started", "seconds", "tracks", "ended", "recorded",
    "samplerate", "dropped", "loudness", "peak", "changed",
)  # fmt: skip
_PLAYED = ("id", "box", "set", "started", "heard", "title", "artist", "track", "isrc", "deck", "pitch")


def install() -> None:
    """Follow what documents call sets: in each process that writes documents."""
    store.followed("set", _follow)


def _mine(user: str) -> Any:
    """The sets that are a user's: part of every query."""
    return BoxSet.owner == user


def _shown(row: BoxSet) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _SHOWN}
    return told | {name: _file(row, name) for name in FILES}


def _file(row: BoxSet, name: str) -> dict[str, Any] | None:
    """A file of a set: on the box, and here once it came (`file`)."""
    digest, size, called, file = (getattr(row, f"{name}_{what}") for what in ("hash", "size", "name", "file"))
    return {"hash": digest, "size": size, "name": called, "file": file} if digest else None


def listed(
    user: str, box: str = "", search: str = "", sort: str = "started", after: str = "", limit: int = 50
) -> tuple[list[dict[str, Any]], str]:
    """A page of a user's sets, and the next cursor.

    search: words, each of which is in the title, the notes, the box's name, or in a track's title or artist.
    """
    query = BoxSet.select().where(_mine(user))
    if box:
        query = query.where(BoxSet.box == box)
    for word in search.split():
        heard = SetEntry.select(SetEntry.set).where(SetEntry.title.contains(word) | SetEntry.artist.contains(word))
        said = BoxSet.title.contains(word) | BoxSet.notes.contains(word) | BoxSet.box_name.contains(word)
        query = query.where(said | BoxSet.id.in_(heard))
    column, kind, largest_first = SORTS[sort]
    rows, following = paging.by(query, {column: kind, BoxSet.id: str}, after, limit, largest_first)
    return [_shown(row) for row in rows], following


def find(user: str, number: str) -> BoxSet:
    """A set of the user's. NotFound."""
    found: BoxSet | None = BoxSet.get_or_none((BoxSet.id == number) & _mine(user))
    if found is None:
        raise NotFound("there is no such set")
    return found


def get(user: str, number: str) -> dict[str, Any]:
    """A set of the user's with its tracklist. NotFound."""
    row = find(user, number)
    entries = SetEntry.select().where(SetEntry.set == row.id).order_by(SetEntry.position)
    names = ("position", "at", "title", "artist", "track", "seconds", "tempo", "key", "isrc", "deck", "heard", "pitch")
    shown = _shown(row)
    document = row.number if documents.right(user, row.number) else ""
    if document:
        shown["notes"] = documents.content(user, document)["notes"]
    return shown | {
        "document": document,
        "entries": [{name: getattr(one, name) for name in names} for one in entries],
    }


def cue_sheet(user: str, number: str) -> tuple[str, str]:
    """(a name to save it by, the text) of the cue sheet of a set's recording. NotFound."""
    row = find(user, number)
    file = row.recording_name or "recording.flac"
    entries = SetEntry.select().where(SetEntry.set == row.id).order_by(SetEntry.position)
    tracks = [cue.Cue(one.at, one.title, one.artist) for one in entries]
    return f"{file.rpartition('.')[0] or file}.cue", cue.sheet(row.title, file, tracks)


def stored(user: str, number: str, name: str) -> tuple[str, str, str]:
    """(file, format, a name to save it by) of a set's recording or log that came. NotFound.

    name: `recording` or `log`.
    """
    row = find(user, number)
    told = files.brief(user, getattr(row, f"{name}_file"))
    if told is None:
        raise NotFound(f"the {name} of this set has not come from the box")
    return getattr(row, f"{name}_file"), told[1], files.saved_name(getattr(row, f"{name}_name"), told[1])


def change(user: str, number: str, title: str | None, notes: str | None) -> dict[str, Any]:
    """Name a set, write something about it. NotFound."""
    given = {name: value for name, value in (("title", title), ("notes", notes)) if value is not None}
    with database.atomic():
        row = find(user, number)
        BoxSet.update(**given, changed=now()).where(BoxSet.id == row.id).execute()
        if documents.right(user, row.number):
            documents.change(user, row.number, title, notes)
        events.publish(user, "set", {"id": row.id, "state": row.state})
        return get(user, number)


def _follow(document: Any) -> None:
    """A set's document changed, wherever: the set is called as it is."""
    here = _mine(document.owner_id) & (BoxSet.number == document.id)
    if document.title:
        BoxSet.update(title=document.title).where(here & (BoxSet.title != document.title)).execute()


def delete(user: str, number: str) -> None:
    """Delete a finished set with its recording. NotFound; Conflict while it is played."""
    with database.atomic():
        row = find(user, number)
        if row.state == "playing":
            raise Conflict("this set is being played; delete it when it is over")
        _drop(row)
        if documents.right(user, row.number):
            documents.delete(user, row.number)
        audit.record("set.deleted", user, number)
        events.publish(user, "set", {"id": row.id, "state": "deleted"})


def _drop(row: BoxSet) -> None:
    awaited = [getattr(row, f"{name}_hash") for name in FILES if not getattr(row, f"{name}_file")]
    offers.forgo(row.owner_id, row.box, [digest for digest in awaited if digest], "its set was deleted")
    kept = [getattr(row, f"{name}_file") for name in FILES]
    BoxSet.delete().where(BoxSet.id == row.id).execute()
    for file in kept:
        if file:
            files.drop_unused(file, though_shown=True)


def attach(
    owner: str, box: str, number: str, name: str, digest: str, file: str, facts: dict[str, Any] | None = None
) -> bool:
    """A file of a set came from its box and is stored: in the caller's transaction. False when no set has it.

    name: `recording` or `log`. number: the set's on the box. digest: SHA-256, hexadecimal. facts: what the probe told,
    which says how loud the set is where the box could not.
    """
    if name not in FILES:
        raise ValueError(f"a set has no {name}")
    here = _mine(owner) & (BoxSet.box == box) & (BoxSet.number == number)
    wanted = here & (getattr(BoxSet, f"{name}_hash") == digest)
    if not BoxSet.update(**{f"{name}_file": file, "changed": now()}).where(wanted).execute():
        return False
    measured = (facts or {}).get("loudness") or {}
    for column, value in ((BoxSet.loudness, measured.get("integrated")), (BoxSet.peak, measured.get("true_peak"))):
        BoxSet.update({column: value}).where(here & column.is_null()).execute()
    row = BoxSet.get(here)
    events.publish(owner, "set", {"id": row.id, "state": row.state})
    return True


@files.keeps
def uses(file: str) -> bool:
    """Whether a set has this file."""
    return bool(BoxSet.select().where((BoxSet.recording_file == file) | (BoxSet.log_file == file)).exists())


def plays(
    user: str, box: str = "", track: str = "", since: int = 0, until: int = 0, after: str = "", limit: int = 50
) -> tuple[list[dict[str, Any]], str]:
    """A page of what was heard on a user's boxes, newest first, and the next cursor. since, until: ms, by the box."""
    query = Play.select().where(Play.owner == user)
    for field, wanted in ((Play.box, box), (Play.track, track)):
        if wanted:
            query = query.where(field == wanted)
    if since:
        query = query.where(Play.started >= since)
    if until:
        query = query.where(Play.started < until)
    rows, following = paging.by(query, {Play.started: int, Play.id: int}, after, limit, descending=True)
    return [{name: getattr(row, name) for name in _PLAYED} for row in rows], following


def exported_sets(user: str) -> Iterator[dict[str, Any]]:
    """All sets with their tracklists."""
    for row in BoxSet.select().where(_mine(user)).order_by(BoxSet.id).iterator():
        yield get(user, row.id)


def exported_plays(user: str) -> Iterator[dict[str, Any]]:
    """All plays."""
    for row in Play.select().where(Play.owner == user).order_by(Play.id).iterator():
        yield {name: getattr(row, name) for name in _PLAYED}


def erase(user: str) -> None:
    """Drop the sets and plays of somebody."""
    for row in list(BoxSet.select().where(_mine(user))):
        with database.atomic():
            _drop(row)
    Play.delete().where(Play.owner == user).execute()
