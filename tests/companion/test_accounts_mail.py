"""What is done by links in mails: confirming an address, moving to another, a new password, invitations."""

import json

import pytest

from companion.accounts import tickets, verification
from companion.accounts.models import ApiKey, Passkey, Session, Ticket, User
from companion.audit.models import AuditEntry
from companion.database import connection, now
from companion.errors import Forbidden
from companion.jobs.models import Job
from tests.companion import mailbox
from tests.companion.applications import another
from tests.companion.people import PASSWORD

NEW = "Another 2nd one"


def confirm(app, token):
    return app.test_client().post("/api/v1/accounts/verification", json={"token": token})


def ask_reset(app, email):
    return app.test_client().post("/api/v1/accounts/reset", json={"email": email})


def finish_reset(app, token, password=NEW):
    return app.test_client().post("/api/v1/accounts/reset/password", json={"token": token, "password": password})


def sign_in(app, email, password):
    return app.test_client().post("/api/v1/session", json={"email": email, "password": password})


def test_an_address_is_confirmed_by_its_link_once(app, settings, mira):
    token = mailbox.secret(settings, mira.email, "verify")
    assert mira.get("/account").json["verified"] is False
    with connection(), pytest.raises(Forbidden, match="confirm your address"):
        verification.require(mira.id)
    assert confirm(app, token).status_code == 204
    assert mira.get("/account").json["verified"] is True
    with connection():
        verification.require(mira.id)
    assert confirm(app, token).status_code == 422


def test_an_old_link_confirms_nothing(app, settings, mira):
    token = mailbox.secret(settings, mira.email, "verify")
    with connection():
        Ticket.update(expires=now() - 1).execute()
    assert confirm(app, token).status_code == 422
    assert mira.get("/account").json["verified"] is False


def test_a_link_is_good_for_its_own_purpose_alone(app, settings, mira):
    token = mailbox.secret(settings, mira.email, "verify")
    assert finish_reset(app, token).status_code == 422
    ask_reset(app, mira.email)
    assert confirm(app, mailbox.secret(settings, mira.email, "reset")).status_code == 422


def test_the_link_is_mailed_again_three_times_an_hour(app, settings, mira):
    assert [mira.post("/account/verification").status_code for _ in range(3)] == [202, 202, 429]
    confirm(app, mailbox.secret(settings, mira.email, "verify"))
    assert mira.post("/account/verification").status_code == 409


def test_an_account_moves_to_a_new_address_once_its_link_is_opened(app, settings, mira):
    assert mira.post("/account/email", json={"email": "New@example.org"}).status_code == 202
    assert mira.get("/account").json["email"] == mira.email
    assert confirm(app, mailbox.secret(settings, "new@example.org", "verify")).status_code == 204
    found = mira.get("/account").json
    assert (found["email"], found["verified"]) == ("new@example.org", True)
    assert any("address of your account" in mail.get_content() for mail in mailbox.mails(settings, mira.email))


def test_asking_for_an_address_that_has_an_account_tells_nothing_and_moves_nothing(app, settings, mira, noor):
    assert mira.post("/account/email", json={"email": noor.email}).status_code == 202
    assert confirm(app, mailbox.secret(settings, noor.email, "verify")).status_code == 409
    assert mira.get("/account").json["email"] == mira.email


def test_a_reset_sets_a_password_once_and_ends_all_sessions(app, settings, mira):
    confirm(app, mailbox.secret(settings, mira.email, "verify"))
    pair = app.test_client().post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json
    assert ask_reset(app, mira.email).status_code == 202
    token = mailbox.secret(settings, mira.email, "reset")
    assert finish_reset(app, token, "weak").status_code == 422
    assert finish_reset(app, token).status_code == 204
    assert finish_reset(app, token).status_code == 422, "the link works once"
    assert mira.get("/session").status_code == 401
    bearer = {"Authorization": f"Bearer {pair['token']}"}
    assert app.test_client().get("/api/v1/session", headers=bearer).status_code == 401
    assert sign_in(app, mira.email, PASSWORD).status_code == 401
    assert sign_in(app, mira.email, NEW).status_code == 201
    assert "set anew" in mailbox.mails(settings, mira.email)[-1].get_content()


def test_one_reset_makes_the_other_links_worthless(app, settings, mira):
    ask_reset(app, mira.email)
    first = mailbox.secret(settings, mira.email, "reset")
    ask_reset(app, mira.email)
    second = mailbox.secret(settings, mira.email, "reset")
    assert first != second
    assert finish_reset(app, second).status_code == 204
    assert finish_reset(app, first).status_code == 422


def test_a_reset_tells_nobody_who_has_an_account(app, settings, mira):
    known, unknown = ask_reset(app, mira.email), ask_reset(app, "nobody@example.org")
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data) == (202, b"")
    assert not mailbox.mails(settings, "nobody@example.org")
    with connection():
        assert Job.select().where(Job.kind == "reset").count() == 2, "the same work is queued for both"


def test_a_flood_of_resets_mails_three_an_hour(app, settings, mira):
    for _ in range(5):
        assert ask_reset(app, mira.email).status_code == 202
    links = [mail for mail in mailbox.mails(settings, mira.email) if "/reset#" in mail.get_content()]
    assert len(links) == 3


