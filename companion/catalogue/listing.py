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
    "version",
    "created",
    "changed",
)
COLUMNS = [getattr(Track, name) for name in ROW]
# name of a sort: (columns, kinds of their values)
SORTS: dict[str, tuple[tuple[Any, ...], tuple[type, ...]]] = {
    "added": ((Track.id,), (str,)),
    "changed": ((Track.changed, Track.id), (int, str)),
    "title": ((Track.title_sort, Track.id), (str, str)),
    "artist": ((Track.artist_sort, Track.id), (str, str)),
    "album": ((Track.album_sort, Track.id), (str, str)),
    "year": ((Track.year, Track.id), (int, str)),
    "length": ((Track.seconds, Track.id), (float, str)),
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
    sort = asked.sort or "-added"
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    columns, kinds = SORTS[name]
    last = paging.decode(asked.after, kinds)
    names = tuple(name for name, _ in asked.filters)
    compiled = _sorted(name, descending, bool(query), last is not None, names, asked.shared, asked.bin)
    values = dict(asked.filters)
    given = [values.get(name, "") for name in FILTERS]
    first, second = (*(last or ()), "", "")[:2]
    fields = [column.name for column in columns]
    rows = list(compiled.run(user, query, first, second, *given, asked.limit + 1))
    width = len(ROW)
    # the sort's own values come behind the row's
    shown, following = paging.page(rows, asked.limit, lambda row: row[width : width + len(fields)])
    return [dict(zip(ROW, row, strict=False)) for row in shown], following


def _best(user: str, asked: Asked, query: str) -> tuple[list[dict[str, Any]], str]:
    """The best hits first. Ranks move as tracks change, so the cursor is a place in the list."""
    last = paging.decode(asked.after, (int,))
    skip = min(max(last[0], 0), search.MOST) if last else 0
    names = tuple(name for name, _ in asked.filters)
    compiled = _ranked(names, asked.shared, asked.bin)
    values = dict(asked.filters)
    given = [values.get(name, "") for name in FILTERS]
    narrow = bool(names) or asked.shared or asked.bin
    most = search.MOST if narrow else min(skip + asked.limit + 1 + _SLACK, search.MOST)
    rows = list(compiled.run(user, query, most, *given, asked.limit + 1, skip))
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
    name: str, descending: bool, searched: bool, started: bool, names: tuple[str, ...], shared: bool, binned: bool
) -> Compiled:
    columns = SORTS[name][0]

    def build(
        user: Any,
        query: Any,
        first: Any,
        second: Any,
        genre: Any,
        album: Any,
        artist: Any,
        year: Any,
        slowest: Any,
        fastest: Any,
        limit: Any,
    ) -> Any:
        marks = dict(zip(FILTERS, (genre, album, artist, year, slowest, fastest), strict=True))
        where = _where(names, marks, user, shared, binned)
        if searched:
            where &= peewee.Expression(Track.id, "IN", search.matching(query))
        if started:
            here, there = (
                (columns[0], first) if len(columns) == 1 else (peewee.Tuple(*columns), peewee.Tuple(first, second))
            )
            where &= (here < there) if descending else (here > there)
        order = [column.desc() if descending else column.asc() for column in columns]
        return Track.select(*COLUMNS, *columns).where(where).order_by(*order).limit(limit)

    return Compiled(build)


@cache
def _ranked(names: tuple[str, ...], shared: bool, binned: bool) -> Compiled:
    def build(
        user: Any,
        query: Any,
        most: Any,
        genre: Any,
        album: Any,
        artist: Any,
        year: Any,
        slowest: Any,
        fastest: Any,
        limit: Any,
        skip: Any,
    ) -> Any:
        marks = dict(zip(FILTERS, (genre, album, artist, year, slowest, fastest), strict=True))
        where = _where(names, marks, user, shared, binned)
        within = Track.select(Track.id).where(where) if names or shared or binned else None
        hit = peewee.NodeList((search.ranked(query, most, within),))
        joined = Track.select(*COLUMNS).from_(hit, Track)
        where &= peewee.Expression(Track.id, "=", peewee.SQL("hit.track"))
        return joined.where(where).order_by(peewee.SQL("hit.rank"), Track.id).limit(limit).offset(skip)

    return Compiled(build)


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
