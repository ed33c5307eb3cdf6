"""Earnings: entries are never edited, nothing is posted twice, and the sums are always those of the entries."""

import datetime
import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companion.accounts import deletion, export
from companion.database import connection, new_id
from companion.earnings import cards, money, service
from companion.earnings.models import EarningsEntry, EarningsSum
from companion.earnings.service import Item
from companion.errors import Conflict, Invalid
from companion.outgoing.models import OutgoingRow
from companion.releases import service as releases
from device.contracts import envelope
from device.contracts.releases import Changed
from tests.companion.posts import claimed

pytestmark = pytest.mark.slow

EURO = money.MICRO


def day(ago=0):
    today = datetime.datetime.now(datetime.UTC).date()
    return (today - datetime.timedelta(ago)).isoformat()


def gig(amount=100 * EURO, ago=0, **more):
    return Item(**{"source": "gig", "title": "Friday", "amount": amount, "currency": "EUR", "day": day(ago)} | more)


def post(owner, *items):
    with connection():
        return service.posted(owner, items)


def body(**more):
    return {"source": "gig", "title": "Friday", "amount": 100 * EURO, "currency": "EUR", "day": day()} | more


def test_an_entry_is_posted_shown_and_added_up(mira, noor):
    made = mira.post("/earnings/entries", body())
    assert made.status_code == 201
    mira.post("/earnings/entries", body(amount=5_500_000, source="merchandise", day="2020-01-01"))
    (card,) = mira.get("/earnings").json["cards"]
    assert (card["today"], card["month"], card["total"]) == (100 * EURO, 100 * EURO, 105_500_000)
    assert [row["source"] for row in mira.get("/earnings/entries").json["items"]] == ["gig", "merchandise"]
    assert noor.get("/earnings").json["cards"] == noor.get("/earnings/entries").json["items"] == []
    assert noor.get(f"/earnings/entries/{made.json['id']}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0}, {"amount": 1.5}, {"amount": money.MOST + 1}, {"amount": True}, {"currency": "EURO"},
        {"currency": "XXX"}, {"currency": "eur"}, {"source": "theft"}, {"title": "  "}, {"day": "2026-02-30"},
        {"day": "9999-01-01"}, {"day": "yesterday"}, {"release": "x"}, {"key": "k" * 61}, {"extra": 1},
    ],
)  # fmt: skip
def test_what_is_no_money_is_refused_and_nothing_is_written(mira, wrong):
    assert mira.post("/earnings/entries", body(**wrong)).status_code == 422
    assert mira.get("/earnings/entries").json["items"] == []


def test_there_is_no_way_to_edit_or_delete_an_entry(mira):
    path = f"/earnings/entries/{mira.post('/earnings/entries', body()).json['id']}"
    for answer in (mira.put(path, body()), mira.patch(path, body()), mira.delete(path)):
        assert answer.status_code == 405


def test_what_was_wrong_is_taken_back_once_and_both_stay(mira, noor):
    number = mira.post("/earnings/entries", body()).json["id"]
    assert noor.post(f"/earnings/entries/{number}/reversal", {}).status_code == 404
    back = mira.post(f"/earnings/entries/{number}/reversal", {"note": "cancelled"}).json
    assert (back["amount"], back["reverses"], back["note"]) == (-100 * EURO, number, "cancelled")
    assert mira.get(f"/earnings/entries/{number}").json["reversed_by"] == back["id"]
    assert mira.post(f"/earnings/entries/{number}/reversal", {}).status_code == 409
    assert mira.post(f"/earnings/entries/{back['id']}/reversal", {}).status_code == 409
    assert len(mira.get("/earnings/entries").json["items"]) == 2
    assert mira.get("/earnings").json["cards"][0]["total"] == 0


def test_of_one_key_there_is_one_entry(mira):
    first = mira.post("/earnings/entries", body(key="invoice 7")).json
    assert mira.post("/earnings/entries", body(key="invoice 7")).json["id"] == first["id"]
    assert mira.post("/earnings/entries", body(key="invoice 7", amount=1)).status_code == 409
    assert mira.get("/earnings").json["cards"][0]["total"] == 100 * EURO


def test_a_key_of_one_owner_is_nothing_to_another(mira, noor):
    for person in (mira, noor):
        assert person.post("/earnings/entries", body(key="invoice 7")).status_code == 201


def test_fifty_at_one_time_with_one_key_are_one_entry(app, mira):
    failed = []

    def work():
        try:
            post(mira.id, gig(key="once"))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with connection():
        assert EarningsEntry.select().count() == 1
        assert EarningsSum.get().amount == 100 * EURO


def test_two_reversals_at_one_time_are_one(app, mira):
    (entry,) = post(mira.id, gig())
    outcomes = []

    def work():
        with connection():
            try:
                outcomes.append(service.reverse(mira.id, entry["id"])["amount"])
            except Conflict:
                outcomes.append("conflict")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(map(str, outcomes)) == {str(-100 * EURO): 1, "conflict": 7}
    with connection():
        assert service.check(mira.id) == []


