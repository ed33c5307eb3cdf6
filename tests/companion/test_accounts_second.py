"""The second step of a sign-in: authenticator apps and recovery codes; and proofs of being here."""

import pyotp
import pytest

from companion.accounts import second, totp
from companion.accounts.models import Session, Ticket, Totp, User
from companion.database import connection, now
from companion.errors import TooMany
from tests.companion import mailbox
from tests.companion.applications import another
from tests.companion.people import PASSWORD


class App:
    """An authenticator app. Each `code` is of the next 30 seconds, as if time had gone on."""

    def __init__(self, secret):
        self._made, self._step = pyotp.TOTP(secret), now() // 30_000 - 1

    def code(self):
        self._step += 1
        return self._made.generate_otp(self._step)


@pytest.fixture
def clock(monkeypatch):
    """Time that a test moves on, for codes."""

    class Clock:
        ahead = 0

        def __call__(self):
            return now() + self.ahead

    made = Clock()
    monkeypatch.setattr(totp, "now", made)
    return made


@pytest.fixture
def phone(mira):
    """Mira's authenticator app, set up. `codes` are her recovery codes."""
    phone = App(mira.post("/account/totp").json["secret"])
    phone.code()
    answer = mira.post("/account/totp/confirm", json={"code": pyotp.TOTP(phone._made.secret).now()})
    assert answer.status_code == 201, answer.json
    phone.codes = answer.json["codes"]
    return phone


