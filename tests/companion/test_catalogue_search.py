"""Lists of tracks: search, order, filters, and pages without gaps."""

import sqlite3

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from companion import folding
from companion.catalogue import listing, search
from companion.database import connection
from companion.projects.models import Member
from tests.companion.tracks import made, titles


def test_search_finds_words_by_their_beginning_whatever_the_accents(mira, noor):
    made(mira.id, "Żółta Łódź", album="Café del Mar", genre="Ambient")
    made(mira.id, "Straße nach Süden", notes="for the night drive")
    made(mira.id, "東京の夜", label="Ki/oon")
    made(noor.id, "Żółta Łódź too")
    made(mira.id, "long", notes="𝕫" * 2000)
    for query, count in {
        "zolta": 1,
        "ŁÓD": 1,
        "cafe mar": 1,
        "strasse": 1,
        "sud nacht": 0,
        "sud nach": 1,
        "night": 1,
        "東京": 1,
        "夜": 1,
        "oon": 1,
        "amb": 1,
        "too": 0,
        "o": 1,
        "@": 0,
        "nothing": 0,
    }.items():
        assert len(titles(mira, f"q={query}")) == count, query
        assert len(titles(mira, f"q={query}&sort=title")) == count, query


def test_a_hit_in_the_title_comes_before_one_in_the_notes(mira):
    made(mira.id, "Something else", notes="a water sound")
    made(mira.id, "Water")
    made(mira.id, "Elsewhere", album="Water")
    assert titles(mira, "q=water") == ["Water", "Elsewhere", "Something else"]


@given(query=st.text(max_size=40))
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_no_language_of_the_database(app, mira, query):
    with connection():
        for sort in ("", "title"):
            rows, _ = listing.tracks(mira.id, listing.Asked(words=query, sort=sort))
            assert rows == []


@pytest.mark.parametrize(
    "query", ["a' OR 1=1 --", 'title:"x" OR owner:*', "NEAR(a b)", "a & b | !c", "'", '"', "*", "\\", "%"]
)
def test_signs_that_mean_something_to_a_database_are_only_signs(app, mira, noor, query):
    made(noor.id, "a b c owner x")
    assert titles(mira, f"q={query.replace('&', '%26').replace('%', '%25') if query != '%' else '%25'}") == []


def test_lists_are_sorted_and_paged_without_gaps_or_repeats(app, mira):
    names = ["Ärger", "apple", "Zebra", "Banana", "äpfel", "zebra", "Über", "apple"]
    for number, name in enumerate(names):
        made(mira.id, name, year=2000 + number % 3, seconds=float(number % 4), artist_sort=str(number % 2))
    for sort in ("added", "changed", "title", "artist", "album", "year", "length"):
        for sign in ("", "-"):
            seen, after = [], ""
            while True:
                page = mira.get(f"/tracks?sort={sign}{sort}&limit=3&after={after}").json
                seen += [row["id"] for row in page["items"]]
                after = page["next"]
                if not after:
                    break
            assert len(seen) == len(set(seen)) == len(names)
            whole = [row["id"] for row in mira.get(f"/tracks?sort={sign}{sort}").json["items"]]
            assert seen == whole
    assert titles(mira, "sort=title") == ["äpfel", "apple", "apple", "Ärger", "Banana", "Über", "Zebra", "zebra"]
    assert mira.get("/tracks?sort=year&after=abc").status_code == 422
    other = mira.get("/tracks?sort=title&limit=1").json["next"]
    assert mira.get(f"/tracks?sort=year&after={other}").status_code == 422
    assert mira.get("/tracks?sort=owner").status_code == 422


def test_best_hits_come_in_pages_too(app, mira):
    for number in range(7):
        made(mira.id, f"Water {number}")
    seen, after = [], ""
    for _ in range(3):
        page = mira.get(f"/tracks?q=water&limit=3&after={after}").json
        seen += [row["title"] for row in page["items"]]
        after = page["next"]
    assert after == ""
    assert sorted(seen) == [f"Water {number}" for number in range(7)]


def test_a_filter_or_a_share_finds_hits_that_lie_behind_more_of_others(app, mira, noor, monkeypatch):
    monkeypatch.setattr(search, "CANDIDATES", 2)
    monkeypatch.setattr(search, "MOST", 2)
    listing._ranked.cache_clear()
    for number in range(5):
        made(mira.id, f"Water {number}", genre="Dub")
    wanted = made(mira.id, "Elsewhere", genre="House", notes="water")
    assert titles(mira, "q=water&genre=House") == ["Elsewhere"]
    project = mira.post("/projects", {"title": "Both"}).json["id"]
    with connection():
        Member.create(project=project, user=noor.id, role=1)
    mira.post(f"/projects/{project}/items", {"kind": "track", "subject": str(wanted)})
    assert titles(noor, "q=water&shared=true") == ["Elsewhere"]
    listing._ranked.cache_clear()


def test_filters_narrow_a_list_and_facets_say_to_what(app, mira):
    made(mira.id, "One", genre="Dub", year=2020, tempo=120.0, album="A")
    made(mira.id, "Two", genre="Dub", year=2021, tempo=128.0, album="B")
    made(mira.id, "Three", genre="House", year=2021, album="B")
    assert titles(mira, "genre=Dub&sort=title") == ["One", "Two"]
    assert titles(mira, "year=2021&album=B&sort=title") == ["Three", "Two"]
    assert titles(mira, "slowest=125&fastest=130") == ["Two"]
    assert titles(mira, "q=o&genre=Dub&sort=title") == ["One"]
    assert titles(mira, "q=t&genre=Dub") == ["Two"]
    facets = mira.get("/tracks/facets").json
    assert facets["genres"] == [{"name": "Dub", "count": 2}, {"name": "House", "count": 1}]
    assert [row["name"] for row in facets["years"]] == ["2021", "2020"]


def test_several_tracks_are_asked_for_by_their_ids_and_what_is_not_to_be_seen_is_left_out(app, mira, noor):
    first, second, binned = (made(mira.id, name) for name in ("One", "Two", "Gone"))
    foreign = made(noor.id, "Noor's")
    assert mira.delete(f"/tracks/{binned}").status_code == 204
    found = mira.get(f"/tracks/several?ids={first},{foreign},{binned},x,,{second}").json
    assert sorted((row["title"], row["own"]) for row in found) == [("One", True), ("Two", True)]
    assert mira.get("/tracks/several?ids=").json == []


@given(st.text(max_size=80), st.text(max_size=80))
def test_folding_is_stable_and_words_are_what_the_index_can_hold(one, two):
    assert folding.folded(folding.folded(one)) == folding.folded(one)
    assert folding.words(one) == folding.words(" ".join(folding.words(one)))
    assert not any(set(word) & set(" '\"*&|!():<>\\%_") for word in folding.words(one + two))


def test_the_index_of_sqlite_takes_all_words_whole():
    index = sqlite3.connect(":memory:")
    index.execute("CREATE VIRTUAL TABLE t USING fts5(w, tokenize = 'unicode61 remove_diacritics 0')")
    said = folding.words("naïve Façade über 東京 हिन्दी ½ 2024 İstanbul Ørsted x_y")
    index.execute("INSERT INTO t VALUES (?)", (" ".join(said),))
    for word in said:
        assert index.execute("SELECT count(*) FROM t WHERE t MATCH ?", (f'"{word}"',)).fetchone() == (1,), word
    index.close()