def test_what_dies_in_the_middle_leaves_nothing(mira, monkeypatch):
    box = claimed(mira.id)

    def die(*_):
        raise SystemExit

    monkeypatch.setattr(cards, "tell", die)
    with pytest.raises(SystemExit):
        post(mira.id, gig(), gig(7))
    with connection():
        assert EarningsEntry.select().count() == EarningsSum.select().count() == OutgoingRow.select().count() == 0
    monkeypatch.undo()
    post(mira.id, gig())
    assert len(told(box)) == 1


ITEMS = st.builds(
    gig,
    st.integers(-(10**14), 10**14).filter(bool),
    st.integers(0, 40),
    source=st.sampled_from(["store", "gig", "merchandise"]),
    currency=st.sampled_from(["EUR", "USD", "JPY"]),
    key=st.sampled_from(["", "", "a", "b", "c"]),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["post", "post", "reverse", "repeat"]), st.lists(ITEMS, max_size=4)), max_size=12
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, data=st.data())
def test_the_sums_equal_the_entries_whatever_is_repeated_or_reversed(mira, steps, data):
    with connection():
        service.erase(mira.id)
        total, entries, seen = Counter(), [], {}
        for what, items in steps:
            if what == "reverse" and entries:
                one = data.draw(st.sampled_from(entries))
                try:
                    service.reverse(mira.id, one["id"])
                    total[one["currency"]] -= one["amount"]
                except Conflict:
                    assert one["id"] in seen
                seen[one["id"]] = True
                continue
            for _ in range(2 if what == "repeat" else 1):
                before = {row["id"] for row in entries}
                try:
                    made = service.posted(mira.id, items)
                except Conflict:
                    continue
                for row in {row["id"]: row for row in made}.values():
                    if row["id"] not in before:
                        entries.append(row)
                        total[row["currency"]] += row["amount"]
        assert service.check(mira.id) == []
        ledger = {}
        for row in EarningsEntry.select().where(EarningsEntry.owner == mira.id):
            ledger[row.currency] = ledger.get(row.currency, 0) + row.amount
        shown = {card["currency"]: card["total"] for card in cards.shown(mira.id)["cards"]}
        assert ledger == shown == {currency: total[currency] for currency in ledger}


def test_a_damaged_sum_is_found(mira):
    post(mira.id, gig())
    with connection():
        EarningsSum.update(amount=EarningsSum.amount + 1).execute()
        assert len(service.check(mira.id)) == 1


# amounts


@given(st.integers(-money.MOST, money.MOST))
def test_an_amount_is_read_as_it_is_shown(value):
    assert money.micros(money.shown(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", "1.0000001", "1e3", "0x1", "NaN", "½", "٣", "--1", "1.", ".", "1,00,000.5", "0,123,456", "1,234,56",
     "9" * 5000, "1,234.567,8", "12,34.5", "1,234", "-999,000"],
)  # fmt: skip
def test_what_is_no_amount_or_can_be_read_in_two_ways_is_refused(text):
    with pytest.raises(Invalid):
        money.micros(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.56", 1_234_560_000), ("1.234,56", 1_234_560_000), ("-1,234,567", -1_234_567_000_000),
        ("1 234,5", 1_234_500_000), ("1'234.50", 1_234_500_000), ("450,50", 450_500_000), ("0,123", 123_000),
        ("1234,567", 1_234_567_000), ("−3.50", -3_500_000), ("1.234", 1_234_000),
    ],
)  # fmt: skip
def test_an_amount_is_understood_however_people_write_it(text, amount):
    assert money.micros(text) == amount


# CSV

HEAD = "day,source,title,amount,currency"


def upload(person, *lines, **more):
    return person.post("/earnings/imports", {"csv": "\r\n".join(lines), **more})


def _counts(answer):
    return answer.json["posted"], answer.json["known"]


def test_a_csv_file_is_posted_once_however_often_it_is_sent(mira):
    rows = (f"{day()},store,Shop,12.34,EUR", f"{day()},store,Shop,12.34,EUR", f'{day(1)},gig,"Bar, late",-0.5,usd', "")
    assert upload(mira, HEAD, *rows).json == {
        "posted": 3, "known": 0,
        "sums": [{"currency": "EUR", "amount": 24_680_000}, {"currency": "USD", "amount": -500_000}],
    }  # fmt: skip
    assert _counts(upload(mira, HEAD, *rows)) == (0, 3)
    assert _counts(upload(mira, HEAD, *rows, f"{day()},store,Shop,12.34,EUR")) == (1, 3)
    found = {card["currency"]: card["total"] for card in mira.get("/earnings").json["cards"]}
    assert found == {"EUR": 37_020_000, "USD": -500_000}


def test_a_row_with_a_key_is_known_by_it(mira):
    head = f"{HEAD},key"
    assert upload(mira, head, f"{day()},store,Shop,1,EUR,A-1", f"{day()},store,Shop,1,EUR,A-2").json["posted"] == 2
    assert _counts(upload(mira, head, f"{day()},store,Shop,1,EUR,A-1")) == (0, 1)
    assert upload(mira, head, f"{day()},store,Shop,2,EUR,A-1").status_code == 409


