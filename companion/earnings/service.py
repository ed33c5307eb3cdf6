"""Earnings posted, taken back, and listed. All of it that changes is serialised by the owner's ledger row."""

import datetime
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import peewee

from companion.audit import service as audit
from companion.database import database, new_id, now
from companion.earnings import cards, money
from companion.earnings.models import SOURCES, EarningsEntry, EarningsLedger, EarningsSum
from companion.errors import Conflict, Invalid, NotFound
from companion.releases import service as releases
from companion.web import paging
from device.contracts.earnings import Posted

_SAME = ("source", "title", "note", "amount", "currency", "day", "release")
_SHOWN = ("id", "source", "title", "note", "amount", "currency", "day", "release", "key", "posted")
REVERSAL = "reversal:"  # begins the key of what takes an entry back


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be posted. amount: micro-units; day: ISO date; key: what it stands for, empty for something new."""

    source: str
    title: str
    amount: int
    currency: str
    day: str
    release: str = ""
    note: str = ""
    key: str = ""


def posted(owner: str, items: Sequence[Item], actor: str = "") -> list[dict[str, Any]]:
    """Earnings posted: the entries of these items, in their order. In the caller's transaction, or one of its own.

    An item whose key was posted before is that entry again, and changes nothing; Conflict when it says something else.
    Invalid for what is no money, and for a release that is not the owner's. Cards go to all boxes of the owner.
    """
    with database.atomic():
        ledger = _held(owner)
        check_items(owner, items)
        known = _known(owner, [item.key for item in items if item.key])
        fresh: list[dict[str, Any]] = []
        keys: list[str] = []
        for item in items:
            key = item.key or new_id()
            keys.append(key)
            values = {name: getattr(item, name) for name in _SAME}
            if key in known:
                if any(known[key][name] != value for name, value in values.items()):
                    raise Conflict(f'"{key}" was posted before and said something else; reverse that entry first')
                continue
            known[key] = row = {"id": new_id(), "owner": owner, "key": key, "posted": now(), **values}
            fresh.append(row)
        if fresh:
            _add(ledger, fresh)
            audit.record("earnings.posted", actor or owner, owner, count=len(fresh))
        return [_shown(known[key]) for key in keys]


def reverse(owner: str, number: str, why: str = "") -> dict[str, Any]:
    """Take an entry back by one of the opposite amount, on the same day. NotFound; Conflict when that was done."""
    with database.atomic():
        ledger = _held(owner)
        entry = find(owner, number)
        if entry.reverses_id is not None:
            raise Conflict("this entry takes another back; post that one anew instead")
        if EarningsEntry.select().where(EarningsEntry.reverses == number).exists():
            raise Conflict("this entry was taken back already")
        row = {name: getattr(entry, name) for name in _SAME} | {
            "id": new_id(), "owner": owner, "key": f"{REVERSAL}{number}", "posted": now(), "amount": -entry.amount,
            "note": why, "reverses": number,
        }  # fmt: skip
        _add(ledger, [row])
        audit.record("earnings.reversed", owner, number)
        return _shown(row)


def _held(owner: str) -> EarningsLedger:
    """The owner's ledger, held until the transaction ends; its revision is the next already."""
    mine = EarningsLedger.owner == owner
    if not EarningsLedger.update(revision=EarningsLedger.revision + 1).where(mine).execute():
        EarningsLedger.insert(owner=owner).on_conflict_ignore().execute()
        EarningsLedger.update(revision=EarningsLedger.revision + 1).where(mine).execute()
    found: EarningsLedger = EarningsLedger.get(mine)
    return found


def check_items(owner: str, items: Sequence[Item]) -> None:
    """Invalid for what is no money, and for a release that is not the owner's."""
    for _, fault in faults(owner, items):
        raise Invalid(fault)


def faults(owner: str, items: Sequence[Item]) -> Iterator[tuple[int, str]]:
    """(which, why) of each of the items that cannot be posted."""
    latest = datetime.datetime.now(ZoneInfo(settings(owner)["zone"])).date().isoformat()
    known = releases.titles(owner, {item.release for item in items if item.release})
    for at, item in enumerate(items):
        try:
            _check(item, latest, known)
        except Invalid as exc:
            yield at, exc.detail


def _check(item: Item, latest: str, releases_known: Container[str]) -> None:
    money.check(item.amount, item.currency)
    if item.source not in SOURCES:
        raise Invalid(f"a source is {', '.join(SOURCES[:-1])} or {SOURCES[-1]}")
    if not item.title.strip():
        raise Invalid("say what the money is for")
    if item.key.startswith(REVERSAL):
        raise Invalid(f"a key must not begin with {REVERSAL}")
    if not "1970-01-01" <= _day(item.day) <= latest:
        raise Invalid(f"{item.day} is not a day until today, as in 2026-01-31")
    if item.release and item.release not in releases_known:
        raise Invalid("there is no such release of yours")


def _day(text: str) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat() if len(text) == 10 else ""
    except ValueError:
        return ""


def posted_before(owner: str, keys: Sequence[str]) -> set[str]:
    """Which of these keys were posted."""
    return set(_known(owner, list(keys)))


def _known(owner: str, keys: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(keys), 500):
        query = EarningsEntry.select().where(
            (EarningsEntry.owner == owner) & EarningsEntry.key.in_(keys[start : start + 500])
        )
        found |= {row.key: dict(row.__data__) for row in query}
    return found