def begin(app, person):
    client = app.test_client()
    answer = client.post("/api/v1/session", json={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 201
    return client, answer.json


def finish(client, challenge, code):
    return client.post("/api/v1/session/second", json={"challenge": challenge, "code": code})


def later(clock, phone):
    """The code after the one before, when its time has come."""
    clock.ahead += 30_000
    return phone.code()


def test_setting_up_gives_a_secret_as_text_and_picture(mira):
    made = mira.post("/account/totp").json
    assert made["uri"].startswith("otpauth://totp/Rackdeck:")
    assert f"secret={made['secret']}" in made["uri"]
    assert made["picture"].startswith("data:image/svg+xml")


def test_a_secret_counts_only_once_a_code_of_it_came_back(app, mira):
    mira.post("/account/totp")
    assert begin(app, mira)[1]["user"] is not None
    assert mira.post("/account/totp/confirm", json={"code": "000000"}).status_code in (403, 201)


def test_with_an_app_a_password_alone_signs_nobody_in(app, mira, phone, clock):
    client, answer = begin(app, mira)
    assert answer["user"] is None
    assert client.get("/api/v1/session").status_code == 401
    done = finish(client, answer["challenge"], later(clock, phone))
    assert done.status_code == 201
    assert client.get("/api/v1/session").json["user"]["id"] == mira.id


def test_a_code_is_good_once(app, mira, phone, clock):
    code = later(clock, phone)
    client, answer = begin(app, mira)
    assert finish(client, answer["challenge"], code).status_code == 201
    client, answer = begin(app, mira)
    again = finish(client, answer["challenge"], code)
    assert again.status_code == 401
    assert "used before" in again.json["detail"]


def test_the_code_that_switched_it_on_signs_nobody_in(app, mira):
    secret = mira.post("/account/totp").json["secret"]
    code = pyotp.TOTP(secret).now()
    assert mira.post("/account/totp/confirm", json={"code": code}).status_code == 201
    client, answer = begin(app, mira)
    assert finish(client, answer["challenge"], code).status_code == 401


def test_a_challenge_is_good_once_and_for_five_minutes(app, mira, phone, clock):
    client, answer = begin(app, mira)
    assert finish(client, answer["challenge"], later(clock, phone)).status_code == 201
    assert finish(client, answer["challenge"], later(clock, phone)).status_code == 401
    client, answer = begin(app, mira)
    with connection():
        Ticket.update(expires=now() - 1).execute()
    assert finish(client, answer["challenge"], later(clock, phone)).status_code == 401


def test_a_challenge_takes_five_guesses(app, mira, phone, clock):
    client, answer = begin(app, mira)
    for _ in range(5):
        assert finish(client, answer["challenge"], "wrong").status_code == 401
    late = finish(client, answer["challenge"], later(clock, phone))
    assert late.status_code == 401
    assert "too many" in late.json["detail"]


def test_guessing_codes_is_held_up_over_all_challenges(settings, app, mira, phone, clock):
    app = another(settings, limits=True)
    with connection():
        user, vault = User.get_by_id(mira.id), app.extensions["vault"]
        for _ in range(5):
            with pytest.raises(Exception, match="not right"):
                second.check(vault, user, "wrong")
        with pytest.raises(TooMany):
            second.check(vault, user, later(clock, phone))


def test_a_recovery_code_stands_in_once_and_its_owner_hears_of_it(app, settings, mira, phone):
    assert len(set(phone.codes)) == 10
    client, answer = begin(app, mira)
    assert finish(client, answer["challenge"], phone.codes[0].upper().replace("-", " ")).status_code == 201
    client, answer = begin(app, mira)
    assert finish(client, answer["challenge"], phone.codes[0]).status_code == 401
    assert mira.get("/account/protection").json["recovery_left"] == 9
    assert any("recovery code was used" in mail.get_content() for mail in mailbox.mails(settings, mira.email))


def test_new_recovery_codes_make_the_old_worthless(app, mira, noor, phone):
    assert noor.post("/account/recovery").status_code == 409
    fresh = mira.post("/account/recovery").json["codes"]
    client, answer = begin(app, mira)
    assert finish(client, answer["challenge"], phone.codes[3]).status_code == 401
    assert finish(client, answer["challenge"], fresh[3]).status_code == 201


def test_the_secret_is_sealed_and_bound_to_its_owner(app, mira, noor, phone, clock):
    with connection():
        row = Totp.get(Totp.user == mira.id)
        assert phone._made.secret.encode() not in bytes(row.secret)
        Totp.create(user=noor.id, secret=row.secret, confirmed=now())
        with pytest.raises(Exception, match="changed or belongs elsewhere"):
            totp.matches(app.extensions["vault"], noor.id, later(clock, phone))


def test_a_program_signs_in_with_a_code_too(app, mira, phone, clock):
    client, body = app.test_client(), {"email": mira.email, "password": PASSWORD}
    missing = client.post("/api/v1/tokens", json=body)
    assert missing.status_code == 401
    assert missing.json["type"].endswith("/code-needed")
    assert client.post("/api/v1/tokens", json=body | {"code": "000000x"}).status_code == 401
    assert client.post("/api/v1/tokens", json=body | {"code": later(clock, phone)}).status_code == 201


def test_switching_it_off_drops_the_codes(app, mira, phone):
    assert mira.delete("/account/totp").status_code == 204
    assert mira.get("/account/protection").json == {
        "password": True,
        "totp": False,
        "recovery_left": 0,
        "passkeys": 0,
        "elsewhere": 0,
    }
    assert begin(app, mira)[1]["user"] is not None


def test_what_protects_the_account_asks_for_a_fresh_proof(app, mira):
    with connection():
        Session.update(proven=now() - 11 * 60_000).execute()
    refused = mira.post("/account/totp")
    assert refused.status_code == 403
    assert refused.json["type"].endswith("/proof-needed")
    assert mira.post("/session/proof", json={"password": "Wrong 1st password"}).status_code == 403
    assert mira.post("/account/totp").status_code == 403
    assert mira.post("/session/proof", json={"password": PASSWORD}).status_code == 204
    assert mira.post("/account/totp").status_code == 201


def test_with_an_app_a_proof_needs_its_code_too(app, mira, phone, clock):
    assert mira.post("/session/proof", json={"password": PASSWORD}).status_code == 403
    proof = {"password": PASSWORD, "code": later(clock, phone)}
    assert mira.post("/session/proof", json=proof).status_code == 204


def test_who_lost_everything_is_let_in_by_an_administrator(app, settings, mira, admin, phone):
    with connection():
        second.drop(User.get_by_id(mira.id), admin.id)
    assert mira.get("/session").status_code == 401
    assert begin(app, mira)[1]["user"] is not None
