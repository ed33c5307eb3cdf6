"""/api/v1/earnings."""

from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from companion.earnings import cards, imports, money, service, sums
from companion.earnings.service import Item
from companion.storage.sending import disposition
from companion.web.api import ONE_LINE, Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("earnings", "Earnings", "/earnings")
READ = Rule(Access.ARTIST, "earnings:read", "page")
WRITE = Rule(Access.ARTIST, "earnings:write")
Source = Literal["store", "gig", "merchandise", "stream", "other"]
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class EntryOut(Answer):
    """Money that came. amount: whole micro-units of the currency, so 1,000,000 is one. posted: when, ms since 1970.

    An entry is never changed: `reversed_by` is the one that takes it back, `reverses` the one that this takes back.
    """

    id: str
    source: Source
    title: str
    note: str
    amount: int
    currency: str
    day: str
    release: str
    key: str
    posted: int
    reverses: str
    reversed_by: str


class Entry(Body):
    """Money that came. `key`: what it stands for, such as an invoice's number; of one key there is one entry."""

    source: Source
    title: str = Field(min_length=1, max_length=120, pattern=ONE_LINE)
    amount: int = Field(ge=-money.MOST, le=money.MOST, description="micro-units", examples=[250_000_000])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])
    day: str = Field(pattern=DAY, examples=["2026-01-31"])
    release: str = Field("", max_length=26)
    note: str = Field("", max_length=500)
    key: str = Field("", max_length=60)


class Why(Body):
    """Why an entry is taken back."""

    note: str = Field("", max_length=500)


class EntriesWanted(Paging):
    """Of a source, a currency, a release; `since`, `until`: days, both included."""

    source: Source | None = None
    currency: str = Field("", max_length=3)
    release: str = Field("", max_length=26)
    since: str = Field("", max_length=10)
    until: str = Field("", max_length=10)


class ReleaseOut(Answer):
    """What one release earned."""

    release: str
    title: str
    month: int
    total: int


class CardOut(Answer):
    """One currency's sums in micro-units; currencies are never added up."""

    currency: str
    today: int
    month: int
    total: int
    releases: list[ReleaseOut]


class CardsOut(Answer):
    """What the owner's boxes show. `day` is today in the time zone; `revision` counts the changes."""

    revision: int
    computed: int
    day: str
    zone: str
    cards: list[CardOut]


class SumOut(Answer):
    """What a month (1 to 12) brought in one currency from one source with one release; `count` entries."""

    currency: str
    month: int
    source: Source
    release: str
    title: str
    amount: int
    count: int


class YearOut(Answer):
    """A year; `years`: those in which anything was earned, and this one."""

    year: int
    years: list[int]
    rows: list[SumOut]


class YearWanted(BaseModel):
    """Which year; 0 is this one."""

    model_config = ConfigDict(extra="forbid")

    year: int = Field(0, ge=0, le=9999)


class Csv(Body):
    """A CSV file, as text. The first row names the columns: day, source, title, amount, currency; release, note, key.

    Amounts are decimal numbers; `1,234.56` and `1.234,56` are understood, `1,234` alone is refused.
    `dry`: nothing is posted, only counted.
    """

    csv: str = Field(min_length=1, max_length=800_000)
    dry: bool = False


class Amount(Answer):
    """So much of a currency, in micro-units."""

    currency: str
    amount: int


class Imported(Answer):
    """How many entries are new, how many had been posted before; `sums`: what all of the file adds up to."""

    posted: int
    known: int
    sums: list[Amount]


class Zone(Body):
    """The time zone in which your days begin."""

    zone: str = Field(max_length=60, examples=["Europe/Berlin"])


class ZoneOut(Answer):
    """The time zone in which your days begin."""

    zone: str


@api.on("GET", "", READ, gives=CardsOut)
def get_cards() -> Any:
    """Your earnings today, this month and in all, by currency and release."""
    return cards.shown(who().user)


@api.on("GET", "/sums", READ, query=YearWanted, gives=YearOut)
def get_sums(query: YearWanted) -> Any:
    """What each month of a year brought, by currency, source and release."""
    return sums.year(who().user, query.year)


@api.on("GET", "/export", READ, content="text/csv")
def export_entries() -> Any:
    """All your entries as a CSV file, always to be saved."""
    headers = {"Content-Disposition": disposition("earnings.csv", attach=True), "Cache-Control": "no-store"}
    return Response(sums.exported(who().user), headers=headers, content_type="text/csv; charset=utf-8")


@api.on("GET", "/entries", READ, query=EntriesWanted, gives=Page[EntryOut])
def list_entries(query: EntriesWanted) -> Any:
    """Your entries, the latest day first."""
    rows, following = service.listed(
        who().user, query.source or "", query.currency, query.release, query.since, query.until, query.after,
        query.limit,
    )  # fmt: skip
    return {"items": rows, "next": following}


@api.on("POST", "/entries", WRITE, takes=Entry, gives=EntryOut, status=201)
def post_entry(body: Entry) -> Any:
    """Enter money that came. With a `key` that you used before it is the same entry again."""
    item = Item(**body.model_dump() | {"key": f"own:{body.key}" if body.key else ""})
    return service.posted(who().user, [item])[0]


@api.on("GET", "/entries/<entry>", READ, gives=EntryOut)
def get_entry(entry: str) -> Any:
    """One entry."""
    return service.get(who().user, entry)


@api.on("POST", "/entries/<entry>/reversal", WRITE, takes=Why, gives=EntryOut, status=201)
def reverse_entry(entry: str, body: Why) -> Any:
    """Take an entry back: both stay to be seen, and add up to nothing."""
    return service.reverse(who().user, entry, body.note)


@api.on("POST", "/imports", WRITE, takes=Csv, gives=Imported)
def import_entries(body: Csv) -> Any:
    """Post a CSV file: all of its rows, or none. A row that was posted before is not posted again."""
    return imports.read(who().user, body.csv, body.dry)


@api.on("GET", "/settings", READ, gives=ZoneOut)
def get_zone() -> Any:
    """The time zone in which your days begin."""
    return service.settings(who().user)


@api.on("PUT", "/settings", WRITE, takes=Zone, gives=ZoneOut)
def set_zone(body: Zone) -> Any:
    """Say in which time zone your days begin."""
    return service.set_zone(who().user, body.zone)
