"""The index of words: FTS5 on SQLite, tsvector with GIN on PostgreSQL, asked and answered alike.

The owner is a word of the index too, so a search never touches others' tracks, however many there are.
"""

from collections.abc import Iterable
from typing import Any

import peewee

from companion import folding
from companion.database import database

MOST_WORDS = 12
MOST = 1000  # ranked hits; who wants more of them sorts or filters
CANDIDATES = 1000  # PostgreSQL ranks so many; of more hits any, as a word that is everywhere says little
_WEIGHTS = (0.0, 0.0, 10.0, 6.0, 3.0, 1.0)  # track, owner, title, artist, album, the rest
_PG_WEIGHTS = "{0.1, 0.3, 0.6, 1.0}"  # D to A


def on_sqlite() -> bool:
    """Which of the two it is."""
    return isinstance(database.obj, peewee.SqliteDatabase)


def put(track: str, owner: str, title: str, artist: str, album: str, rest: str) -> None:
    """Index a track anew, in the caller's transaction."""
    drop(track)
    put_many([(track, owner, title, artist, album, rest)])


def put_many(rows: Iterable[tuple[str, str, str, str, str, str]]) -> None:
    """Index tracks that are not in the index: (track, owner, title, artist, album, the rest)."""
    folded = [(track, owner, *(" ".join(folding.words(one)) for one in texts)) for track, owner, *texts in rows]
    if on_sqlite():
        database.cursor().executemany("INSERT INTO track_search VALUES (?, ?, ?, ?, ?, ?)", folded)
        return
    database.cursor().executemany(
        "INSERT INTO track_search VALUES (%s, %s::tsvector)",
        [(track, _vector(owner, texts)) for track, owner, *texts in folded],
    )


def _vector(owner: str, texts: list[str]) -> str:
    """A tsvector as PostgreSQL reads it: our own words, none of its parser's; weights A to D for the four texts."""
    said = [f"'{word}':{{}}{weight}" for weight, one in zip("ABCD", texts, strict=True) for word in one.split()]
    return " ".join([f"'{_owner_word(owner)}'", *(word.format(place) for place, word in enumerate(said, 1))])


def drop(track: str) -> None:
    """Take a track out of the index."""
    if on_sqlite():
        database.execute_sql("DELETE FROM track_search WHERE track_search MATCH ?", (f'track : "{track}"',))
    else:
        database.execute_sql("DELETE FROM track_search WHERE track = %s", (track,))


def _owner_word(owner: str) -> str:
    """No word of a text begins so."""
    return f"@{owner}"


def asked(typed: str, owner: str = "") -> str:
    """What a person typed, as the database asks for it: all words, each by its beginning; empty without any.

    owner: whose tracks; empty is everybody's, for a caller that filters them itself.
    """
    found = folding.words(typed)[:MOST_WORDS]
    if not found:
        return ""
    if on_sqlite():
        own = f'owner : "{owner}" AND ' if owner else ""
        return own + "{title artist album rest} : (" + " AND ".join(f'"{word}" *' for word in found) + ")"
    own = f"'{_owner_word(owner)}' & " if owner else ""
    return own + " & ".join(f"'{word}':*" for word in found)


def matching(query: Any) -> Any:
    """A subquery of the ids of all that match."""
    if on_sqlite():
        return peewee.NodeList((peewee.SQL("(SELECT track FROM track_search WHERE track_search MATCH"), query, _END))
    start = peewee.SQL("(SELECT track FROM track_search WHERE words @@ CAST(")
    return peewee.NodeList((start, query, peewee.SQL("AS tsquery))")))


_END = peewee.SQL(")")


def ranked(query: Any, most: Any, within: Any = None) -> Any:
    """A table (track, rank) of the best hits, best first; a lower rank is better.

    within: a query for the ids of the tracks that count, asked before the hits are cut to so many; None is all.
    """
    end = () if within is None else (peewee.Expression(peewee.SQL("AND track"), "IN", within, flat=True),)
    if on_sqlite():
        weights = ", ".join(map(str, _WEIGHTS))
        parts = (
            peewee.SQL(f"(SELECT track, bm25(track_search, {weights}) AS rank FROM track_search"),
            peewee.SQL("WHERE track_search MATCH"),
            query,
            *end,
            peewee.SQL("ORDER BY rank LIMIT"),
            most,
            peewee.SQL(") AS hit"),
        )
    else:
        parts = (
            peewee.SQL(f"(SELECT track, -ts_rank('{_PG_WEIGHTS}', words, asked) AS rank FROM"),
            peewee.SQL("(SELECT track, words, asked FROM track_search, CAST("),
            query,
            peewee.SQL("AS tsquery) AS asked WHERE words @@ asked"),
            *end,
            peewee.SQL(f"LIMIT {CANDIDATES}) AS found ORDER BY rank, track LIMIT"),
            most,
            peewee.SQL(") AS hit"),
        )
    return peewee.NodeList(parts)
