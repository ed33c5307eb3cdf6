"""A year's earnings by month, kind and release, and all entries as a CSV file."""

import csv
import datetime
import io
from typing import Any
from zoneinfo import ZoneInfo

import peewee

from companion.earnings import money, service
from companion.earnings.models import EarningsEntry, EarningsSum
from companion.releases import service as releases

COLUMNS = ("day", "source", "title", "amount", "currency", "release", "note", "reverses", "id")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate


def year(owner: str, wanted: int = 0) -> dict[str, Any]:
    """What each month of a year brought, by currency, source and release; and in which years anything was earned.

    wanted: the year, or 0 for this one in the owner's time zone.
    """
    this = datetime.datetime.now(ZoneInfo(service.settings(owner)["zone"])).year
    shown = wanted or this
    month_of = peewee.fn.SUBSTR(EarningsSum.day, 1, 7).alias("month")
    place = (EarningsSum.currency, peewee.SQL("month"), EarningsSum.source, EarningsSum.release)
    query: Any = (
        EarningsSum.select(
            place[0], month_of, *place[2:], peewee.fn.SUM(EarningsSum.amount), peewee.fn.SUM(EarningsSum.count)
        )
        .where((EarningsSum.owner == owner) & EarningsSum.day.startswith(f"{shown:04}-"))
        .group_by(*place)
        .order_by(*place)
        .tuples()
    )
    rows = list(query)
    titles = releases.titles(owner, {row[3] for row in rows if row[3]})
    begins = peewee.fn.SUBSTR(EarningsSum.day, 1, 4)
    years: Any = EarningsSum.select(begins).where(EarningsSum.owner == owner).distinct().tuples()
    return {
        "year": shown,
        "years": sorted({int(one) for (one,) in years} | {this}, reverse=True),
        "rows": [
            {
                "currency": currency, "month": int(month[5:]), "source": source, "release": release,
                "title": titles.get(release, ""), "amount": int(amount), "count": int(count),
            }
            for currency, month, source, release, amount, count in rows
        ],
    }  # fmt: skip


def exported(owner: str) -> str:
    """All entries as CSV, the earliest day first; amounts as decimal numbers."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    query = EarningsEntry.select().where(EarningsEntry.owner == owner).order_by(EarningsEntry.day, EarningsEntry.id)
    for row in query.iterator():
        writer.writerow(
            (
                row.day, row.source, _text(row.title), money.shown(row.amount), row.currency, row.release,
                _text(row.note), row.reverses_id or "", row.id,
            )
        )  # fmt: skip
    return out.getvalue()


def _text(said: str) -> str:
    return f"'{said}" if said.startswith(_FORMULA) else said
