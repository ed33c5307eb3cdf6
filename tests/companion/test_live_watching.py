"""Pages that look at a box's panel; the ingest process is played by who listens for nudges."""

import asyncio
import json

import pytest

from companion import database
from companion.accounts import service as accounts
from companion.boxes.models import Box
from companion.events import service as events
from companion.events.models import Event
from companion.live import connection, tickets
from companion.outgoing import nudges, watching
from companion.outgoing.nudges import Ear
from companion.web.identity import Access
from tests.companion.pages import Page, publish, stage, ticket
from tests.companion.posts import claimed

pytestmark = pytest.mark.slow

NOOR = "noor"


@pytest.fixture
def together(settings):
    """Run a coroutine function with a live server that listens to this database."""
    return stage(settings)


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