def test_a_reset_of_an_address_nobody_had_proved_closes_every_other_way_in(app, settings, mira):
    with connection():
        ApiKey.create(user=mira.id, hash="a" * 64, start="rdk_x", name="k", scopes="x")
        Passkey.create(user=mira.id, credential="c", key=b"k", count=0, name="p", synced=False)
    ask_reset(app, mira.email)
    finish_reset(app, mailbox.secret(settings, mira.email, "reset"))
    with connection():
        assert (
            ApiKey.select().count()
            == Passkey.select().count()
            == Session.select().where(Session.user == mira.id).count()
            == 0
        )
        assert User.get_by_id(mira.id).verified is not None


def test_neither_database_nor_jobs_hold_a_secret_that_was_mailed(app, settings, mira):
    ask_reset(app, mira.email)
    secrets = [mailbox.secret(settings, mira.email, page) for page in ("verify", "reset")]
    with connection():
        kept = json.dumps([list(Ticket.select().dicts()), list(Job.select().dicts())], default=str)
        assert Ticket.select().where(Ticket.hash == tickets.digest(secrets[0])).exists()
    assert not [secret for secret in secrets if secret in kept]


def test_invited_people_alone_sign_up_where_it_is_so(settings, app, admin, mira):
    app = another(settings, sign_up="invited")
    admin.client = app.test_client()
    signed = admin.client.post("/api/v1/session", json={"email": admin.email, "password": PASSWORD})
    admin.csrf = signed.json["csrf"]
    row = admin.post("/invitations", json={"email": "lea@example.org", "access": "collaborator"})
    assert row.status_code == 201
    token = mailbox.secret(settings, "lea@example.org", "sign-up")
    body = {"email": "lea@example.org", "name": "Lea", "password": PASSWORD}
    client = app.test_client()
    assert client.post("/api/v1/accounts", json=body).status_code == 403
    assert client.post("/api/v1/accounts", json=body | {"invitation": "x" * 43}).status_code == 403
    made = client.post("/api/v1/accounts", json=body | {"invitation": token})
    assert made.status_code == 201
    assert made.json["user"]["access"] == "collaborator"
    assert made.json["user"]["verified"] is True, "the invitation came by mail"
    again = body | {"email": "other@example.org", "invitation": token}
    assert app.test_client().post("/api/v1/accounts", json=again).status_code == 403


def test_an_invitation_is_withdrawn_and_none_but_administrators_invite(app, settings, admin, mira):
    assert mira.post("/invitations", json={"email": "lea@example.org"}).status_code == 403
    assert admin.post("/invitations", json={"email": mira.email}).status_code == 409
    number = admin.post("/invitations", json={"email": "lea@example.org"}).json["id"]
    token = mailbox.secret(settings, "lea@example.org", "sign-up")
    assert [row["id"] for row in admin.get("/invitations").json["items"]] == [number]
    assert admin.delete(f"/invitations/{number}").status_code == 204
    body = {"email": "lea@example.org", "name": "Lea", "password": PASSWORD, "invitation": token}
    assert app.test_client().post("/api/v1/accounts", json=body).status_code == 403


def test_acts_of_security_are_written_down(app, settings, mira):
    mira.put("/account/password", json={"old": "Wrong 1st password", "new": NEW})
    mira.put("/account/password", json={"old": PASSWORD, "new": NEW})
    sign_in(app, mira.email, "Wrong 1st password")
    sign_in(app, mira.email, NEW)
    mira.delete("/session")
    with connection():
        rows = [row.action for row in AuditEntry.select().where(AuditEntry.actor == mira.id).order_by(AuditEntry.id)]
    wanted = ["account.made", "sign-in", "password.refused", "password.changed", "sign-in.refused", "sign-in"]
    wanted.append("session.ended")
    assert [action for action in rows if action in wanted] == wanted


def test_the_owner_reads_what_was_done_with_the_account_and_nobody_elses(mira, noor):
    mira.put("/account/password", json={"old": PASSWORD, "new": NEW})
    first = mira.get("/account/activity?limit=1").json
    assert [row["action"] for row in first["items"]] == ["password.changed"]
    rest = mira.get(f"/account/activity?after={first['next']}").json
    assert [row["action"] for row in rest["items"]] == ["sign-in", "account.made"]
    assert "password.changed" not in [row["action"] for row in noor.get("/account/activity").json["items"]]


@pytest.mark.parametrize("how", ["reset", "change"])
def test_a_move_to_another_address_ends_with_the_password_under_which_it_was_begun(app, settings, mira, how):
    assert mira.post("/account/email", json={"email": "thief@example.org"}).status_code == 202
    if how == "reset":
        ask_reset(app, mira.email)
        assert finish_reset(app, mailbox.secret(settings, mira.email, "reset")).status_code == 204
    else:
        assert mira.put("/account/password", json={"old": PASSWORD, "new": NEW}).status_code == 204
    assert confirm(app, mailbox.secret(settings, "thief@example.org", "verify")).status_code == 422
    assert sign_in(app, mira.email, NEW).status_code == 201


def test_the_link_that_confirms_an_address_outlives_a_new_password(app, settings, mira):
    mira.put("/account/password", json={"old": PASSWORD, "new": NEW})
    assert confirm(app, mailbox.secret(settings, mira.email, "verify")).status_code == 204
