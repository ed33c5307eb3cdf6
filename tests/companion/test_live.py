"""Live events, over a real WebSocket server and in one event loop."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys

import peewee
import pytest

from companion import database
from companion.accounts import presence, sessions
from companion.accounts.models import Session, User
from companion.events import service as events
from companion.events.models import Event
from companion.live import connection, feeder, hub, server, tickets
from companion.live.feed import Feed
from companion.live.server import LiveServer
from tests.companion.pages import Page, publish, stage, ticket
from tests.companion.servers import free_port, wait_for_port
from tests.companion.sockets import Socket

pytestmark = pytest.mark.slow

MIRA, NOOR = "mira", "noor"


@pytest.fixture
def together(settings):
    """Run a coroutine function with a live server that listens to this database."""
    return stage(settings)


def test_a_page_gets_its_own_events_in_order_and_no_others(together):
    async def play(live):
        page = Page(live, ticket(MIRA))
        assert (await page.next())["kind"] == "hello"
        for count in range(3):
            publish(NOOR, "secret")
            publish(MIRA, count=count)
        publish(events.EVERYBODY, "notice")
        told = [await page.next() for _ in range(4)]
        assert [row["kind"] for row in told] == ["test", "test", "test", "notice"]
        assert [row["body"].get("count") for row in told] == [0, 1, 2, None]
        assert [row["id"] for row in told] == sorted(row["id"] for row in told)
        await page.leave()

    together(play)


def test_an_event_comes_though_its_nudge_was_lost_or_could_not_carry_it(together):
    async def play(live):
        page = Page(live, ticket(MIRA))
        await page.next()
        Event.create(user=MIRA, kind="lost", body="{}")
        assert (await page.next())["kind"] == "lost"
        publish(MIRA, "long", text="x" * 2 * events.MOST_CARRIED)
        publish(MIRA, "short")
        assert [(await page.next())["kind"] for _ in range(2)] == ["long", "short"]
        await page.leave()

    together(play)


def test_events_go_on_after_whatever_went_wrong_with_the_database(together, monkeypatch):
    monkeypatch.setattr(feeder, "POLL_SECONDS", 0.05)
    read, failures = Feed.read, [peewee.InterfaceError("gone"), peewee.OperationalError("gone"), ValueError("odd")]

    def fails(feed):
        if failures:
            raise failures.pop()
        return read(feed)

    monkeypatch.setattr(Feed, "read", fails)

    async def play(live):
        page = Page(live, ticket(MIRA))
        await page.next()
        Event.create(user=MIRA, kind="after", body="{}")
        assert (await page.next())["kind"] == "after"

    together(play)
    assert not failures


def test_what_is_no_event_is_taken_as_a_nudge_without_one():
    for nudge in (b"!", b"", b"7", b"[1, 2]", b"{}", b"\xff"):
        assert events.unpack(nudge) is None
    row = (7, MIRA, "kind", "{}", 1)
    assert events.unpack(events.pack(row)) == row


def test_what_a_transaction_takes_back_is_never_told(together):
    async def play(live):
        page = Page(live, ticket(MIRA))
        await page.next()
        with contextlib.suppress(ZeroDivisionError), database.database.atomic():
            events.publish(MIRA, "undone", {})
            raise ZeroDivisionError
        publish(MIRA, "done")
        assert (await page.next())["kind"] == "done"

    together(play)


def test_a_ticket_works_once_and_only_for_a_minute(together, monkeypatch):
    async def play(live):
        once = ticket(MIRA)
        assert (await Page(live, once).next())["kind"] == "hello"
        assert await Page(live, once).next() == connection.SIGN_IN
        late = ticket(MIRA)
        monkeypatch.setattr(tickets, "now", lambda: database.now() + tickets.LIFE_MS + 1)
        assert await Page(live, late).next() == connection.SIGN_IN
        assert await Page(live, "ticket=nonsense").next() == connection.SIGN_IN
        assert await Page(live).next() == connection.SIGN_IN

    together(play)


def test_a_page_gets_a_ticket_and_the_address_it_is_for(app, mira, settings):
    answer = mira.post("/live/ticket").json
    assert answer["url"] == f"ws://localhost:{settings.live}/ws/events?ticket={answer['ticket']}"
    assert tickets.spend(answer["ticket"]) == (mira.id, Session.get(Session.user == mira.id).id)


def test_who_is_not_signed_in_gets_no_ticket(app):
    assert app.test_client().post("/api/v1/live/ticket").status_code == 401


def test_a_page_of_another_site_is_refused(together, settings):
    async def play(live):
        assert await Page(live, ticket(MIRA), "https://evil.example").next() == connection.FOREIGN
        assert await Page(live, ticket(MIRA), "http://127.0.0.1:6666").next() == connection.FOREIGN
        assert await Page(live, ticket(MIRA), "http://[::1:99999999").next() == connection.FOREIGN
        for ours in (settings.url, f"http://127.0.0.1:{settings.port}"):
            assert (await Page(live, ticket(MIRA), ours).next())["kind"] == "hello"

    together(play)


def test_a_page_that_was_away_catches_up_without_gap_or_double(together):
    async def play(live):
        publish(MIRA, "seen")
        last = events.newest()
        publish(MIRA, "missed")
        page = Page(live, f"{ticket(MIRA)}&after={last}")
        publish(MIRA, "fresh")
        assert [(await page.next())["kind"] for _ in range(3)] == ["hello", "missed", "fresh"]

    together(play)


@pytest.mark.parametrize("after", ["-1", "x", "99999999", "9" * 30])
def test_a_page_that_names_an_id_we_do_not_know_is_told_to_load_again(together, after):
    async def play(live):
        publish(MIRA)
        page = Page(live, f"{ticket(MIRA)}&after={after}")
        assert [(await page.next())["kind"] for _ in range(2)] == ["hello", "resync"]

    together(play)


def test_a_page_that_missed_what_is_forgotten_is_told_to_load_again(together):
    database.database.connect()
    publish(MIRA, "old")
    old = events.newest()
    publish(MIRA)
    Event.update(at=0).execute()
    publish(MIRA, "new")
    assert events.forget() >= 2

    async def play(live):
        page = Page(live, f"{ticket(MIRA)}&after={old}")
        assert [(await page.next())["kind"] for _ in range(2)] == ["hello", "resync"]

    together(play)


def test_forgetting_keeps_the_last_event_so_that_no_id_comes_twice(settings):
    database.database.connect()
    publish(MIRA)
    Event.update(at=0).execute()
    last = events.newest()
    events.forget()
    publish(MIRA)
    assert events.newest() > last


def test_a_slow_page_is_dropped_and_told_and_holds_up_nobody(together):
    async def play(live):
        slow, quick = Page(live, ticket(MIRA)), Page(live, ticket(MIRA))
        await slow.next()
        await quick.next()
        slow.reads.clear()
        for burst in range(0, connection.OUTBOX + 50, 34):
            for count in range(burst, burst + 34):
                publish(MIRA, count=count)
            assert [(await quick.next())["body"]["count"] for _ in range(34)] == list(range(burst, burst + 34))
        slow.reads.set()
        told = [await slow.next()]
        while isinstance(told[-1], dict):
            told.append(await slow.next())
        assert told[-1] == connection.SLOW
        assert told[-2]["kind"] == "resync"
        assert len(told) < connection.OUTBOX

    together(play)


def test_a_page_that_reads_nothing_at_all_is_let_go(together, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.2)

    async def play(live):
        page = Page(live, ticket(MIRA))
        await page.next()
        page.reads.clear()
        publish(MIRA)
        await asyncio.wait_for(page.task, 10)

    together(play)


def test_a_user_has_ten_connections_and_others_are_free(together):
    async def play(live):
        pages = [Page(live, ticket(MIRA)) for _ in range(hub.MOST_EACH)]
        for page in pages:
            assert (await page.next())["kind"] == "hello"
        assert await Page(live, ticket(MIRA)).next() == connection.CROWDED
        assert (await Page(live, ticket(NOOR)).next())["kind"] == "hello"
        await pages[0].leave()
        assert (await Page(live, ticket(MIRA)).next())["kind"] == "hello"

    together(play)


def test_a_page_that_is_signed_out_is_closed_at_the_next_heartbeat(together, mira, noor, monkeypatch):
    monkeypatch.setattr(server, "BEAT_SECONDS", 0.2)

    def page_of(live, person):
        return Page(live, f"ticket={person.post('/live/ticket').json['ticket']}")

    async def play(live):
        page, other = page_of(live, mira), page_of(live, noor)
        assert [(await page.next())["kind"] for _ in range(2)] == ["hello", "heartbeat"]
        sessions.end_all(mira.id)
        while isinstance(told := await page.next(), dict):
            assert told["kind"] == "heartbeat"
        assert told == connection.SIGN_IN
        assert [(await other.next())["kind"] for _ in range(3)] == ["hello", "heartbeat", "heartbeat"]

    together(play)


def test_a_page_that_talks_too_much_is_closed(together):
    async def play(live):
        page = Page(live, ticket(MIRA))
        await page.next()
        for _ in range(server.CHATTER):
            page.inbox.put_nowait({"type": "websocket.receive", "text": "hello?"})
        assert await page.next() == 1008

    together(play)


def test_an_event_that_is_committed_after_a_later_one_is_told_too(settings):
    database.database.connect()
    feed = Feed()
    publish(MIRA)
    first = events.newest()
    Event.insert(id=first + 2, user=MIRA, kind="later", body="{}").execute()
    assert [row[2] for row in feed.read()][-1] == "later"
    Event.insert(id=first + 1, user=MIRA, kind="late", body="{}").execute()
    assert [row[2] for row in feed.read()] == ["late"]
    assert feed.read() == []


def test_the_feed_gives_up_on_an_id_that_never_comes(settings, monkeypatch):
    database.database.connect()
    monkeypatch.setattr("companion.live.feed.GAP_SECONDS", -1.0)
    feed = Feed()
    publish(MIRA)
    Event.insert(id=events.newest() + 3, user=MIRA, kind="x", body="{}").execute()
    feed.read()
    feed.read()
    assert not feed._gaps


@contextlib.contextmanager
def live_process(settings):
    """A live process of its own, as the runner starts it, and its port."""
    port = free_port()
    known = {"COMPANION_FOLDER": str(settings.folder), "COMPANION_PORT": str(settings.port)}
    if settings.database_url:
        known["DATABASE_URL"] = settings.database_url
    words = ["gunicorn", "-k", "companion.live.worker.Worker", "-w", "1", "--bind", f"127.0.0.1:{port}"]
    words += ["--no-control-socket", "--log-level", "warning", "--asgi-lifespan", "on", "companion.live.server:make()"]
    process = subprocess.Popen([sys.executable, "-m", *words], env={"PATH": os.environ["PATH"], **known})
    wait_for_port(port, process)
    yield process, port
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def live_port(settings):
    with live_process(settings) as (_, port):
        yield port


def test_pages_that_are_open_are_told_to_come_again_when_it_stops(settings):
    with live_process(settings) as (process, port), Socket(port, f"/ws/events?{ticket(MIRA)}", settings.url) as client:
        assert client.receive()["kind"] == "hello"
        process.terminate()
        assert client.closed() == 1012


def test_a_real_server_tells_a_real_client_and_closes_foreign_ones(live_port, settings):
    path = f"/ws/events?{ticket(MIRA)}"
    with Socket(live_port, path, settings.url) as client:
        assert client.status == 101
        assert client.receive()["kind"] == "hello"
        publish(MIRA, title="Träumerei")
        assert client.receive()["body"] == {"title": "Träumerei"}
    with Socket(live_port, path, settings.url) as again:
        assert again.closed() == connection.SIGN_IN
    with Socket(live_port, f"/ws/events?{ticket(MIRA)}", "https://evil.example") as foreign:
        assert foreign.closed() == connection.FOREIGN
    with Socket(live_port, "/elsewhere") as lost:
        assert lost.status == 403


def test_events_pass_through_redis_between_machines(settings, together, monkeypatch):
    if not shutil.which("redis-server"):
        pytest.skip("Redis is not installed")
    port = free_port()
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        shared = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}"})
        monkeypatch.setattr(feeder, "POLL_SECONDS", 600.0)
        events.install(shared)

        async def play(_live):
            live = LiveServer(shared)
            async with live.running():
                page = Page(live, ticket(MIRA))
                await page.next()
                await asyncio.sleep(0.5)  # until it has subscribed
                publish(MIRA)
                assert (await page.next())["kind"] == "test"

        together(play)
    finally:
        process.terminate()
        process.wait(10)


def test_sessions_that_ended_expired_or_lost_their_user_do_not_hold(mira, noor):
    mine = Session.get(Session.user == mira.id).id
    hers = Session.get(Session.user == noor.id).id
    assert presence.holding([mine, hers, "nonsense"]) == {mine, hers}
    Session.update(expires=0).where(Session.id == mine).execute()
    User.update(disabled=1).where(User.id == noor.id).execute()
    assert presence.holding([mine, hers]) == set()