def test_nothing_of_a_file_with_a_wrong_row_is_posted_and_each_is_named(mira):
    answer = upload(mira, HEAD, f"{day()},store,Shop,1,EUR", f"{day()},store,Shop,x,EUR", f"{day()},gig,B,1,ABC")
    assert answer.status_code == 422
    assert [row["field"] for row in answer.json["errors"]] == ["line 3", "line 4"]
    assert mira.get("/earnings/entries").json["items"] == []


@pytest.mark.parametrize(
    "text", ["", "a,b", HEAD + ",day", HEAD + "\n1,2", HEAD + '\n"', "day;source", HEAD + f"\n{day()},theft,A,1,EUR"]
)
def test_what_is_no_such_file_is_refused(mira, text):
    assert upload(mira, text).status_code == 422


def test_a_dry_run_says_what_would_be_and_posts_nothing(mira):
    rows = (HEAD.replace(",", ";"), f"{day()};store;Shop;1;EUR")
    assert _counts(upload(mira, *rows, dry=True)) == (1, 0)
    assert mira.get("/earnings/entries").json["items"] == []
    assert _counts(upload(mira, *rows)) == (1, 0)


def test_a_first_row_that_is_wrong_is_told_what_it_lacks_and_what_nobody_knows(mira):
    said = upload(mira, "date,source,title,amount,amount,currency").json["detail"]
    assert 'there is no day; unknown is "date"; there are two of amount' in said


def test_a_file_may_use_the_words_of_the_page(mira):
    rows = ("Day;Kind;What for;Amount;Currency", f"{day()};Streaming;Shop;1.234,56;EUR")
    assert upload(mira, *rows).json["sums"] == [{"currency": "EUR", "amount": 1_234_560_000}]
    (entry,) = mira.get("/earnings/entries").json["items"]
    assert (entry["source"], entry["title"]) == ("stream", "Shop")


def test_a_point_is_not_guessed_at_in_a_file_that_writes_decimals_with_a_comma(mira):
    rows = (HEAD.replace(",", ";"), f"{day()};gig;A;1.234;EUR")
    assert _counts(upload(mira, *rows, dry=True)) == (1, 0)
    answer = upload(mira, *rows, f"{day()};gig;B;2,50;EUR")
    assert [row["field"] for row in answer.json["errors"]] == ["line 2"]
    assert "two ways; write 1234.00 or 1.2340" in answer.json["detail"]


# cards


def told(box):
    with connection():
        rows = OutgoingRow.select().where(~OutgoingRow.skip).order_by(OutgoingRow.id)
        return [envelope.decode("down", "earnings", bytes(row.payload)).body for row in rows]


def test_the_boxes_of_the_owner_get_the_cards_and_what_made_them_change(mira, noor):
    box = claimed(mira.id)
    claimed(noor.id)
    for amount in (1, 2, 3):
        post(mira.id, gig(amount))
    (made,) = told(box)
    assert (made.posted.amount, made.cards[0].today, made.cards[0].total) == (3, 6, 6)
    assert made.revision == 3


def test_cards_have_what_each_release_earned(mira):
    number = new_id()
    with connection():
        releases.status_changed(mira.id, Changed(number, "Album", "Band", "live", 1))
    post(mira.id, gig(5, release=number, source="store"), gig(7, 400, release=number, source="store"), gig(1))
    (card,) = mira.get("/earnings").json["cards"]
    assert card["releases"] == [{"release": number, "title": "Album", "month": 5, "total": 12}]
    assert card["total"] == 13


def test_a_release_of_another_is_none(mira, noor):
    number = new_id()
    with connection():
        releases.status_changed(noor.id, Changed(number, "Album", "Band", "live", 1))
    with pytest.raises(Invalid):
        post(mira.id, gig(release=number))


def test_today_is_the_owners(mira, monkeypatch):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, zone=None):
            return cls(2026, 3, 31, 23, 30, tzinfo=datetime.UTC).astimezone(zone)

    monkeypatch.setattr(cards.datetime, "datetime", Clock)
    assert mira.put("/earnings/settings", {"zone": "Mars/Olympus"}).status_code == 422
    post(mira.id, gig(1, day="2026-03-31"))
    assert mira.get("/earnings").json["cards"][0]["today"] == 1
    assert mira.put("/earnings/settings", {"zone": "Europe/Berlin"}).json == {"zone": "Europe/Berlin"}
    shown = mira.get("/earnings").json
    assert shown["day"] == "2026-04-01"
    assert (shown["cards"][0]["today"], shown["cards"][0]["month"]) == (0, 0)


def test_sums_beyond_what_a_card_can_show_do_not_stop_posting(mira):
    box = claimed(mira.id)
    post(mira.id, *(gig(money.MOST, ago) for ago in range(95)))
    assert told(box)[0].cards[0].total == 2**53 - 1
    with connection():
        assert service.check(mira.id) == []


def test_earnings_are_exported_and_go_with_their_owner(mira):
    post(mira.id, gig())
    with connection():
        assert [row["amount"] for row in export._parts["earnings"](mira.id)] == [100 * EURO]
        deletion._erasers["earnings"](mira.id)
        assert EarningsEntry.select().count() == EarningsSum.select().count() == 0
