"""The cards: today, this month and all time, by currency and release, for the page and for every box of the owner."""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import peewee

from companion.boxes import service as boxes
from companion.database import now
from companion.earnings.models import EarningsLedger, EarningsSum
from companion.events import service as events
from companion.outgoing import service as outgoing
from companion.releases import service as releases
from device.contracts import codec
from device.contracts.earnings import Card, Cards, Posted, ReleaseLine
from device.contracts.shapes import WHOLE_MOST

MOST_CURRENCIES = 10
MOST_RELEASES = 50
KEY = "cards"


def of(ledger: EarningsLedger, posted: Posted | None = None) -> Cards:
    """The cards as they are. posted: what made them change."""
    day = datetime.datetime.now(ZoneInfo(ledger.zone)).date().isoformat()
    zero = peewee.Value(0)
    today = peewee.Case(None, [(EarningsSum.day == day, EarningsSum.amount)], zero)
    month = peewee.Case(None, [(EarningsSum.day.startswith(day[:8]), EarningsSum.amount)], zero)
    sums = (peewee.fn.SUM(today), peewee.fn.SUM(month), peewee.fn.SUM(EarningsSum.amount))
    query: Any = (
        EarningsSum.select(EarningsSum.currency, EarningsSum.release, *sums)
        .where(EarningsSum.owner == ledger.owner_id)
        .group_by(EarningsSum.currency, EarningsSum.release)
        .tuples()
    )
    rows: list[tuple[Any, ...]] = [(currency, release, *map(int, amounts)) for currency, release, *amounts in query]
    titles = releases.titles(str(ledger.owner_id), {row[1] for row in rows if row[1]})
    made = [_card(currency, rows, titles) for currency in sorted({row[0] for row in rows})]
    made.sort(key=lambda card: (-abs(card.total), card.currency))
    return Cards(ledger.revision, now(), day, ledger.zone, tuple(made[:MOST_CURRENCIES]), posted)


def _card(currency: str, rows: list[tuple[Any, ...]], titles: dict[str, str]) -> Card:
    mine = [row[1:] for row in rows if row[0] == currency]
    today, month, total = (_fit(sum(row[at] for row in mine)) for at in (1, 2, 3))
    lines = [
        ReleaseLine(release, titles[release], _fit(in_month), _fit(in_all))
        for release, _, in_month, in_all in mine
        if release in titles
    ]
    lines.sort(key=lambda line: (-line.total, line.title, line.release))
    return Card(currency, today, month, total, tuple(lines[:MOST_RELEASES]))


def _fit(amount: int) -> int:
    """What a card can show: nine billion of a currency."""
    return max(-WHOLE_MOST, min(WHOLE_MOST, amount))


def shown(owner: str) -> dict[str, Any]:
    """The cards for the page."""
    ledger = EarningsLedger.get_or_none(EarningsLedger.owner == owner)
    made = of(ledger or EarningsLedger(owner=owner))
    return {name: value for name, value in codec.plain(made).items() if name != "posted"}


def tell(ledger: EarningsLedger, posted: Posted | None) -> None:
    """Tell the owner's boxes and pages, in the caller's transaction."""
    made = of(ledger, posted)
    for box in boxes.of(str(ledger.owner_id)):
        outgoing.send(box, made, key=KEY)
    events.publish(str(ledger.owner_id), "earnings", {"revision": made.revision})


def _welcome(box: str, owner: str) -> None:
    """Tell a box that knows no cards."""
    ledger = EarningsLedger.get_or_none(EarningsLedger.owner == owner)
    if ledger is not None:
        outgoing.send(box, of(ledger), key=KEY)


outgoing.on_welcome("earnings", _welcome)
