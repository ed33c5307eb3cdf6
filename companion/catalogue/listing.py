"""Lists of tracks: searched, filtered, sorted, by pages. Each shape of question is compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import peewee

from companion.catalogue import search
from companion.catalogue.models import Credit, Track
from companion.database import Compiled
from companion.projects import items
from companion.uploads.models import StoredFile
from companion.web import paging

ROW = (
    "id",
    "owner",
    "title",
    "artist",
    "album",
    "year",
    "genre",
    "tempo",
    "key",
    "seconds",
    "format",
    "loudness",
    "artwork",
    "recording",
    "hash",
    "version",
    "created",
    "changed",
)
# of the version that is played
_HASH = peewee.fn.COALESCE(StoredFile.select(StoredFile.sha256).where(StoredFile.id == Track.file), "").alias("hash")
COLUMNS = [_HASH if name == "hash" else getattr(Track, name) for name in ROW]
# name of a sort: (column, before the id, and what is less than all its values). What has none of it comes last, in
# both directions: it has NULL or that value. `added` is the id alone.
SORTS: dict[str, tuple[Any, Any]] = {
    "added": (None, None),
    "changed": (Track.changed, 0),
    "title": (Track.title_sort, ""),
    "artist": (Track.artist_sort, ""),
    "album": (Track.album_sort, ""),
    "year": (Track.year, 0),
    "length": (Track.seconds, 0.0),
    "tempo": (Track.tempo, 0.0),
    "key": (Track.key, ""),
    "loudness": (Track.loudness, -1000.0),
}
FILTERS = ("genre", "album", "artist", "year", "slowest", "fastest")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list shows. sort: a name of SORTS, with - for the other way round; empty is best hit or newest first.

    filters: of FILTERS, those that are set (artist by id; slowest, fastest: beats a minute). shared: not one's own
    tracks but those one sees through projects. bin: what was deleted.
    """

    words: str = ""
    sort: str = ""
    filters: tuple[tuple[str, Any], ...] = ()
    shared: bool = False
    bin: bool = False
    after: str = ""
    limit: int = 50


def tracks(user: str, asked: Asked) -> tuple[list[dict[str, Any]], str]:
    """(rows, next). Rows have the names of ROW. Invalid with a cursor of another list."""
    query = search.asked(asked.words, "" if asked.shared else user) if asked.words else ""
    if asked.words and not query:
        return [], ""
    if query and not asked.sort:
        return _best(user, asked, query)
    name = (asked.sort or "-added").removeprefix("-")
    rows = _newest(user, asked, query) if name == "added" else _by(name, user, asked, query)
    # the sort's own value comes behind the row's
    shown, following = paging.page(rows, asked.limit, lambda row: row[len(ROW) :])
    return [dict(zip(ROW, row, strict=False)) for row in shown], following


def _newest(user: str, asked: Asked, query: str) -> list[tuple[Any, ...]]:
    last = paging.decode(asked.after, (str,))
    return _part("added", "all", user, asked, query, last, asked.limit + 1)


def _by(name: str, user: str, asked: Asked, query: str) -> list[tuple[Any, ...]]:
    """First the tracks that have a value, then those that have none, which an index can give one after the other."""
    least = SORTS[name][1]
    last, wanted = paging.decode(asked.after, (type(least), str)), asked.limit + 1
    rows: list[tuple[Any, ...]] = []
    if last is None or last[0] > least:
        rows = _part(name, "known", user, asked, query, last, wanted)
        last = None
    if len(rows) < wanted:
        rest = _part(name, "unknown", user, asked, query, last and last[1:], wanted - len(rows))
        rows += [(*row, least, row[0]) for row in rest]
    return rows


def _part(
    name: str, part: str, user: str, asked: Asked, query: str, last: list[Any] | None, limit: int
) -> list[tuple[Any, ...]]:
    names = tuple(name for name, _ in asked.filters)
    descending = not asked.sort or asked.sort.startswith("-")
    compiled = _sorted(name, part, descending, bool(query), last is not None, names, asked.shared, asked.bin)
    first, second = (*(last or ()), "", "")[:2]
    return list(compiled.run(user, query, first, second, limit, *_given(asked)))


def _given(asked: Asked) -> list[Any]:
    """What each of FILTERS is; one that is not asked for stands nowhere in the query."""
    values = dict(asked.filters)
    return [values.get(name, "") for name in FILTERS]


