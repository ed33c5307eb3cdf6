"""Artists, and their parts in tracks."""

from collections.abc import Iterable
from typing import Any

import peewee

from companion import folding
from companion.catalogue.models import ROLES, Artist, Credit, Track
from companion.database import Compiled, database
from companion.errors import Conflict, Invalid, NotFound
from companion.web import paging

MOST = 50  # of one track
_OF_TRACK = Compiled(
    lambda track: (
        Credit.select(Artist.id, Artist.name, Credit.role)
        .join(Artist)
        .where(Credit.track == track)
        .order_by(Credit.position, Credit.id)
    )
)


def of_track(track: str) -> list[dict[str, str]]:
    """Who made a track, in order: artist (id), name, role."""
    return [{"artist": str(row[0]), "name": str(row[1]), "role": str(row[2])} for row in _OF_TRACK.run(track)]


def put(owner: str, track: str, parts: Iterable[tuple[str, str]]) -> str:
    """Set the credits of a track, (name, role) in order, in the caller's transaction. Returns the artist line."""
    wanted: list[tuple[str, str]] = []
    for name, role in parts:
        clean = " ".join(name.split())[:120]
        if role not in ROLES:
            raise Invalid(f"a role is one of {', '.join(ROLES)}")
        if not clean or not folding.folded(clean):
            raise Invalid("a credit needs a name")
        if (folding.folded(clean), role) not in {(folding.folded(one), other) for one, other in wanted}:
            wanted.append((clean, role))
    if len(wanted) > MOST:
        raise Invalid(f"a track has {MOST} credits at most")
    Credit.delete().where(Credit.track == track).execute()
    for position, (name, role) in enumerate(wanted):
        Credit.create(track=track, artist=_artist(owner, name), role=role, position=position)
    return shown(wanted)


def shown(parts: Iterable[tuple[str, str]]) -> str:
    """Credits in a line: main artists, then featured ones."""
    parts = list(parts)
    main = ", ".join(name for name, role in parts if role == "main")
    featured = ", ".join(name for name, role in parts if role == "featured")
    return (f"{main} feat. {featured}" if main and featured else main or featured)[:300]


def _artist(owner: str, name: str) -> str:
    folded = folding.folded(name)[:120]
    row = Artist.get_or_none((Artist.owner == owner) & (Artist.folded == folded))
    if row is None:
        Artist.insert(owner=owner, name=name, folded=folded).on_conflict_ignore().execute()
        row = Artist.get((Artist.owner == owner) & (Artist.folded == folded))
    return str(row.id)


def listed(owner: str, words: str, after: str, most: int) -> tuple[list[dict[str, Any]], str]:
    """(an owner's artists by name with how many tracks each has, next); those whose name has `words` when given."""
    last = paging.decode(after, (str, str))
    mine = Artist.owner == owner
    for word in folding.words(words):
        mine &= Artist.folded.contains(word)
    if last:
        mine &= peewee.Tuple(Artist.folded, Artist.id) > peewee.Tuple(*last)
    tracks = (
        Credit.select(peewee.fn.COUNT(Credit.track.distinct()))
        .join(Track)
        .where((Credit.artist == Artist.id) & Track.deleted.is_null())
    )
    query = (
        Artist.select(Artist.id, Artist.name, tracks.alias("tracks"), Artist.folded)
        .where(mine)
        .order_by(Artist.folded, Artist.id)
        .limit(most + 1)
    )
    rows, following = paging.page(list(query), most, lambda row: [row.folded, row.id])
    return [{"id": row.id, "name": row.name, "tracks": row.tracks} for row in rows], following


def find(owner: str, artist: str) -> Artist:
    """NotFound when there is none, or it is another's."""
    row = Artist.get_or_none((Artist.id == artist) & (Artist.owner == owner))
    if row is None:
        raise NotFound("there is no such artist")
    return row


def rename(owner: str, artist: str, name: str) -> list[str]:
    """Call an artist something else, in the caller's transaction; returns the tracks that are shown otherwise then.

    Conflict when another of the owner's has that name.
    """
    assert database.in_transaction()
    find(owner, artist)
    clean, folded = " ".join(name.split())[:120], folding.folded(name)[:120]
    if not folded:
        raise Invalid("an artist needs a name")
    if Artist.select().where((Artist.owner == owner) & (Artist.folded == folded) & (Artist.id != artist)).exists():
        raise Conflict("another artist has that name")
    Artist.update(name=clean, folded=folded).where((Artist.id == artist) & (Artist.owner == owner)).execute()
    return [str(row.track_id) for row in Credit.select(Credit.track).where(Credit.artist == artist).distinct()]


def remove(owner: str, artist: str) -> None:
    """Remove an artist. Conflict while a track credits them."""
    with database.atomic():
        find(owner, artist)
        if Credit.select().where(Credit.artist == artist).exists():
            raise Conflict("tracks credit this artist; change them first")
        Artist.delete().where((Artist.id == artist) & (Artist.owner == owner)).execute()
