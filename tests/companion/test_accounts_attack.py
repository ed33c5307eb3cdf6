"""Sign-in under attack: floods and guesses."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from companion.accounts import acquaintance, passwords, throttle
from companion.database import connection, database
from companion.errors import TooMany, Unavailable
from companion.web.remembered import Remembered
from tests.companion import mailbox
from tests.companion.applications import another
from tests.companion.people import PASSWORD

pytestmark = pytest.mark.slow

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
            for _ in range(22):  # all but those with a place at the gate were answered already
                assert left.acquire(timeout=SECONDS)
            assert not left.acquire(blocking=False)
        finally:
            slow.go.set()
        answers = [one.result(SECONDS) for one in guesses]
    assert slow.most <= passwords.AT_ONCE
    assert sorted(answer.status_code for answer in answers) == [401] * 2 + [503] * 22
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["Retry-After"]
    assert "too many people" in refused.json["detail"]


@pytest.mark.parametrize("known_by", ["mark", "address", "nothing"])
def test_who_signed_in_here_before_gets_in_through_a_flood(app, mira, monkeypatch, known_by):
    """Strangers from everywhere take all the places they can get, and keep them."""
    slow = Slow()
    monkeypatch.setattr(passwords, "_hasher", slow)
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", SECONDS)
    passwords.install(8)
    here = app.test_client()
    if known_by == "mark":  # which outlives the session
        here.set_cookie("rackdeck-mark", mira.client.get_cookie("rackdeck-mark").value)
        monkeypatch.setattr(acquaintance, "_addresses", Remembered())
    elif known_by == "nothing":
        monkeypatch.setattr(acquaintance, "_addresses", Remembered())
    answered = threading.Semaphore(0)

    def sign_in(client, address, email):
        body = {"email": email, "password": PASSWORD}
        answer = client.post("/api/v1/session", json=body, environ_base={"REMOTE_ADDR": address})
        database.close()
        answered.release()
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        try:
            for number in range(40):
                pool.submit(sign_in, app.test_client(), f"10.0.0.{number}", f"guess{number}@example.org")
            for _ in range(38):
                assert answered.acquire(timeout=SECONDS)
            honest = pool.submit(sign_in, here, "127.0.0.1" if known_by == "address" else "10.1.0.1", mira.email)
            if known_by == "nothing":
                assert honest.result(SECONDS) == 503
        finally:
            slow.go.set()
        assert honest.result(SECONDS) == (503 if known_by == "nothing" else 201)


def test_a_good_record_counts_for_one_account_and_cannot_be_made_up(app, mira, noor):
    vault = app.extensions["vault"]
    with connection():
        mark = acquaintance.mark(vault, mira.email)
        assert acquaintance.known(vault, f" {mira.email.upper()}", mark, "10.0.0.1")
        assert not acquaintance.known(vault, noor.email, mark, "10.0.0.1")
        number, _, signed = mark.partition(".")
        made_up = (
            f"9{number}.{signed}",
            f"{number}.",
            f"0.{signed}",
            f"-1.{signed}",
            "",
            ".",
            "x",
            f"{mark}0",
            "9" * 400,
        )
        for other in made_up:
            assert not acquaintance.known(vault, mira.email, other, "10.0.0.1"), other
        assert acquaintance.known(vault, mira.email, "", "127.0.0.1"), "she signed up from there"
        assert not acquaintance.known(vault, "nobody@example.org", "", "127.0.0.1")


def test_whoever_waits_for_a_place_is_refused_in_the_end(monkeypatch):
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    gate = passwords.Gate(threads=8)
    with gate.passed(), gate.passed(), pytest.raises(Unavailable), gate.passed(known=True):
        pytest.fail("two hash already")
    with gate.passed(), gate.passed(), pytest.raises(Unavailable), gate.passed():
        pytest.fail("strangers have two places")
    with gate.passed(known=True), gate.passed():
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
