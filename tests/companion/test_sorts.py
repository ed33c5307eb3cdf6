"""Lists in the order that was asked for, page by page, on both databases."""

import pytest

from companion.accounts import stewardship
from companion.catalogue.models import Track
from companion.database import connection
from companion.notices import service as notices

KNOWN = {
    "tempo": [174.0, 90.5, 128.0, 128.0],
    "key": ["Gm", "A", "F#m", "F#m"],
    "loudness": [-8.5, -23.0, -14.2, -14.2],
    "length": [301.0, 12.5, 240.0, 240.0],
    "year": [2024, 1973, 1999, 1999],
    "album": ["zebra", "apple", "boat", "boat"],
}
FIELDS = {"length": "seconds", "album": "album_sort"}


def pages(person, address, limit=2, after=""):
    """Every row of a list, from behind `after` on, fetched by pages."""
    rows = []
    while True:
        answer = person.get(f"{address}&limit={limit}&after={after}")
        assert answer.status_code == 200, answer.json
        rows += answer.json["items"]
        after = answer.json["next"]
        if not after:
            return rows


@pytest.mark.parametrize("sort", KNOWN)
def test_tracks_without_a_value_come_last_both_ways(app, mira, sort):
    with connection():
        for number, value in enumerate([None, KNOWN[sort][0], None, *KNOWN[sort][1:], None]):
            fields = {} if value is None else {FIELDS.get(sort, sort): value}
            Track.create(owner=mira.id, title=f"T{number}", title_sort=f"t{number}", **fields)
    up = [row["title"] for row in pages(mira, f"/tracks?sort={sort}")]
    down = [row["title"] for row in pages(mira, f"/tracks?sort=-{sort}")]
    assert up == ["T3", "T4", "T5", "T1", "T0", "T2", "T6"]
    assert down == ["T1", "T5", "T4", "T3", "T6", "T2", "T0"]
    assert up == [row["title"] for row in pages(mira, f"/tracks?sort={sort}", 4)]


def test_a_page_goes_on_where_it_was_when_tracks_come_and_go_between(app, mira):
    with connection():
        made = [
            Track.create(owner=mira.id, title=f"T{tempo}", title_sort="t", tempo=tempo or None)
            for tempo in (100, 110, 120, 0, 0)
        ]
        first = mira.get("/tracks?sort=tempo&limit=2").json
        made[1].delete_instance()
        Track.create(owner=mira.id, title="T105", title_sort="t", tempo=105.0)
    assert [row["title"] for row in first["items"]] == ["T100", "T110"]
    assert [row["title"] for row in pages(mira, "/tracks?sort=tempo", 1, first["next"])] == ["T120", "T0", "T0"]


def test_accounts_are_found_and_sorted_for_who_administers(app, admin, mira, noor):
    def named(query):
        return [row["name"] for row in pages(admin, f"/admin/users?{query}", 1)]

    assert named("sort=name") == ["Ada", "Mira", "Noor"]
    assert named("sort=-name") == ["Noor", "Mira", "Ada"]
    assert named("sort=email") == ["Ada", "Mira", "Noor"]
    assert named("sort=added") == ["Ada", "Mira", "Noor"]
    assert named("search=O&sort=-name") == ["Noor", "Mira", "Ada"], "every address has an o"
    assert named("search=oor") == ["Noor"]
    assert set(stewardship.SORTS) == {"added", "name", "email"}
    assert admin.get("/admin/users?sort=password").status_code == 422


def test_notices_are_found_by_what_they_say_and_sorted(app, mira):
    with connection():
        for who in ("Noor", "Zoë", "Noor"):
            notices.tell(mira.id, "project.joined", {"who": who, "title": "Boat", "project": "p"})
    ids = [row["id"] for row in pages(mira, "/notices?sort=added", 1)]
    assert ids == [row["id"] for row in pages(mira, "/notices?sort=-added", 1)][::-1]
    assert len(ids) == 3
    assert [row["id"] for row in pages(mira, "/notices?search=zoe", 1)] == [ids[1]]
    assert [row["id"] for row in pages(mira, "/notices?search=NOOR+works&sort=added", 1)] == [ids[0], ids[2]]
    assert pages(mira, "/notices?search=absent") == []