def _add(ledger: EarningsLedger, rows: list[dict[str, Any]]) -> None:
    """Write entries and their sums, and tell of it: one act."""
    owner = ledger.owner_id
    sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        one = sums[row["currency"], row["day"], row["source"], row["release"]]
        one[0] += row["amount"]
        one[1] += 1
    full = [row | {"reverses": row.get("reverses")} for row in rows]
    for start in range(0, len(full), 50):
        EarningsEntry.insert_many(full[start : start + 50]).execute()
    for (currency, day, source, release), (amount, count) in sums.items():
        place = {"owner": owner, "currency": currency, "day": day, "source": source, "release": release}
        EarningsSum.insert(**place, amount=amount, count=count).on_conflict(
            conflict_target=[
                EarningsSum.owner, EarningsSum.currency, EarningsSum.day, EarningsSum.source, EarningsSum.release,
            ],
            update={"amount": EarningsSum.amount + amount, "count": EarningsSum.count + count},
        ).execute()  # fmt: skip
    only = rows[0]
    cards.tell(
        ledger, Posted(only["source"], only["title"], only["amount"], only["currency"]) if len(rows) == 1 else None
    )


def find(owner: str, number: str) -> EarningsEntry:
    """An entry of the owner's. NotFound."""
    mine = (EarningsEntry.id == number) & (EarningsEntry.owner == owner)
    found: EarningsEntry | None = EarningsEntry.get_or_none(mine)
    if found is None:
        raise NotFound("there is no such entry")
    return found


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN} | {"reverses": row.get("reverses") or "", "reversed_by": ""}


def get(owner: str, number: str) -> dict[str, Any]:
    """One entry. NotFound."""
    return _with_reversals([find(owner, number)])[0]


def _with_reversals(rows: list[EarningsEntry]) -> list[dict[str, Any]]:
    back: Any = EarningsEntry.select(EarningsEntry.reverses, EarningsEntry.id).where(
        EarningsEntry.reverses.in_([row.id for row in rows])
    )
    by = {one.reverses_id: one.id for one in back}
    return [_shown(row.__data__) | {"reversed_by": by.get(row.id, "")} for row in rows]


def listed(
    owner: str, source: str = "", currency: str = "", release: str = "", since: str = "", until: str = "",
    after: str = "", limit: int = 50,
) -> tuple[list[dict[str, Any]], str]:  # fmt: skip
    """A page of the owner's entries, the latest day first, and the next cursor. since, until: days, both included."""
    query = EarningsEntry.select().where(EarningsEntry.owner == owner)
    for field, wanted in (
        (EarningsEntry.source, source),
        (EarningsEntry.currency, currency),
        (EarningsEntry.release, release),
    ):
        if wanted:
            query = query.where(field == wanted)
    if since:
        query = query.where(EarningsEntry.day >= since)
    if until:
        query = query.where(EarningsEntry.day <= until)
    order = {EarningsEntry.day: str, EarningsEntry.id: str}
    rows, following = paging.by(query, order, after, limit, descending=True)
    return _with_reversals(rows), following


def settings(owner: str) -> dict[str, str]:
    """The owner's time zone."""
    zone = EarningsLedger.select(EarningsLedger.zone).where(EarningsLedger.owner == owner).scalar()
    return {"zone": str(zone or "UTC")}


def set_zone(owner: str, zone: str) -> dict[str, str]:
    """Say where `today` begins. Invalid for a zone that there is none of."""
    if zone not in available_timezones():
        raise Invalid("that is no time zone; write it like Europe/Berlin")
    with database.atomic():
        ledger = _held(owner)
        EarningsLedger.update(zone=zone).where(EarningsLedger.owner == owner).execute()
        ledger.zone = zone
        cards.tell(ledger, None)
        return {"zone": zone}


def check(owner: str) -> list[str]:
    """What of the sums does not equal the entries, as sentences; empty when all is right."""
    group = (EarningsEntry.currency, EarningsEntry.day, EarningsEntry.source, EarningsEntry.release)
    entries: Any = (
        EarningsEntry.select(*group, peewee.fn.SUM(EarningsEntry.amount), peewee.fn.COUNT(EarningsEntry.id))
        .where(EarningsEntry.owner == owner)
        .group_by(*group)
        .tuples()
    )
    sums: Any = (
        EarningsSum.select(
            EarningsSum.currency, EarningsSum.day, EarningsSum.source, EarningsSum.release, EarningsSum.amount,
            EarningsSum.count,
        )
        .where(EarningsSum.owner == owner)
        .tuples()
    )  # fmt: skip
    wanted = {tuple(row[:4]): (int(row[4]), int(row[5])) for row in entries}
    found = {tuple(row[:4]): (int(row[4]), int(row[5])) for row in sums}
    return [
        f"{' '.join(place)}: the sum is {found.get(place)}, the entries give {wanted.get(place)}"
        for place in sorted(wanted.keys() | found.keys())
        if wanted.get(place) != found.get(place)
    ]


def exported(user: str) -> Iterator[dict[str, Any]]:
    """All entries."""
    for row in EarningsEntry.select().where(EarningsEntry.owner == user).order_by(EarningsEntry.id).iterator():
        yield {name: value for name, value in _shown(row.__data__).items() if name != "reversed_by"}


def erase(user: str) -> None:
    """Drop it all."""
    for table in (EarningsSum, EarningsEntry, EarningsLedger):
        table.delete().where(table.owner == user).execute()
