"""A room by itself: what it does with a message that nobody can merge, and with many large ones."""

import asyncio

import pytest

pytest.importorskip("pycrdt")

from companion.live import protocol, room
from companion.live.connection import Connection
from device import documents
from device.documents import Content, Held
from tests.test_documents_content import fronts


async def read(_function):
    """An empty document, whatever is asked."""
    return Held(Content()), 0


def guest():
    made = room.Guest(Connection("mira", "session"), "edit")
    made.greeted = True
    return made


async def until(what):
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.01)


def test_a_message_that_spoils_the_document_sends_all_away_and_is_stored_nowhere(monkeypatch):
    monkeypatch.setattr(documents, "MOST_SECONDS", 0.0)

    async def scenario():
        here, one, other = room.Room("friday", read), guest(), guest()
        here.guests |= {one, other}
        running = asyncio.create_task(here.run())
        await until(lambda: here.opened)
        await here.put(one, protocol.sync(protocol.UPDATE, fronts(3000)))
        await until(lambda: one.connection.code and other.connection.code)
        assert {one.connection.code, other.connection.code} == {room.BROKEN}
        here.leave(one)
        here.leave(other)
        await asyncio.wait_for(running, 10)
        assert here.over

    asyncio.run(scenario())


def test_few_large_messages_wait_in_a_room_and_small_ones_pass():
    async def scenario():
        here, one = room.Room("friday", read), guest()
        here.guests.add(one)
        large = [asyncio.create_task(here.put(one, b"x" * room.LARGE)) for _ in range(room.LARGE_WAITING + 3)]
        await here.put(one, b"x")
        await asyncio.sleep(0)
        assert sum(task.done() for task in large) == room.LARGE_WAITING
        for task in large:
            task.cancel()

    asyncio.run(scenario())
