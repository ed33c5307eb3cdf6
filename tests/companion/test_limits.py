"""How often somebody may call."""

import shutil
import subprocess
import threading

import pytest

from companion.config import Settings
from companion.errors import TooMany
from companion.web.limits import TABLE, Limiter, Memory, address_of
from tests.companion import things
from tests.companion.people import PASSWORD, Person
from tests.companion.servers import free_port, wait_for_port


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"limits": True})


@pytest.fixture
def app(settings):
    return things.create_app(settings)


def test_the_allowances_are_those_promised():
    assert TABLE["api"] == (1000, 3600)
    assert TABLE["auth"] == (10, 900)
    assert TABLE["login"] == (5, 60)
    assert TABLE["upload"] == (5000, 3600)


def test_a_window_gives_what_it_promises_and_slides(clock):
    memory = Memory(clock)
    assert [memory.hit("login", "a", 5, 60)[:2] for _ in range(6)] == [
        (True, 4), (True, 3), (True, 2), (True, 1), (True, 0), (False, 0),
    ]  # fmt: skip
    wait = memory.hit("login", "a", 5, 60)[2]
    clock.now += wait - 0.01
    assert not memory.hit("login", "a", 5, 60)[0]
    clock.now += 0.02
    assert memory.hit("login", "a", 5, 60)[0]
    assert not memory.hit("login", "a", 5, 60)[0]
    clock.now += 120
    assert [memory.hit("login", "a", 5, 60)[0] for _ in range(6)] == [True] * 5 + [False]


def test_never_more_than_the_allowance_in_any_window_by_much(clock):
    """Calls as fast as is allowed: the estimate lets no burst of twice the allowance through at a window's edge."""
    memory, times = Memory(clock), []
    clock.now += 59
    for _ in range(4000):
        if memory.hit("api", "a", 10, 60)[0]:
            times.append(clock.now)
        clock.now += 0.1
    for first in times:
        assert sum(first <= time < first + 60 for time in times) <= 15


def test_callers_and_kinds_do_not_share(clock):
    memory = Memory(clock)
    memory.hit("login", "a", 1, 60)
    assert memory.hit("login", "b", 1, 60)[0]
    assert memory.hit("auth", "a", 1, 60)[0]
    memory.clear("login", "a", 1, 60)
    assert memory.hit("login", "a", 1, 60)[0]


def test_callers_who_went_away_are_forgotten(clock):
    memory = Memory(clock)
    for number in range(500):
        memory.hit("api", str(number), 10, 3600)
    clock.now += 8000
    for _ in range(10_000):
        memory.hit("api", "a", 100_000, 3600)
    assert len(memory._rows) == 1


def test_counting_from_many_threads_loses_nothing(clock):
    memory = Memory(clock)
    allowed = []

    def call():
        allowed.extend(memory.hit("api", "a", 1000, 3600)[0] for _ in range(400))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 1000


@pytest.mark.parametrize(
    ("remote", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("what:ever", "what:ever"),
        (None, ""),
    ],
)
def test_an_ipv6_address_counts_as_its_network(remote, counted):
    assert address_of(remote) == counted


def test_every_answer_tells_what_is_left(app, admin):
    token = _token(app, admin)
    first = app.test_client().get("/api/v1/things/x", headers=token).headers
    second = app.test_client().get("/api/v1/things/x", headers=token).headers
    assert first["RateLimit-Policy"] == '"api";q=1000;w=3600'
    assert first["RateLimit"] == '"api";r=999;t=3600'
    assert second["RateLimit"].startswith('"api";r=998;t=')


def test_the_page_may_read_more_than_programs(admin):
    assert admin.get("/things/x").headers["RateLimit-Policy"] == '"page";q=3000;w=3600'
    assert admin.delete("/things/x").headers["RateLimit-Policy"] == '"api";q=1000;w=3600'


