"""What every route has in common: repetition, ETags, problems, what is refused before a view sees it."""

import json
import threading

import peewee
import pytest

from companion.accounts import service
from companion.database import connection
from companion.web import conditional, idempotency, paging
from companion.web.idempotency import Repeat
from tests.companion import things
from tests.companion.applications import another
from tests.companion.things import Thing


@pytest.fixture
def app(settings):
    things.during.clear()
    yield things.create_app(settings)
    things.during.clear()


def make(person, key="k1", name="A", **more):
    return person.post("/things", {"name": name, **more}, headers={"Idempotency-Key": key})


def count():
    with connection():
        return Thing.select().count()


def test_a_repeated_post_has_one_effect_and_the_same_answer(mira):
    first, again = make(mira), make(mira)
    assert first.status_code == again.status_code == 201
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert count() == 1


def test_without_a_key_every_post_counts(mira):
    mira.post("/things", {"name": "A"})
    mira.post("/things", {"name": "A"})
    assert count() == 2


def test_a_key_with_another_body_is_refused(mira):
    make(mira)
    answer = make(mira, name="B")
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["detail"]
    assert count() == 1


def test_a_key_is_its_users_own(mira, noor):
    assert make(mira).json["id"] != make(noor).json["id"]


def test_a_key_too_long_is_refused(mira):
    assert make(mira, key="k" * 201).status_code == 422


def test_a_refused_post_frees_its_key(mira):
    assert make(mira, name="late refusal").status_code == 409
    assert count() == 0
    assert make(mira, name="B").status_code == 201


def test_a_post_that_fails_frees_its_key_and_leaves_nothing(mira):
    things.during.append(lambda: 1 / 0)
    assert make(mira).status_code == 500
    assert count() == 0
    things.during.clear()
    assert make(mira).status_code == 201


def test_the_same_post_at_the_same_time_has_one_effect(app, mira):
    answers = []
    inside, go_on = threading.Event(), threading.Event()
    things.during.append(lambda: (inside.set(), go_on.wait(10)))
    gate = threading.Barrier(4)

    def call():
        gate.wait()
        answers.append(make(mira))
        things.database.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert inside.wait(10)
    go_on.set()
    for thread in threads:
        thread.join()
    assert count() == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json["id"] for answer in answers if answer.status_code == 201}) == 1


def test_a_repetition_during_the_work_is_told_to_ask_again(mira):
    with connection():
        number = idempotency.digest(mira.id, "/api/v1/things", "k1")
        Repeat.create(id=number, request=_sent("A"), attempt="another")
    answer = make(mira)
    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "1"
    assert count() == 0


def test_what_a_dead_process_began_is_taken_over(mira):
    with connection():
        number = idempotency.digest(mira.id, "/api/v1/things", "k1")
        old = idempotency.now() - idempotency.ABANDONED_MS - 1
        Repeat.create(id=number, request=_sent("A"), attempt="dead", at=old)
    assert make(mira).status_code == 201
    assert count() == 1


def test_who_lost_the_key_to_another_has_no_effect(mira):
    things.during.append(lambda: Repeat.update(attempt="another").execute())
    assert make(mira).status_code == 409
    assert count() == 0


def test_a_key_is_forgotten_after_a_day(mira):
    first = make(mira)
    with connection():
        Repeat.update(at=idempotency.now() - idempotency.KEEP_MS - 1).execute()
    assert make(mira).json["id"] != first.json["id"]
    with connection():
        Repeat.update(at=idempotency.now() - idempotency.KEEP_MS - 1).execute()
        assert idempotency.forget() == 1


def test_stored_answers_cannot_be_read_in_the_database(mira):
    make(mira, name="a secret name")
    with connection():
        stored = bytes(Repeat.get().answer)
    assert b"secret" not in stored


def _sent(name):
    """The digest of what `make` sends."""
    body = f'{{"name": "{name}"}}'
    return idempotency.digest("", body.encode().hex())


@pytest.fixture
def thing(mira):
    return f"/things/{mira.post('/things', {'name': 'A'}).json['id']}"


