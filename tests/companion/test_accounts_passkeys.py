"""Passkeys, with a device in software that signs for real."""

import pytest

from companion.accounts.models import OutsideIdentity, Passkey, Ticket, User
from companion.audit.models import AuditEntry
from companion.database import connection, now
from tests.companion import mailbox
from tests.companion.applications import another
from tests.companion.authenticator import PRESENT, Authenticator, text

pytestmark = pytest.mark.slow


def add(person, device, name="Phone"):
    begun = person.post("/account/passkeys/options").json
    body = {"challenge": begun["challenge"], "credential": device.create(begun["options"]), "name": name}
    return person.post("/account/passkeys", json=body)


def sign_in(app, device, change=None):
    client = app.test_client()
    begun = client.post("/api/v1/session/passkey/options").json
    credential = device.get(begun["options"])
    if change:
        change(begun, credential)
    body = {"challenge": begun["challenge"], "credential": credential}
    return client, client.post("/api/v1/session/passkey", json=body), body


@pytest.fixture
def device(mira):
    """Mira's device, known here."""
    device = Authenticator()
    assert add(mira, device).status_code == 201
    return device


def test_a_passkey_signs_its_owner_in_without_address_or_password(app, mira, device):
    client, answer, _ = sign_in(app, device)
    assert answer.status_code == 201, answer.json
    assert answer.json["user"]["id"] == mira.id
    assert client.get("/api/v1/session").json["user"]["id"] == mira.id
    assert sign_in(app, device)[1].status_code == 201


def test_the_options_name_nobody_and_ask_the_device_to_check_its_owner(app, mira, device):
    options = app.test_client().post("/api/v1/session/passkey/options").json["options"]
    assert options.get("allowCredentials", []) == []
    assert options["userVerification"] == "required"
    options = mira.post("/account/passkeys/options").json["options"]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert [row["id"] for row in options["excludeCredentials"]] == [text(device.id)]


def test_an_answer_is_good_once(app, mira, device):
    client, _, body = sign_in(app, device)
    again = client.post("/api/v1/session/passkey", json=body)
    assert again.status_code == 401


def test_an_answer_to_another_challenge_is_refused(app, mira, device):
    other = app.test_client().post("/api/v1/session/passkey/options").json

    def swap(begun, _credential):
        begun["challenge"] = other["challenge"]

    assert sign_in(app, device, swap)[1].status_code == 401


def test_what_another_site_or_a_touch_alone_made_is_refused(app, mira, device):
    device.origin = "https://rackdeck.example.evil"
    assert sign_in(app, device)[1].status_code == 401
    device.origin = "http://localhost:8000"
    device.flags = PRESENT
    assert sign_in(app, device)[1].status_code == 401


def test_a_forged_signature_is_refused_and_written_down(app, mira, device):
    forger = Authenticator()
    forger.id = device.id
    assert sign_in(app, forger)[1].status_code == 401
    with connection():
        assert AuditEntry.select().where(AuditEntry.action == "passkey.refused").count() == 1


@pytest.mark.parametrize("body", [{}, {"id": 7}, {"id": "x", "response": None}, {"id": None, "rawId": "!"}])
def test_rubbish_is_refused(app, mira, device, body):
    client = app.test_client()
    begun = client.post("/api/v1/session/passkey/options").json
    answer = client.post("/api/v1/session/passkey", json={"challenge": begun["challenge"], "credential": body})
    assert answer.status_code == 401
    begun = mira.post("/account/passkeys/options").json
    answer = mira.post("/account/passkeys", json={"challenge": begun["challenge"], "credential": body})
    assert answer.status_code == 422


def test_a_known_passkey_with_rubbish_is_refused(app, mira, device):
    client = app.test_client()
    begun = client.post("/api/v1/session/passkey/options").json
    body = {"challenge": begun["challenge"], "credential": {"id": text(device.id), "rawId": 5, "response": []}}
    assert client.post("/api/v1/session/passkey", json=body).status_code == 401


def test_a_copy_of_a_passkey_is_found_out_and_switched_off(app, settings, mira, device):
    for _ in range(3):
        assert sign_in(app, device)[1].status_code == 201
    device.count -= 2  # a copy that was made a while ago
    answer = sign_in(app, device)[1]
    assert answer.status_code == 401
    assert "copied" in answer.json["detail"]
    device.count += 10  # neither the copy nor the first one gets in now
    assert sign_in(app, device)[1].status_code == 401
    assert mira.get("/account/passkeys").json["items"][0]["suspect"] is not None
    assert any("looks copied" in mail.get_content() for mail in mailbox.mails(settings, mira.email))


def test_a_device_that_does_not_count_is_fine(app, mira, device):
    for _ in range(2):
        device.count = -1
        assert sign_in(app, device)[1].status_code == 201


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(app, mira, noor, device):
    number = mira.get("/account/passkeys").json["items"][0]["id"]
    assert noor.patch(f"/account/passkeys/{number}", json={"name": "Mine"}).status_code == 404
    assert noor.delete(f"/account/passkeys/{number}").status_code == 404
    assert noor.get("/account/passkeys").json["items"] == []
    assert mira.patch(f"/account/passkeys/{number}", json={"name": "Old phone"}).json["name"] == "Old phone"
    assert mira.delete(f"/account/passkeys/{number}").status_code == 204
    assert sign_in(app, device)[1].status_code == 401


def test_one_passkey_belongs_to_one_account(app, mira, noor, device):
    assert add(noor, device).status_code == 409


def test_a_passkey_is_not_added_with_anothers_challenge(app, mira, noor):
    begun = noor.post("/account/passkeys/options").json
    body = {"challenge": begun["challenge"], "credential": Authenticator().create(begun["options"])}
    assert mira.post("/account/passkeys", json=body).status_code == 422
    assert mira.get("/account/passkeys").json["items"] == []


def test_a_challenge_waits_five_minutes(app, mira, device):
    def late(_begun, _credential):
        with connection():
            Ticket.update(expires=now() - 1).execute()

    assert sign_in(app, device, late)[1].status_code == 401


def test_a_closed_account_has_no_way_in(app, mira, device):
    with connection():
        User.update(disabled=now()).where(User.id == mira.id).execute()
    assert sign_in(app, device)[1].status_code == 401


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("", True),
        ("https://music.example.org", True),
        ("http://music.example.org", False),
        ("https://192.168.1.7", False),
        ("https://[::1]", False),
    ],
)
def test_the_page_offers_passkeys_only_where_browsers_do_them(settings, url, possible):
    app = another(settings, public_url=url)
    assert app.test_client().get("/api/v1/sign-in").json["passkeys"] is possible


def test_the_last_way_into_an_account_is_kept(app, mira, device):
    number = mira.get("/account/passkeys").json["items"][0]["id"]
    with connection():
        User.update(password="").where(User.id == mira.id).execute()
    refused = mira.delete(f"/account/passkeys/{number}")
    assert refused.status_code == 409
    assert "set a password first" in refused.json["detail"]
    with connection():
        OutsideIdentity.create(user=mira.id, provider="google", subject="1")
    assert mira.delete(f"/account/passkeys/{number}").status_code == 204
    with connection():
        assert Passkey.select().count() == 0
