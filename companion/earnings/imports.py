"""Earnings from a CSV file: all of it or nothing, and nothing twice."""

import csv
import hashlib
import io
import json
from collections import Counter
from dataclasses import astuple, replace
from typing import Any

from companion.database import database
from companion.earnings import money, service
from companion.earnings.service import Item
from companion.errors import Invalid, Problem

MOST_ROWS = 5000
COLUMNS = ("day", "source", "title", "amount", "currency", "release", "note", "key")
NEEDED = COLUMNS[:5]
MOST_ERRORS = 20
_LONGEST = {"title": 120, "note": 500, "key": 60}
# as the page calls them
_NAMES = {"kind": "source", "what for": "title"}
_SOURCES = {"gigs": "gig", "stores": "store", "streaming": "stream", "merch": "merchandise"}


def read(owner: str, text: str, dry: bool = False) -> dict[str, Any]:
    """Post what a CSV file says. Returns how many entries are new, how many were posted before, and what all add up to.

    The first row names the columns: day, source, title, amount, currency, and if wanted release, note, key. A row
    without a key is known again by what it says, and by how many such rows came before it in the file. dry: only say
    what would be. Invalid, with the lines, when a row cannot be posted: then none is.
    """
    rows = _rows(text)
    seen: Counter[str] = Counter()
    point = not any(money.by_comma(row["amount"]) for _, row in rows)  # a file is written in one way
    items, lines, wrong = [], [], {}
    for line, row in rows:
        try:
            items.append(_item(row, seen, point))
            lines.append(line)
        except Problem as exc:
            wrong[line] = exc.detail
    wrong |= {lines[at]: why for at, why in service.faults(owner, items)}
    if wrong:
        errors = [{"where": "csv", "field": f"line {line}", "error": wrong[line]} for line in sorted(wrong)]
        raise Invalid(f"{errors[0]['field']}: {errors[0]['error']}", errors=errors[:MOST_ERRORS])
    with database.atomic():
        known = service.posted_before(owner, [item.key for item in items])
        if not dry:
            service.posted(owner, items)
    new = len({item.key for item in items}) - len(known)
    sums: Counter[str] = Counter()
    for item in items:
        sums[item.currency] += item.amount
    read_as = [{"currency": currency, "amount": amount} for currency, amount in sorted(sums.items())]
    return {"posted": new, "known": len(items) - new, "sums": read_as}


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    """(line, columns by name) of each row. Invalid when it is no such file."""
    sample = text.lstrip("\ufeff")
    head = sample.partition("\n")[0]
    mark = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=mark, strict=True)
    try:
        said = [name.strip().lower() for name in next(reader, [])]
        names = [_NAMES.get(name, name) for name in said]
        _check_head(names)
        found = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise Invalid(f"line {reader.line_num}: it has {len(cells)} columns, not {len(names)}")
            found.append((reader.line_num, dict(zip(names, map(str.strip, cells), strict=True))))
            if len(found) > MOST_ROWS:
                raise Invalid(f"a file has {MOST_ROWS} rows at most; divide it")
    except csv.Error as exc:
        raise Invalid(f"line {reader.line_num}: {exc}") from exc
    return found


def _check_head(names: list[str]) -> None:
    """Invalid, with what is missing and what is unknown, unless these are columns of such a file."""
    missing = [name for name in NEEDED if name not in names]
    strange = [f'"{name[:30]}"' for name in names if name not in COLUMNS]
    twice = [name for name, count in Counter(names).items() if count > 1 and name in COLUMNS]
    wrong = [
        f"{what} {', '.join(which[:8])}"
        for what, which in (("there is no", missing), ("unknown is", strange), ("there are two of", twice))
        if which
    ]
    if wrong:
        raise Invalid(
            f"the first row names the columns, and in it {'; '.join(wrong)}. They are {', '.join(NEEDED)}, and if "
            "wanted release, note, key"
        )


def _item(row: dict[str, str], seen: Counter[str], point: bool) -> Item:
    for name, most in _LONGEST.items():
        if len(row.get(name, "")) > most:
            raise Invalid(f"{name} has more than {most} characters")
    amount, currency = money.micros(row["amount"], point), row["currency"].upper()
    money.check(amount, currency)
    source = row["source"].lower()
    source = _SOURCES.get(source, source)
    made = Item(source, row["title"], amount, currency, row["day"], row.get("release", ""), row.get("note", ""))
    if row.get("key"):
        key = f"csv:{row['key']}"
    else:
        said = json.dumps(list(astuple(made)))
        digest = hashlib.sha256(said.encode()).hexdigest()[:40]
        seen[digest] += 1
        key = f"csv-row:{digest}:{seen[digest]}"
    return replace(made, key=key)
