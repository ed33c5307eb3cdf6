"""Slow senders keep some of the threads, and never all."""

import contextlib

import pytest

from companion.errors import Unavailable
from companion.web import bodies
from companion.web.bodies import EACH, Bodies


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(bodies, "WAIT_SECONDS", 0.01)


def test_an_address_reads_a_few_bodies_at_one_time_and_others_read_theirs():
    gate = Bodies(16)
    with contextlib.ExitStack() as slow:
        for _ in range(EACH):
            slow.enter_context(gate.reading("10.0.0.1"))
        with pytest.raises(Unavailable), gate.reading("10.0.0.1"):
            pass
        with gate.reading("10.0.0.2"):
            pass
    with gate.reading("10.0.0.1"):
        pass


def test_half_of_the_threads_never_wait_for_a_sender():
    gate = Bodies(8)
    with contextlib.ExitStack() as slow:
        for number in range(4):
            slow.enter_context(gate.reading("", f"user {number}"))
        with pytest.raises(Unavailable), gate.reading("10.0.0.9"):
            pass


def test_a_user_reads_a_few_bodies_at_one_time_from_however_many_addresses():
    gate = Bodies(16)
    with contextlib.ExitStack() as slow:
        for number in range(EACH):
            slow.enter_context(gate.reading(f"10.0.0.{number}", "mira"))
        with pytest.raises(Unavailable), gate.reading("10.0.0.9", "mira"):
            pass
        with gate.reading("10.0.0.0", "noor"), gate.reading("10.0.0.0"):
            pass


def test_strangers_leave_a_place_to_who_is_signed_in():
    gate = Bodies(8)
    with contextlib.ExitStack() as slow:
        for number in range(3):
            slow.enter_context(gate.reading(f"10.0.0.{number}"))
        with pytest.raises(Unavailable), gate.reading("10.0.0.9"):
            pass
        with gate.reading("10.0.0.9", "mira"):
            pass


def test_what_a_client_sends_is_read_within_the_gate(app, mira, monkeypatch):
    asked = []

    @contextlib.contextmanager
    def reading(_self, address, user=""):
        asked.append((address, user))
        yield

    monkeypatch.setattr(Bodies, "reading", reading)
    assert mira.post("/projects", {"title": "Slow"}).status_code == 201
    assert mira.get("/projects").status_code == 200
    assert asked == [("127.0.0.1", mira.id)]
