"""Live events, over a real WebSocket server and in one event loop."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys

import peewee
import pytest

from companion import database
from companion.accounts import presence, sessions
from companion.accounts import service as accounts
from companion.accounts.models import Session, User
from companion.boxes.models import Box
from companion.events import service as events
from companion.events.models import Event
from companion.live import connection, feeder, hub, server, tickets
from companion.live.feed import Feed
from companion.live.server import LiveServer
from companion.outgoing import nudges, watching
from companion.outgoing.nudges import Ear
from companion.web.identity import Access
from tests.companion.posts import claimed
from tests.companion.servers import free_port, wait_for_port
from tests.companion.sockets import Socket

pytestmark = pytest.mark.slow

MIRA, NOOR = "mira", "noor"


class Page:
    """A page on the ASGI application itself: `says` collects what it is told, `read` can be stopped."""

    def __init__(self, live, query="", origin=None):
        headers = [(b"host", b"127.0.0.1:8001")] + ([(b"origin", origin.encode())] if origin else [])
        self.scope = {"type": "websocket", "path": "/ws/events", "query_string": query.encode(), "headers": headers}
        self.sent, self.inbox, self.reads = asyncio.Queue(), asyncio.Queue(), asyncio.Event()
        self.reads.set()
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(live(self.scope, self.inbox.get, self._send))

    async def _send(self, message):
        await self.reads.wait()
        self.sent.put_nowait(message)

    async def next(self):
        """The next event or note, or the code of a close."""
        while True:
            message = await asyncio.wait_for(self.sent.get(), 10)
            if message["type"] == "websocket.send":
                return json.loads(message["text"])
            if message["type"] == "websocket.close":
                return message["code"]

    async def leave(self):
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.task


def ticket(user):
    """The query string that lets a user's page in."""
    with database.connection():
        return f"ticket={tickets.issue(user, f'session of {user}')}"


def publish(user, kind="test", **body):
    with database.connection(), database.database.atomic():
        events.publish(user, kind, body)


@pytest.fixture
def together(settings):
    """Run a coroutine function with a live server that listens to this database."""

    events.install(settings)

    def go(play):
        async def stage():
            live = LiveServer(settings)
            async with live.running():
                await asyncio.wait_for(play(live), 30)

        with database.connection():
            asyncio.run(stage())

    return go


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


@pytest.fixture
def live_port(settings):
    """A live process of its own, as the runner starts it."""
    port = free_port()
    known = {"COMPANION_FOLDER": str(settings.folder), "COMPANION_PORT": str(settings.port)}
    if settings.database_url:
        known["DATABASE_URL"] = settings.database_url
    words = ["gunicorn", "-k", "companion.live.worker.Worker", "-w", "1", "--bind", f"127.0.0.1:{port}"]
    words += ["--no-control-socket", "--log-level", "warning", "--asgi-lifespan", "on", "companion.live.server:make()"]
    process = subprocess.Popen([sys.executable, "-m", *words], env={"PATH": os.environ["PATH"], **known})
    wait_for_port(port, process)
    yield port
    process.terminate()
    assert process.wait(20) == 0


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


class TestWatching:
    """Pages that look at a box's panel; the ingest process is played by who listens for nudges."""

    @pytest.fixture
    def box(self, settings):
        with database.connection():
            mira = accounts.create("mira@example.org", "Mira", access=Access.ARTIST)
        self.mira = mira.id
        return claimed(mira.id)

    @pytest.fixture
    def ear(self, settings):
        ear = Ear(settings)
        yield ear
        ear.close()

    def ticket(self):
        with database.connection():
            return f"ticket={tickets.issue(self.mira, 'session of Mira')}"

    @staticmethod
    async def watch(page, box, kind="watch"):
        page.inbox.put_nowait({"type": "websocket.receive", "text": json.dumps({"kind": kind, "body": {"box": box}})})
        return (await page.next())["body"]

    @staticmethod
    def values(user, box, number):
        with database.connection(), database.database.atomic():
            events.pass_on(user, "box.live", {"id": box, "values": {"deck1.position": number}, "whole": False})

    def test_who_looks_has_the_box_asked_again_and_again_and_gets_what_it_tells_till_they_look_away(
        self, together, box, ear, monkeypatch
    ):
        monkeypatch.setattr(watching, "AGAIN_SECONDS", 0.02)

        async def asked():
            while nudges.WATCH + box not in ear.heard():
                await asyncio.sleep(0.01)

        async def play(live):
            page, other = Page(live, self.ticket()), Page(live, self.ticket())
            await page.next(), await other.next()
            assert await self.watch(page, box) == {"box": box, "on": True}
            for _ in range(3):
                await asked()
            self.values(self.mira, box, 1)
            told = await page.next()
            assert (told["id"], told["kind"], told["body"]["values"]) == (0, "box.live", {"deck1.position": 1})
            assert await self.watch(page, box, "unwatch") == {"box": box, "on": False}
            self.values(self.mira, box, 2)
            publish(self.mira, "after")
            assert [(await one.next())["kind"] for one in (page, other)] == ["after", "after"]
            await asyncio.sleep(0.05)
            ear.heard()
            await asyncio.sleep(0.1)
            assert ear.heard() == set()

        together(play)
        with database.connection():
            assert [row.kind for row in Event.select()] == ["after"]

    def test_nobody_looks_at_anothers_box_and_who_gives_one_away_looks_no_longer(self, together, box, ear, monkeypatch):
        monkeypatch.setattr(watching, "AGAIN_SECONDS", 0.02)

        async def play(live):
            noor, mira = Page(live, ticket(NOOR)), Page(live, self.ticket())
            await noor.next(), await mira.next()
            assert await self.watch(noor, box) == {"box": box, "on": False}
            assert await self.watch(noor, "x" * 64) == {"box": "x" * 64, "on": False}
            assert await self.watch(mira, box) == {"box": box, "on": True}
            with database.connection():
                Box.update(owner=None).where(Box.id == box).execute()
            assert (await mira.next())["body"] == {"box": box, "on": False}
            self.values(self.mira, box, 1)
            publish(self.mira)
            publish(NOOR)
            assert [(await one.next())["kind"] for one in (mira, noor)] == ["test", "test"]

        together(play)

    def test_a_page_watches_eight_boxes_at_most_and_nonsense_is_not_answered(self, together, box, settings):
        boxes = [box, *(claimed(self.mira) for _ in range(8))]

        async def play(live):
            page = Page(live, self.ticket())
            await page.next()
            for text in ("", "7", "[]", '{"kind": "watch"}', '{"kind": "watch", "body": {"box": 7}}', "x" * 5000):
                page.inbox.put_nowait({"type": "websocket.receive", "text": text})
            page.inbox.put_nowait({"type": "websocket.receive", "bytes": b"\xff"})
            assert [(await self.watch(page, one))["on"] for one in boxes] == [True] * 8 + [False]

        together(play)

    def test_a_page_that_is_slow_misses_values_and_nothing_else(self, together, box):
        async def play(live):
            page = Page(live, self.ticket())
            await page.next()
            assert (await self.watch(page, box))["on"]
            page.reads.clear()
            publish(self.mira, "first")
            await asyncio.sleep(0.1)
            for number in range(2 * connection.OUTBOX):
                self.values(self.mira, box, number)
                await asyncio.sleep(0)
            await asyncio.sleep(0.2)
            publish(self.mira, "second")
            await asyncio.sleep(0.1)
            page.reads.set()
            assert [(await page.next())["kind"] for _ in range(2)] == ["first", "second"]

        together(play)