def _best(user: str, asked: Asked, query: str) -> tuple[list[dict[str, Any]], str]:
    """The best hits first. Ranks move as tracks change, so the cursor is a place in the list."""
    last = paging.decode(asked.after, (int,))
    skip = min(max(last[0], 0), search.MOST) if last else 0
    names = tuple(name for name, _ in asked.filters)
    compiled = _ranked(names, asked.shared, asked.bin)
    narrow = bool(names) or asked.shared or asked.bin
    most = search.MOST if narrow else min(skip + asked.limit + 1 + _SLACK, search.MOST)
    rows = list(compiled.run(user, query, most, asked.limit + 1, skip, *_given(asked)))
    shown = rows[: asked.limit]
    following = paging.encode([skip + asked.limit]) if len(rows) > asked.limit else ""
    return [dict(zip(ROW, row, strict=True)) for row in shown], following


_SLACK = 50  # hits that may be in the bin


def _where(names: tuple[str, ...], marks: Mapping[str, Any], user: Any, shared: bool, binned: bool) -> Any:
    where = Track.deleted.is_null(not binned)
    if shared:
        where &= Track.id.in_(items.shared_with(user, "track")) & (Track.owner != user)
    else:
        where &= Track.owner == user
    for name in names:
        if name == "artist":
            where &= Track.id.in_(Credit.select(Credit.track).where(Credit.artist == marks[name]))
        elif name == "slowest":
            where &= Track.tempo >= marks[name]
        elif name == "fastest":
            where &= Track.tempo <= marks[name]
        else:
            where &= getattr(Track, name) == marks[name]
    return where


@cache
def _sorted(
    name: str,
    part: str,
    descending: bool,
    searched: bool,
    started: bool,
    names: tuple[str, ...],
    shared: bool,
    binned: bool,
) -> Compiled:
    """part: of a sort, the tracks that have a value (`known`) or none (`unknown`, by id); `all`, by id."""
    column, least = SORTS[name]
    columns = (column, Track.id) if part == "known" else (Track.id,)
    behind = () if part == "unknown" else columns

    def build(user: Any, query: Any, first: Any, second: Any, limit: Any, *filters: Any) -> Any:
        marks = dict(zip(FILTERS, filters, strict=True))
        where = _where(names, marks, user, shared, binned)
        if searched:
            where &= peewee.Expression(Track.id, "IN", search.matching(query))
        if part == "known" and (descending or not started):  # else it is behind a row that has a value
            where &= column > least
        elif part == "unknown":
            where &= column.is_null() if column.null else column == least
        last = (first, second)[: len(columns)] if started else None
        found = Track.select(*COLUMNS, *behind).where(where)
        return paging.ordered(found, columns, "-" if descending else "", last).limit(limit)

    return Compiled(build, len(FILTERS))


@cache
def _ranked(names: tuple[str, ...], shared: bool, binned: bool) -> Compiled:
    def build(user: Any, query: Any, most: Any, limit: Any, skip: Any, *filters: Any) -> Any:
        marks = dict(zip(FILTERS, filters, strict=True))
        where = _where(names, marks, user, shared, binned)
        within = Track.select(Track.id).where(where) if names or shared or binned else None
        hit = peewee.NodeList((search.ranked(query, most, within),))
        joined = Track.select(*COLUMNS).from_(hit, Track)
        where &= peewee.Expression(Track.id, "=", peewee.SQL("hit.track"))
        return joined.where(where).order_by(peewee.SQL("hit.rank"), Track.id).limit(limit).offset(skip)

    return Compiled(build, len(FILTERS))


def several(user: str, ids: list[str]) -> list[dict[str, Any]]:
    """Those of these tracks that a user owns or sees through a project, as rows of a list, in no order."""
    seen = (Track.owner == user) | Track.id.in_(items.shared_with(user, "track"))
    found: Any = Track.select(*COLUMNS).where(Track.id.in_(ids) & seen & Track.deleted.is_null())
    return list(found.dicts())


def facets(user: str) -> dict[str, Any]:
    """How many tracks a user has, and of each genre, album and year, the most frequent first."""
    mine = (Track.owner == user) & Track.deleted.is_null()
    count = peewee.fn.COUNT(Track.id)

    def of(column: peewee.Field, empty: Any) -> list[dict[str, Any]]:
        query = Track.select(column, count.alias("count")).where(mine & (column != empty)).group_by(column)
        rows = query.order_by(count.desc(), column).limit(200).dicts()
        return [{"name": str(row[column.name]), "count": row["count"]} for row in rows]  # type: ignore[index]

    return {
        "tracks": Track.select().where(mine).count(),
        "genres": of(Track.genre, ""),
        "albums": of(Track.album, ""),
        "years": of(Track.year, 0),
    }