def test_an_answer_that_is_known_is_not_sent_again(mira, thing):
    first = mira.get(thing)
    tag = first.headers["ETag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = mira.get(thing, headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.data == b""
        assert again.headers["ETag"] == tag
    mira.patch(thing, {"name": "B"})
    assert mira.get(thing, headers={"If-None-Match": tag}).status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_a_part_of_a_tag_is_not_the_tag():
    assert not conditional.listed('"abcdef"', '"abc"', weak=True)
    assert not conditional.listed('W/"abc"', '"abc"', weak=False)
    assert conditional.listed('W/"abc"', '"abc"', weak=True)


def test_nobody_overwrites_what_they_have_not_seen(mira, thing):
    seen = mira.get(thing).headers["ETag"]
    mira.patch(thing, {"name": "B"})
    for answer in (
        mira.patch(thing, {"name": "C"}, headers={"If-Match": seen}),
        mira.delete(thing, headers={"If-Match": seen}),
    ):
        assert answer.status_code == 412
    assert mira.get(thing).json["name"] == "B"
    seen = mira.get(thing).headers["ETag"]
    assert mira.patch(thing, {"name": "C"}, headers={"If-Match": seen}).status_code == 200
    assert mira.patch(thing, {"name": "D"}, headers={"If-Match": "*"}).status_code == 200


def test_if_match_holds_for_nothing_where_there_is_nothing(mira, noor, thing):
    assert noor.delete(thing, headers={"If-Match": "*"}).status_code == 412
    assert mira.put(f"{thing}/unseen", headers={"If-Match": "*"}).status_code == 412
    assert mira.put(f"{thing}/unseen").status_code == 204


def test_head_answers_as_get_without_a_body(mira, thing):
    got, head = mira.get(thing), mira.client.head(f"/api/v1{thing}")
    assert head.data == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize(
    ("status", "slug", "method", "path", "options"),
    [
        (404, "not-found", "GET", "/nothing", {}),
        (405, "method-not-allowed", "PUT", "/things", {"json": {}}),
        (400, "bad-request", "POST", "/things", {"data": b"{", "content_type": "application/json"}),
        (413, "too-large", "POST", "/things", {"json": {"name": "x" * (1 << 20)}}),
        (415, "wrong-type", "POST", "/things", {"data": b"<a/>", "content_type": "text/xml"}),
        (422, "invalid", "POST", "/things", {"json": {"name": 3}}),
        (422, "invalid", "POST", "/things", {"json": {"name": "A", "more": 1}}),
        (422, "invalid", "POST", "/things", {"json": {"name": "a\0b"}}),
        (422, "invalid", "POST", "/things", {"json": {"name": "A", "size": 1 << 63}}),
        (400, "bad-request", "GET", "/things/a%00b", {}),
        (500, "our-fault", "POST", "/things/broken", {}),
    ],
)
def test_every_refusal_is_a_problem_with_a_page_that_explains_it(mira, status, slug, method, path, options):
    answer = mira.client.open(f"/api/v1{path}", method=method, headers={"X-CSRF-Token": mira.csrf}, **options)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"] == f"/problems/{slug}"
    assert answer.json["request"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = mira.client.get(answer.json["type"])
    assert page.status_code == 200
    assert f"<h1>{slug}</h1>" in page.text
    if status == 405:
        assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_bug_says_nothing_of_itself(mira):
    answer = mira.post("/things/broken")
    assert "a bug" not in answer.text
    assert "Traceback" not in answer.text


def test_what_does_not_fit_is_told_by_field(mira):
    answer = mira.post("/things", {"name": 3, "size": "x"})
    assert {row["field"] for row in answer.json["errors"]} == {"name", "size"}


def test_all_kinds_of_problems_are_on_one_page(app):
    page = app.test_client().get("/problems").text
    for slug in ("not-found", "over-quota", "our-fault", "method-not-allowed", "too-many-requests"):
        assert f"<code>{slug}</code>" in page
    assert app.test_client().get("/problems/nothing").status_code == 404


def test_a_route_cannot_be_registered_without_a_rule(settings):
    forgetful = things.Api("forgetful", "Forgetful")
    forgetful.add_url_rule("/forgotten", "forgotten", lambda: "")
    domains = things.application.DOMAINS
    things.application.DOMAINS = (*domains, forgetful)
    try:
        with pytest.raises(AssertionError, match=r"forgetful\.forgotten"):
            things.application.create_app(settings)
    finally:
        things.application.DOMAINS = domains


def test_protecting_headers_are_sent_once(app):
    headers = app.test_client().get("/problems").headers
    assert headers.getlist("Content-Security-Policy") == [headers["Content-Security-Policy"]]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_page_of_another_site_changes_nothing(mira):
    answer = mira.post("/things", {"name": "A"}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert count() == 0


def test_every_request_leaves_one_line_of_json_in_the_log(mira, caplog):
    with caplog.at_level("INFO", "companion.request"):
        answer = mira.client.get('/api/v1/no"thing')
    (line,) = [json.loads(row.message) for row in caplog.records if row.name == "companion.request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", '/api/v1/no"thing', 404)
    assert line["request"] == answer.headers["X-Request-Id"]
    assert line["from"] == "127.0.0.1"
    assert line["ms"] >= 0


@pytest.mark.parametrize("value", [10**30, True, 1.5])
def test_a_cursor_that_we_never_made_is_refused(mira, value):
    after = paging.encode([value])
    assert mira.get(f"/account/activity?after={after}").status_code == 422
    assert mira.get(f"/notices?after={paging.encode(['a' + chr(0)])}").status_code == 422


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("rebound.example:8000", False),
        ("localhost.example", False),
    ],
)
def test_a_companion_for_this_machine_answers_to_no_other_name(app, host, known):
    answer = app.test_client().get("/healthz", headers={"Host": host})
    assert answer.status_code == (200 if known else 400)
    assert known or "localhost" in answer.json["detail"]


def test_a_companion_with_a_name_answers_to_it(settings):
    client = another(settings, public_url="https://music.example.org").test_client()
    assert client.get("/healthz", headers={"Host": "music.example.org"}).status_code == 200
    client = another(settings, host="0.0.0.0").test_client()
    assert client.get("/healthz", headers={"Host": "box.lan:8000"}).status_code == 200


def test_a_full_disk_is_called_by_its_name(mira, monkeypatch):
    def full(*_words, **_options):
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr(service, "rename", full)
    answer = mira.patch("/account", {"name": "Mira"})
    assert answer.status_code == 503
    assert "disk is full" in answer.json["detail"]