def test_too_many_sign_ins_are_refused_with_the_time_to_wait(app, admin):
    client = app.test_client()
    wrong = {"email": admin.email, "password": "not it"}
    answers = [client.post("/api/v1/session", json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    refused = answers[-1]
    assert refused.json["type"] == "/problems/too-many-requests"
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"] > 0
    assert refused.headers["RateLimit"].startswith('"login";r=0;t=')
    right = {"email": admin.email, "password": PASSWORD}
    assert client.post("/api/v1/session", json=right).status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    assert client.post("/api/v1/session", json=right, environ_overrides=elsewhere).status_code < 300


def test_an_account_buys_no_more_guesses(app, admin):
    wrong = {"email": "another@example.org", "password": "not it"}
    for _ in range(5):
        app.test_client().post("/api/v1/session", json=wrong)
    assert admin.post("/session", wrong).status_code == 429


def test_users_behind_one_address_do_not_share_their_allowance(app, admin):
    other = Person(app, "Noor")
    admin.delete("/things/x")
    assert other.delete("/things/x").headers["RateLimit"].startswith('"api";r=999')


def test_guessing_tokens_and_addresses_is_counted(app):
    client = app.test_client()
    for _ in range(2):
        bad = client.get("/api/v1/things/x", headers={"Authorization": "Bearer guess"})
    assert bad.status_code == 401
    assert _left(app, "api", "127.0.0.1") == 1000 - 3
    client.get("/wp-admin")
    assert client.get("/wp-admin").headers["RateLimit"].startswith('"page";r=2998')


def _left(app, name, caller):
    """Calls left, by asking once more."""
    answer = app.test_client().get("/api/v1/things/x")
    assert answer.status_code == 401
    assert answer.headers["RateLimit-Policy"].startswith(f'"{name}"')
    return int(answer.headers["RateLimit"].partition("r=")[2].partition(";")[0])


def test_who_is_not_a_trusted_proxy_cannot_choose_its_address(app):
    client = app.test_client()
    for number in range(6):
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        answer = client.post("/api/v1/session", json={"email": "a@example.org", "password": "x"}, headers=headers)
    assert answer.status_code == 429


def test_behind_a_trusted_proxy_the_address_is_the_one_it_saw(settings):
    app = things.create_app(settings.model_copy(update={"trusted_proxies": 1}))
    client = app.test_client()

    def call(forwarded):
        headers = {"X-Forwarded-For": forwarded}
        return client.post("/api/v1/session", json={"email": "a@example.org", "password": "x"}, headers=headers)

    answers = [call(f"198.51.100.{number}, 192.0.2.1").status_code for number in range(6)]
    assert answers[-1] == 429
    assert call("198.51.100.1, 192.0.2.2").status_code == 401


def test_a_factor_changes_all_allowances(tmp_path):
    limiter = Limiter(Settings(folder=tmp_path, limit_factor=0.2))
    assert limiter.hit("login", "a").most == 1
    with pytest.raises(TooMany):
        limiter.hit("login", "a")


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    if not shutil.which("redis-server"):
        pytest.skip("Redis is not installed")
    port = free_port()
    words = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path_factory.mktemp("redis"))]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    wait_for_port(port, server)
    yield f"redis://127.0.0.1:{port}/0", server
    server.terminate()
    server.wait()


def test_processes_share_their_counts_by_redis_and_go_on_without_it(redis, tmp_path):
    address, server = redis
    settings = Settings(folder=tmp_path, redis_url=address)
    one, other = Limiter(settings), Limiter(settings)
    for limiter in (one, other, one, other, one):
        limiter.hit("login", "a")
    with pytest.raises(TooMany):
        other.hit("login", "a")
    one.clear("login", "a")
    assert other.hit("login", "a").left == 4
    doubled = Limiter(settings.model_copy(update={"limit_factor": 2}))
    doubled.hit("login", "b")
    doubled.clear("login", "b")
    assert doubled.hit("login", "b").left == 9
    server.terminate()
    server.wait()
    assert one.hit("login", "a").left == 4
    one.clear("login", "a")
    assert one.hit("login", "a").left == 4


def _token(app, person):
    answer = app.test_client().post("/api/v1/tokens", json={"email": person.email, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json['token']}"}
