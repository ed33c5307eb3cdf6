"""Libraries of tracks without sound, for who measures lists and searches."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from companion import folding
from companion.catalogue import search
from companion.catalogue.models import Track
from companion.database import database, new_id, now

_GENRES = ("House", "Techno", "Dub", "Ambient", "Jungle", "Soul")
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Made-up words, which are as frequent as words are: the one at n about 1/n of the first."""

    words: list[str]
    _shares: list[float]

    @classmethod
    def of(cls, count: int, chance: random.Random) -> "Vocabulary":
        """So many words of three to nine letters."""
        words = ["".join(chance.choices("aeioubcdfgklmnprstvz", k=chance.randint(3, 9))) for _ in range(count)]
        return cls(words, list(itertools.accumulate((place + 1) ** -0.9 for place in range(count))))

    def some(self, chance: random.Random, count: int) -> str:
        """Some of them, as a title is written."""
        return " ".join(chance.choices(self.words, cum_weights=self._shares, k=count)).title()


def fill(owners: list[str], count: int, vocabulary: Vocabulary, chance: random.Random) -> Iterator[int]:
    """Write tracks of these owners, who take turns; yields how many there are so far."""
    artists = [vocabulary.some(chance, 2) for _ in range(max(10, count // 40))]
    turns = itertools.cycle(owners)
    for begin in range(0, count, _AT_ONCE):
        rows = [
            _track(next(turns), chance.choice(artists), vocabulary, chance) for _ in range(min(_AT_ONCE, count - begin))
        ]
        with database.atomic():
            _insert(rows)
            search.put_many(
                (row["id"], row["owner"], row["title"], row["artist"], row["album"], f"{row['genre']} {row['year']}")
                for row in rows
            )
        yield begin + len(rows)


def _insert(rows: list[dict[str, Any]]) -> None:
    """One statement for all; `insert_many` would write each of the values into its text, which takes ten times that."""
    whole = [Track(**row).__data__ for row in rows]  # with what is there by default
    columns = ", ".join(f'"{Track._meta.fields[name].column_name}"' for name in whole[0])
    marks = ", ".join([database.param] * len(whole[0]))
    database.cursor().executemany(
        f"INSERT INTO track ({columns}) VALUES ({marks})", [tuple(row.values()) for row in whole]
    )


def _track(owner: str, artist: str, vocabulary: Vocabulary, chance: random.Random) -> dict[str, Any]:
    title, album = vocabulary.some(chance, chance.randint(1, 4)), vocabulary.some(chance, 2)
    return {
        "id": new_id(), "owner": owner, "title": title, "artist": artist, "album": album,
        "title_sort": folding.sort_key(title), "artist_sort": folding.sort_key(artist),
        "album_sort": folding.sort_key(album), "year": chance.randint(1970, 2026), "genre": chance.choice(_GENRES),
        "tempo": chance.uniform(60, 180), "seconds": chance.uniform(60, 600), "created": now(), "changed": now(),
    }  # fmt: skip
