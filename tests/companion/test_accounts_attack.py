"""Sign-in under attack: floods and guesses."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from companion.accounts import passwords, throttle
from companion.database import database
from companion.errors import TooMany, Unavailable
from tests.companion import mailbox
from tests.companion.applications import another
from tests.companion.people import PASSWORD

SECONDS = 30


class Slow:
    """A hasher that works until it is let go: how many are at it can be counted without a clock."""

    def __init__(self):
        self._cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.go, self.at_work, self._lock = threading.Event(), 0, threading.Lock()
        self.most = 0

    def verify(self, hashed, password):
        with self._lock:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        assert self.go.wait(SECONDS)
        with self._lock:
            self.at_work -= 1
        return self._cheap.verify(hashed, password)

    def check_needs_rehash(self, _hashed):
        return False


def test_a_flood_of_sign_ins_is_turned_away_while_others_are_served(app, mira, monkeypatch):
    """Eight threads, as the web process has; twenty-four sign-ins come in before anybody else."""
    slow = Slow()
    monkeypatch.setattr(passwords, "_hasher", slow)
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", SECONDS)
    passwords.install(8)
    cookie = mira.client.get_cookie("rackdeck").value
    left = threading.Semaphore(0)

    def guess(number):
        client = app.test_client()
        body = {"email": f"guess{number}@example.org", "password": PASSWORD}
        answer = client.post("/api/v1/session", json=body)
        database.close()
        left.release()
        return answer

    def read():
        client = app.test_client()
        client.set_cookie("rackdeck", cookie)
        answer = client.get("/api/v1/session")
        database.close()
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(guess, number) for number in range(24)]
        try:
            others = [pool.submit(read) for _ in range(20)]
            assert [one.result(SECONDS) for one in others] == [200] * 20, "served while hashing stands still"
            for _ in range(20):  # all but those with a place at the gate were answered already
                assert left.acquire(timeout=SECONDS)
            assert not left.acquire(blocking=False)
        finally:
            slow.go.set()
        answers = [one.result(SECONDS) for one in guesses]
    assert slow.most <= passwords.AT_ONCE
    assert sorted(answer.status_code for answer in answers) == [401] * 4 + [503] * 20
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["Retry-After"]
    assert "too many people" in refused.json["detail"]


def test_whoever_waits_for_a_place_is_refused_in_the_end(monkeypatch):
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    gate = passwords.Gate(threads=8)
    with gate.passed(), gate.passed(), pytest.raises(Unavailable), gate.passed():
        pytest.fail("two hash already")
    with gate.passed(), gate.passed():
        pass


def test_one_account_is_guessed_at_ten_times_from_however_many_addresses(settings, app, mira):
    app = another(settings, limits=True)

    def attempt(number, password="Wrong 1st password", email=mira.email):
        body = {"email": email, "password": password}
        return app.test_client().post("/api/v1/session", json=body, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"})

    assert [attempt(number).status_code for number in range(10)] == [401] * 10
    held = attempt(11, PASSWORD)
    assert held.status_code == 429
    assert int(held.headers["Retry-After"]) > 0
    assert "passkey" in held.json["detail"]
    unknown = [attempt(number, email="nobody@example.org").status_code for number in range(20, 31)]
    assert unknown == [401] * 10 + [429], "an unknown address is held up just so"


def test_a_right_password_forgives_the_wrong_ones(settings, app, mira):
    app = another(settings, limits=True)
    for number in range(25):
        right = number % 5 == 4
        body = {"email": mira.email, "password": PASSWORD if right else "Wrong 1st password"}
        answer = app.test_client().post("/api/v1/session", json=body, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"})
        assert answer.status_code == (201 if right else 401)


def test_who_is_held_up_gets_in_by_a_new_password(settings, app, mira):
    app = another(settings, limits=True)
    with pytest.raises(TooMany):
        for _ in range(11):
            throttle.count("password", mira.id)
    client = app.test_client()
    assert client.post("/api/v1/accounts/reset", json={"email": mira.email}).status_code == 202
    token = mailbox.secret(settings, mira.email, "reset")
    body = {"token": token, "password": "Another 2nd one"}
    assert client.post("/api/v1/accounts/reset/password", json=body).status_code == 204


def test_one_address_signs_in_five_times_a_minute(settings, app, mira):
    client = another(settings, limits=True).test_client()
    body = {"email": "nobody@example.org", "password": PASSWORD}
    answers = [client.post("/api/v1/session", json=body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["Retry-After"]
