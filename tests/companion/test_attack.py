"""Attacks that go for every route, every token and every name at once."""

import base64
import hashlib
import hmac
import json
import re
import threading

import jwt
import pytest

from companion.database import connection, database, now
from companion.mail import service as mail
from companion.projects.models import Member
from companion.storage.sending import disposition
from companion.web.identity import Access
from tests.companion import mailbox
from tests.companion.people import PASSWORD
from tests.companion.shared import mails, secret_in

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
NASTY = [
    "two\r\nBcc: eve@example.org",
    "two\nlines",
    "\u2028next",
    "x\x85y",
    '"; filename="evil.exe',
    "ü" * 60,
    "%0d%0aSet-Cookie: a=b",
]


def writes(app):
    """(endpoint, method, path) of each route that changes something for who is signed in."""
    rules = app.extensions["rules"]
    for route in app.url_map.iter_rules():
        rule = rules.get(route.endpoint)
        if rule is not None and rule.access > Access.PUBLIC:
            for method in sorted(WRITES & (route.methods or set())):
                yield route.endpoint, method, re.sub(r"<[^>]*>", "1", route.rule)


def test_no_write_is_done_for_a_cookie_alone(app, admin):
    found = list(writes(app))
    assert len(found) > 80
    for endpoint, method, path in found:
        for headers in ({}, {"X-CSRF-Token": "x"}, {"Origin": "https://evil.example", "X-CSRF-Token": admin.csrf}):
            answer = admin.client.open(path, method=method, headers=headers, json={})
            assert answer.status_code == 403, (endpoint, method, headers)
            assert "page" in answer.json["detail"] or "site" in answer.json["detail"], (endpoint, answer.json)


def test_a_form_of_another_page_is_never_taken(app, mira):
    """What a browser sends without asking first: no JSON, no header of its own."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        body = json.dumps({"email": mira.email, "password": PASSWORD})
        answer = app.test_client().post("/api/v1/session", data=body, content_type=kind)
        assert answer.status_code == 415, kind


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_token_is_ours_by_our_key_and_our_algorithm_alone(app, mira):
    answer = app.test_client().post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD})
    token = answer.json["token"]
    head, claims_ = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})

    def status(made):
        return app.test_client().get("/api/v1/session", headers={"Authorization": f"Bearer {made}"}).status_code

    def signed(head, claims_, key=b"", hash_=hashlib.sha256):
        text = f"{encoded(head)}.{encoded(claims_)}"
        signature = base64.urlsafe_b64encode(hmac.digest(key, text.encode(), hash_)).decode().rstrip("=")
        return f"{text}.{signature}"

    assert status(token) == 200
    start, _, signature = token.rpartition(".")
    forged = [
        f"{encoded(head | {'alg': 'none'})}.{encoded(claims_)}.",
        f"{encoded(head | {'alg': 'None'})}.{encoded(claims_)}.{signature}",
        signed(head, claims_),
        signed(head | {"kid": "0"}, claims_),
        signed(head | {"kid": "999999"}, claims_),
        signed(head | {"kid": "../../etc/passwd"}, claims_, b"\n"),
        signed(head | {"kid": None}, claims_),
        signed(head | {"kid": ["1"]}, claims_),
        signed(head | {"jwk": {"kty": "oct", "k": ""}}, claims_),
        signed(head | {"alg": "HS512"}, claims_, hash_=hashlib.sha512),
        f"{encoded(head | {'alg': 'RS256'})}.{encoded(claims_)}.{signature}",
        f"{encoded(head | {'typ': 'JWT'})}.{encoded(claims_)}.{signature}",
        f"{start}.",
        f"{start}.{signature[:-2]}",
        f"{encoded(head)}.{encoded(claims_ | {'exp': claims_['exp'] + 9})}.{signature}",
        f"{token}.{signature}",
        "..",
        "a.b.c",
    ]
    for one in forged:
        assert status(one) == 401, one
    with connection():
        number, key = app.extensions["vault"].derived("tokens")
        other = app.extensions["vault"].derived("acquaintance", number)[1]
    good = {"kid": str(number), "typ": head["typ"]}
    assert status(jwt.encode(claims_, key, "HS256", headers=good)) == 200
    for name, hash_ in (("HS384", hashlib.sha384), ("HS512", hashlib.sha512), ("none", hashlib.sha256)):
        assert status(signed(good | {"alg": name}, claims_, key, hash_)) == 401, "our key, but another algorithm"
    assert status(signed(good | {"alg": "HS256"}, claims_, key)) == 200
    assert status(jwt.encode(claims_, other, "HS256", headers=good)) == 401, "a key of ours that is for something else"
    for missing in ("exp", "sid"):
        rest = {name: value for name, value in claims_.items() if name != missing}
        assert status(jwt.encode(rest, key, "HS256", headers=good)) == 401
    assert status(jwt.encode(claims_ | {"exp": now() // 1000 - 1}, key, "HS256", headers=good)) == 401


@pytest.mark.parametrize("name", NASTY)
def test_no_name_becomes_a_header(app, mira, settings, name):
    header = disposition(name, attach=True)
    assert header.isprintable()
    assert header.isascii()
    assert header.count('"') == 2
    with connection():
        mail.send(mira.email, "news", title=name, name=name, text=name, link="http://localhost/")
    sent = mailbox.mails(settings, mira.email)[-1]
    assert sent["Bcc"] is None
    assert set(sent.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    assert len(sent["Subject"].splitlines()) == 1
    assert " ".join(name.split())[:20] in sent["Subject"], "all of the name stays in the subject"


def test_a_mail_goes_to_one_address(app, mira):
    for address in ("mira@example.org, eve@example.org", "a@example.org\nBcc: eve@example.org", "eve <a@example.org>"):
        body = {"email": address, "name": "Eve", "password": PASSWORD}
        assert app.test_client().post("/api/v1/accounts", json=body).status_code == 422


def together(*works):
    """Do them at the same time, each with a connection of its own; returns what each answered or raised."""
    start, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        start.wait(10)
        try:
            found[place] = work()
        except Exception as exc:
            found[place] = exc
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_an_invitation_lets_one_in_however_many_come_at_once(app, mira, noor, admin):
    project = mira.post("/projects", {"title": "Boat"}).json["id"]
    mira.post(f"/projects/{project}/invitations", {"email": "third@example.org", "role": "editor"})
    secret = secret_in(mails(app, "third@example.org")[-1][1])
    body = {"secret": secret, "as_me": True}
    answers = together(
        *(lambda who=who: who.post("/project-invitations/accept", body).status_code for who in (noor, admin))
    )
    assert sorted(answers) == [200, 404]
    with connection():
        assert Member.select().where((Member.project == project) & (Member.user != mira.id)).count() == 1


def test_what_is_private_is_kept_for_who_is_signed_in_alone(app, admin, mira):
    for route in app.url_map.iter_rules():
        rule = app.extensions["rules"].get(route.endpoint)
        if (
            rule is not None
            and "GET" in (route.methods or ())
            and route.rule.startswith("/api/")
            and rule.access > Access.PUBLIC
        ):
            answer = admin.client.get(re.sub(r"<[^>]*>", "1", route.rule))
            kept = answer.headers["Cache-Control"]
            assert "public" not in kept, route.rule
            assert "private" in kept or "no-store" in kept, route.rule
            assert answer.headers.get("Access-Control-Allow-Origin") is None, route.rule
