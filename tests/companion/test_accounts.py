"""Signing up and in, sessions, tokens."""

import threading

import jwt
import pytest

from companion.accounts import invitations, passwords, service
from companion.accounts.models import RefreshToken, Session, User
from companion.audit.models import AuditEntry
from companion.database import connection, database, now
from companion.errors import Invalid
from tests.companion.applications import another
from tests.companion.people import PASSWORD

DAY = 24 * 3600 * 1000


def sign_in(client, email, password=PASSWORD):
    return client.post("/api/v1/session", json={"email": email, "password": password})


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_who_signs_up_is_signed_in_and_the_first_administers(admin, mira):
    assert admin.get("/session").json["user"]["access"] == "admin"
    assert mira.get("/session").json["user"]["access"] == "artist"


def test_an_address_has_one_account_however_it_is_written(app, mira):
    answer = app.test_client().post(
        "/api/v1/accounts", json={"email": mira.email.upper(), "name": "Other", "password": PASSWORD}
    )
    assert answer.status_code == 409
    assert "sign in" in answer.json["detail"]


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("Aa1!", "8 to 256"),
        ("lower1!case", "a capital letter"),
        ("UPPER1!CASE", "a small letter"),
        ("NoDigits!!", "a digit"),
        ("NoSpecial11", "a special character"),
        ("Mira2024!", "name or address"),
        ("Mira.Example1!", "name or address"),
        ("MIRA@example.org1", "name or address"),
        ("P@ssw0rd1!", "tried first"),
        ("Qwerty123!", "tried first"),
        ("L3tme1n!!", "tried first"),
        ("Rackdeck-2026", "tried first"),
    ],
)
def test_a_weak_password_is_refused_with_what_it_lacks(password, said):
    with pytest.raises(Invalid, match=said):
        passwords.check_rules(password, "Mira", "mira@example.org")


def test_a_password_with_a_name_in_it_is_fine_when_there_is_more():
    passwords.check_rules("Mira has 3 grey cats", "Mira", "mira@example.org")


def test_where_sign_up_is_closed_nobody_signs_up(settings):
    for mode in ("closed", "invited"):
        client = another(settings, sign_up=mode).test_client()
        answer = client.post("/api/v1/accounts", json={"email": "a@example.org", "name": "A", "password": PASSWORD})
        assert answer.status_code == 403
        ways = client.get("/api/v1/sign-in").json
        assert (ways["sign_up"], ways["mails"]) == (mode, False)


@pytest.mark.parametrize("mode", ["closed", "invited"])
def test_a_link_from_the_shell_makes_the_first_account_however_sign_up_is(settings, mode):
    client = another(settings, sign_up=mode).test_client()
    with connection():
        secret = invitations.link("", "a@example.org").partition("#")[2]
    body = {"email": "a@example.org", "name": "A", "password": PASSWORD, "invitation": secret}
    made = client.post("/api/v1/accounts", json=body)
    assert (made.status_code, made.json["user"]["access"]) == (201, "admin")
    again = body | {"email": "b@example.org"}
    assert client.post("/api/v1/accounts", json=again).status_code == 403


