"""A year of earnings by month, kind and release; entries as a file to take along."""

import csv
import io

from tests.companion.test_earnings import EURO, body, day


def test_a_year_is_told_by_month_source_and_currency_and_currencies_are_kept_apart(mira, noor):
    mira.post("/earnings/entries", body(day="2024-03-05"))
    mira.post("/earnings/entries", body(day="2024-03-31", amount=20 * EURO))
    mira.post("/earnings/entries", body(day="2024-12-31", source="store", currency="USD", amount=7))
    mira.post("/earnings/entries", body(day="2023-12-31"))
    told = mira.get("/earnings/sums?year=2024").json
    assert [(row["currency"], row["month"], row["source"], row["amount"], row["count"]) for row in told["rows"]] == [
        ("EUR", 3, "gig", 120 * EURO, 2),
        ("USD", 12, "store", 7, 1),
    ]
    assert {2023, 2024, int(day()[:4])} == set(told["years"])
    assert mira.get("/earnings/sums").json["year"] == int(day()[:4])
    assert noor.get("/earnings/sums?year=2024").json["rows"] == []


def test_all_entries_are_exported_exactly_and_no_spreadsheet_calculates_them(mira):
    made = mira.post("/earnings/entries", body(day="2024-03-05", amount=1_234_567, title="=1+1", note='"so"')).json
    mira.post(f"/earnings/entries/{made['id']}/reversal", {"note": "-2"})
    answer = mira.get("/earnings/export")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["amount"], row["title"], row["note"], row["reverses"]) for row in rows] == [
        ("1.234567", "'=1+1", '"so"', ""),
        ("-1.234567", "'=1+1", "'-2", made["id"]),
    ]


def test_every_row_of_a_file_that_cannot_be_taken_is_told_with_its_line(mira):
    rows = ("day,source,title,amount,currency", "2024-01-01,gig,A,1.00,EUR", "2024-01-01,theft,B,1.00,EUR",
            "2024-01-01,gig,C,lots,EUR", "9999-01-01,gig,D,1.00,EUR")  # fmt: skip
    for dry in (True, False):
        answer = mira.post("/earnings/imports", {"csv": "\n".join(rows), "dry": dry})
        assert answer.status_code == 422
        assert [row["field"] for row in answer.json["errors"]] == ["line 3", "line 4", "line 5"]
    assert mira.get("/earnings/entries").json["items"] == []
