"""A room by itself: what it does with a message that nobody can merge, and with many large ones."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("pycrdt")

from companion.live import protocol, room, turns
from companion.live.connection import Connection
from device import documents
from tests.test_documents_content import fronts


async def read(_user, _function):
    """An empty document, whatever is asked."""
    return 0, []


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as made:
        yield made


@pytest.fixture
def means(pool):
    purses = turns.Purses()
    return room.Means(read, turns.Turns(pool, 4, purses), purses)


def guest():
    made = room.Guest(Connection("mira", "session"), "edit")
    made.greeted = True
    return made


async def until(what):
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.01)


def test_a_message_that_spoils_the_document_sends_all_away_and_is_stored_nowhere(means, monkeypatch):
    monkeypatch.setattr(documents, "MOST_SECONDS", 0.0)

    async def scenario():
        here, one, other = room.Room("friday", "mira", means), guest(), guest()
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


def test_few_large_messages_wait_in_a_room_and_small_ones_pass(means):
    async def scenario():
        here, one = room.Room("friday", "mira", means), guest()
        here.guests.add(one)
        large = [asyncio.create_task(here.put(one, b"x" * room.LARGE)) for _ in range(room.LARGE_WAITING + 3)]
        await here.put(one, b"x")
        await asyncio.sleep(0)
        assert sum(task.done() for task in large) == room.LARGE_WAITING
        for task in large:
            task.cancel()

    asyncio.run(scenario())


def test_who_has_spent_what_they_had_waits_in_all_rooms_and_nobody_else_does(means):
    async def scenario():
        async def asked(user, number):
            here, one = room.Room(number, user, means), guest()
            here.guests.add(one)
            running = asyncio.create_task(here.run())
            await until(lambda: here.opened)
            await here.put(one, protocol.sync(protocol.STEP_1, b"\0"))
            return here, one, running

        means.purses.of("mira").spend(1000)
        rooms = [await asked(user, number) for user, number in (("mira", "a"), ("mira", "b"), ("noor", "c"))]
        await until(lambda: len(rooms[2][1].connection._outbox) == 2)
        assert [len(one.connection._outbox) for _, one, _ in rooms] == [1, 1, 2]
        for here, one, running in rooms:
            here.leave(one)
            await asyncio.wait_for(running, 10)

    asyncio.run(scenario())


def spin():
    end = time.thread_time() + 2 * room.DEAR_SECONDS
    while time.thread_time() < end:
        pass


def test_what_is_done_is_paid_for_and_what_is_large_or_was_dear_leaves_the_event_loop(means):
    async def scenario():
        here, main, purse = room.Room("friday", "mira", means), threading.main_thread(), means.purses.of("mira")
        assert await here._do(threading.current_thread) is main
        assert await here._do(threading.current_thread, room.LARGE) is not main
        before = purse._left
        await here._do(spin, room.LARGE)
        assert purse._left <= before - 2 * room.DEAR_SECONDS
        assert await here._do(threading.current_thread) is main
        await here._do(spin)
        assert await here._do(threading.current_thread) is not main
        await here._do(lambda: None)
        assert await here._do(threading.current_thread) is not main

    asyncio.run(scenario())


def test_a_purse_fills_slowly_and_is_the_same_on_the_next_line():
    clock = [100.0]
    purse = turns.Purse(lambda: clock[0])
    assert purse.full
    purse.spend(turns.MOST_SECONDS + 1)
    assert purse.wait == pytest.approx(1 / turns.SHARE)
    clock[0] += purse.wait + 1
    assert not purse.wait
    assert not purse.full
    clock[0] += 1e6
    assert purse.full
    purse.spend(turns.MOST_SECONDS + 1)
    assert purse.wait
    purses = turns.Purses()
    assert purses.of("mira") is purses.of("mira")


def test_one_users_many_works_keep_one_place_and_another_is_next(pool):
    async def scenario():
        works, order, free = turns.Turns(pool, 1, turns.Purses()), [], threading.Event()

        def work(name):
            free.wait(10)
            order.append(name)

        begun = [asyncio.create_task(works.do("mira", lambda k=k: work(f"mira {k}"))) for k in range(5)]
        await asyncio.sleep(0)
        begun.append(asyncio.create_task(works.do("noor", lambda: work("noor"))))
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*begun)
        assert order.index("noor") <= 1
        assert sorted(order)[:5] == [f"mira {k}" for k in range(5)]
        assert not works._theirs

    asyncio.run(scenario())


def test_who_gives_up_keeps_the_place_until_the_work_is_done(pool):
    async def scenario():
        works, free, order = turns.Turns(pool, 2, turns.Purses()), threading.Event(), []
        first = asyncio.create_task(works.do("mira", lambda: free.wait(10) and order.append(1)))
        await asyncio.sleep(0.01)
        first.cancel()
        second = asyncio.create_task(works.do("mira", lambda: order.append(2)))
        await asyncio.sleep(0.02)
        assert not order
        free.set()
        await second
        assert order == [1, 2]

    asyncio.run(scenario())