def test_a_wrong_password_and_an_unknown_address_look_and_cost_the_same(app, mira, monkeypatch):
    work = []
    verify = passwords._hasher.verify

    class Counting:
        check_needs_rehash = passwords._hasher.check_needs_rehash

        @staticmethod
        def verify(hashed, password):
            work.append(hashed)
            return verify(hashed, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    client = app.test_client()
    wrong = sign_in(client, mira.email, "Wrong 1st password")
    unknown = sign_in(client, "nobody@example.org", "Wrong 1st password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json["detail"] == unknown.json["detail"]
    assert len(work) == 2, "one hashing each"
    assert len({hashed.rsplit("$", 2)[0] for hashed in work}) == 1, "of the same cost"


def test_a_session_slides_and_ends_seven_days_after_its_last_use(app, mira):
    session = mira.get("/account/sessions").json["items"][0]["id"]
    with connection():
        Session.update(seen=now() - 120_000, expires=now() + DAY).where(Session.id == session).execute()
    answer = mira.get("/session")
    assert "Max-Age=604800" in answer.headers["Set-Cookie"]
    with connection():
        assert Session.get_by_id(session).expires > now() + 6.9 * DAY
        Session.update(expires=now() - 1).where(Session.id == session).execute()
    assert mira.get("/session").status_code == 401


def test_a_session_ends_thirty_days_after_its_beginning_however_it_is_used(app, mira):
    pair = app.test_client().post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json
    begun = now() - 29 * DAY
    with connection():
        Session.update(created=begun, seen=now() - 120_000).execute()
    assert mira.get("/session").status_code == 200
    body = {"refresh_token": pair["refresh_token"]}
    assert app.test_client().post("/api/v1/tokens/refresh", json=body).status_code == 201
    with connection():
        assert [row.expires for row in Session.select()].count(begun + 30 * DAY) == 2


def test_the_cookie_is_kept_from_scripts_and_other_sites(settings, app, mira):
    cookie = sign_in(app.test_client(), mira.email).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    app = another(settings, public_url="https://music.example.org")
    client = app.test_client()
    body, there = {"email": mira.email, "password": PASSWORD}, "https://music.example.org"
    cookie = client.post("/api/v1/session", json=body, base_url=there).headers["Set-Cookie"]
    assert cookie.startswith("__Host-rackdeck=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Secure"} <= set(cookie.split("; "))
    assert client.get("/api/v1/session", base_url=there).status_code == 200
    schemes = client.get("/api/v1/openapi.json").json["components"]["securitySchemes"]
    assert schemes["cookie"]["name"] == "__Host-rackdeck"


def test_a_sign_in_takes_the_place_of_the_session_that_the_browser_had(app, mira):
    before = mira.client.get_cookie("rackdeck").value
    assert sign_in(mira.client, mira.email).status_code == 201
    assert len(mira.get("/account/sessions").json["items"]) == 1
    old = app.test_client()
    old.set_cookie("rackdeck", before)
    assert old.get("/api/v1/session").status_code == 401


def test_another_site_cannot_sign_somebody_in(app, mira):
    body = {"email": mira.email, "password": PASSWORD}
    answer = app.test_client().post("/api/v1/session", json=body, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["two\nlines", "turned \u202e round", "a\x00b"])
def test_a_name_is_one_line_of_text(mira, name):
    refused = mira.patch("/account", {"name": name})
    assert refused.status_code == 422
    assert "one line of text" in refused.json["detail"] or "NUL" in refused.json["detail"]


def test_no_writer_waits_for_a_password_to_be_hashed(mira, monkeypatch):
    held = []
    for name in ("hash_password", "matches"):
        real = getattr(passwords, name)
        monkeypatch.setattr(
            passwords,
            name,
            lambda *words, real=real, **more: held.append(database.in_transaction()) or real(*words, **more),
        )
    key = {"Idempotency-Key": "one"}
    assert mira.post("/session/proof", {"password": PASSWORD}, headers=key).status_code == 204
    assert mira.put("/account/password", {"old": PASSWORD, "new": "Another 2nd one"}).status_code == 204
    assert mira.post("/account/deletion", {"password": "Another 2nd one"}, headers=key).status_code == 202
    assert held == [False] * 4


def test_sessions_are_listed_and_ended_by_their_owner_alone(app, mira, noor):
    other = app.test_client()
    sign_in(other, mira.email)
    rows = mira.get("/account/sessions").json["items"]
    assert [row["current"] for row in rows] == [False, True]
    assert noor.delete(f"/account/sessions/{rows[0]['id']}").status_code == 404
    assert mira.delete(f"/account/sessions/{rows[0]['id']}").status_code == 204
    assert other.get("/api/v1/session").status_code == 401
    assert mira.get("/session").status_code == 200


def test_all_other_sessions_end_at_once(app, mira):
    clients = [app.test_client() for _ in range(2)]
    for client in clients:
        sign_in(client, mira.email)
    assert mira.delete("/account/sessions").json == {"ended": 2}
    assert [client.get("/api/v1/session").status_code for client in clients] == [401, 401]
    assert mira.get("/session").status_code == 200


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(app, mira):
    other = app.test_client()
    sign_in(other, mira.email)
    wrong = mira.put("/account/password", json={"old": "Wrong 1st password", "new": "Another 2nd one"})
    assert wrong.status_code == 403
    assert mira.put("/account/password", json={"old": PASSWORD, "new": "Another 2nd one"}).status_code == 204
    assert other.get("/api/v1/session").status_code == 401
    assert mira.get("/session").status_code == 200
    assert sign_in(other, mira.email).status_code == 401
    assert sign_in(other, mira.email, "Another 2nd one").status_code == 201


def test_a_page_that_does_not_send_its_token_changes_nothing(mira):
    assert mira.delete("/session", headers={"X-CSRF-Token": ""}).status_code == 403
    assert mira.get("/session").status_code == 200


def test_a_spent_refresh_token_ends_the_whole_session(app, mira):
    client = app.test_client()
    first = client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json
    second = client.post("/api/v1/tokens/refresh", json={"refresh_token": first["refresh_token"]}).json
    assert client.get("/api/v1/session", headers=bearer(second["token"])).status_code == 200
    stolen = client.post("/api/v1/tokens/refresh", json={"refresh_token": first["refresh_token"]})
    assert stolen.status_code == 401
    assert client.get("/api/v1/session", headers=bearer(second["token"])).status_code == 401
    again = client.post("/api/v1/tokens/refresh", json={"refresh_token": second["refresh_token"]})
    assert again.status_code == 401
    with connection():
        assert AuditEntry.select().where(AuditEntry.action == "token.replayed").count() == 1


def test_of_renewals_at_once_one_is_done_and_the_theft_is_noted_once(app, mira):
    pair = app.test_client().post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json
    codes, together = [], threading.Barrier(8)

    def renew():
        client = app.test_client()
        together.wait()
        codes.append(client.post("/api/v1/tokens/refresh", json={"refresh_token": pair["refresh_token"]}).status_code)
        database.close()  # which a request leaves open for its thread's next one

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201, *[401] * 7]
    with connection():
        assert AuditEntry.select().where(AuditEntry.action == "token.replayed").count() == 1


def test_a_closed_account_renews_no_token(app, mira):
    client = app.test_client()
    pair = client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json
    with connection():
        User.update(disabled=now()).where(User.id == mira.id).execute()
    assert client.get("/api/v1/session", headers=bearer(pair["token"])).status_code == 401
    renewed = client.post("/api/v1/tokens/refresh", json={"refresh_token": pair["refresh_token"]})
    assert renewed.status_code == 401
    assert sign_in(client, mira.email).status_code == 401


def test_a_token_that_was_not_made_here_opens_nothing(app, mira):
    client = app.test_client()
    token = client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json["token"]
    head = {name: jwt.get_unverified_header(token)[name] for name in ("kid", "typ")}
    claims = jwt.decode(token, options={"verify_signature": False})
    number, key = app.extensions["vault"].derived("tokens")
    forged = [
        jwt.encode(claims, None, "none", headers=head),
        jwt.encode(claims, b"x" * 32, "HS256", headers=head),
        jwt.encode(claims, key, "HS256", headers={"kid": str(number)}),  # of another type
        jwt.encode(claims, key, "HS256", headers=head | {"kid": "99"}),
        jwt.encode(claims | {"exp": now() // 1000 - 1}, key, "HS256", headers=head),
        jwt.encode({"exp": claims["exp"]}, key, "HS256", headers=head),
        jwt.encode(claims | {"sid": "0" * 26}, key, "HS256", headers=head),
        token[:-2],
        "rdk_" + "x" * 43,
    ]
    assert [client.get("/api/v1/session", headers=bearer(one)).status_code for one in forged] == [401] * len(forged)
    assert client.get("/api/v1/session", headers=bearer(token)).status_code == 200


def test_tokens_made_before_a_change_of_keys_still_work(app, mira):
    client = app.test_client()
    token = client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json["token"]
    with connection():
        app.extensions["vault"].rotate(force=True)
    newer = client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json["token"]
    assert jwt.get_unverified_header(token)["kid"] != jwt.get_unverified_header(newer)["kid"]
    assert [client.get("/api/v1/session", headers=bearer(one)).status_code for one in (token, newer)] == [200, 200]


def test_a_password_with_older_costs_is_hashed_again_at_sign_in(app, mira):
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with connection():
        User.update(password=weak).where(User.id == mira.id).execute()
    assert sign_in(app.test_client(), mira.email).status_code == 201
    with connection():
        assert not passwords.outdated(User.get_by_id(mira.id).password)


def test_what_has_expired_is_swept_away(app, mira):
    client = app.test_client()
    client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD})
    from companion.accounts import setup

    with connection():
        Session.update(expires=now() - 1).execute()
        RefreshToken.update(expires=now() - 1).execute()
        setup.keep_house()
        assert Session.select().count() == RefreshToken.select().count() == 0


def test_of_two_who_are_first_one_administers(app):
    with connection():
        first = service.create("a@example.org", "A")
        second = service.create("b@example.org", "B")
    assert (first.access, second.access) == (3, 2)
