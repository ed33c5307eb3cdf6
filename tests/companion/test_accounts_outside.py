"""Signing in with an account elsewhere, against a real provider on this machine."""

from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from joserfc.jwk import OctKey, RSAKey

from companion.accounts import outside, providers
from companion.accounts.models import OutsideIdentity, User
from companion.database import connection, now
from tests.companion import mailbox
from tests.companion.applications import another
from tests.companion.people import PASSWORD, Person
from tests.companion.provider import CLIENT, SECRET, Provider

pytestmark = pytest.mark.slow

WITH = "/api/v1/session/with"
# for what is refused before any row is looked up
on_one_database = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def server():
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def provider(server):
    """The provider, honest and unknown."""
    providers._cache.clear()
    server.claims, server.answers, server.algorithm, server.key = {}, {}, "RS256", server.shown
    server.emails = [{"email": "lea@example.org", "primary": True, "verified": True}]
    return server


@pytest.fixture
def options(provider):
    """Settings that switch it on, as another provider and as GitHub."""
    return {
        "oidc_url": provider.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "github_client_id": CLIENT,
        "github_client_secret": SECRET,
    }


@pytest.fixture
def app(settings, options, provider, monkeypatch):
    monkeypatch.setattr(providers, "GITHUB", provider.url)
    monkeypatch.setattr(providers, "GITHUB_API", provider.url)
    return another(settings, **options)


def begin(client, name="oidc", **body):
    answer = client.post(f"{WITH}/{name}", json=body)
    assert answer.status_code == 201, answer.json
    return answer.json["url"]


def back(client, url):
    """Follow the address that a provider sends the browser to."""
    address = urlsplit(url)
    return client.get(f"{address.path}?{address.query}")


def visit(client, provider, name="oidc", **body):
    """The whole way there and back; returns where the browser ends up."""
    answer = back(client, provider.consent(begin(client, name, **body)))
    assert answer.status_code == 303
    return answer.headers["Location"]


def whom(client):
    return client.get("/api/v1/session").json.get("user")


def confirmed(app, settings, name="Lea", email="lea@example.org"):
    person = Person(app, name, email)
    app.test_client().post("/api/v1/accounts/verification", json={"token": mailbox.secret(settings, email, "verify")})
    return person


def test_the_page_is_told_which_providers_there_are(app):
    assert [one["name"] for one in app.test_client().get("/api/v1/sign-in").json["providers"]] == ["github", "oidc"]
    assert app.test_client().post(f"{WITH}/google", json={}).status_code == 404


@pytest.mark.parametrize("name", ["oidc", "github"])
def test_somebody_new_gets_an_account_and_finds_it_again(app, admin, provider, name):
    client = app.test_client()
    assert visit(client, provider, name, next="/library") == "/library"
    user = whom(client)
    assert user["email"] == "lea@example.org"
    assert user["verified"] is True
    assert user["access"] == "artist"
    provider.claims = {"email": "moved@example.org", "email_verified": False}
    provider.emails = []
    other = app.test_client()
    visit(other, provider, name)
    assert whom(other)["id"] == user["id"], "known by the subject, whatever the address"


def test_a_proved_address_on_both_sides_is_the_same_person(app, settings, admin, provider):
    lea = confirmed(app, settings)
    client = app.test_client()
    assert visit(client, provider) == "/"
    assert whom(client)["id"] == lea.id
    assert any("another account was added" in mail.get_content() for mail in mailbox.mails(settings, lea.email))


@pytest.mark.parametrize("said", [False, None, "false", 1])
def test_an_address_that_the_provider_did_not_prove_opens_nothing(app, settings, admin, provider, said):
    confirmed(app, settings)
    provider.claims = {"email_verified": said}
    client = app.test_client()
    assert visit(client, provider) == "/sign-in#refused=address-not-proved"
    assert whom(client) is None


def test_an_address_that_was_never_confirmed_here_is_not_taken_over(app, admin, provider):
    planted = Person(app, "Mallory", "lea@example.org")
    client = app.test_client()
    assert visit(client, provider) == "/sign-in#refused=address-not-proved"
    with connection():
        assert not OutsideIdentity.select().where(OutsideIdentity.user == planted.id).exists()


def test_github_says_which_address_is_proved(app, admin, provider):
    provider.emails = [
        {"email": "other@example.org", "primary": False, "verified": True},
        {"email": "lea@example.org", "primary": True, "verified": False},
    ]
    assert visit(app.test_client(), provider, "github") == "/sign-in#refused=address-not-proved"


def test_a_state_is_good_once_in_the_browser_that_began_and_for_its_provider(app, admin, provider):
    client, stranger = app.test_client(), app.test_client()
    url = provider.consent(begin(client))
    assert back(stranger, url).headers["Location"].startswith("/sign-in#refused="), "another browser"
    url = provider.consent(begin(client))
    crossed = url.replace("/with/oidc/", "/with/github/")
    assert back(client, crossed).headers["Location"].startswith("/sign-in#refused="), "another provider"
    url = provider.consent(begin(client))
    assert back(client, url).headers["Location"] == "/"
    client.delete_cookie("rackdeck")
    assert back(client, url).headers["Location"].startswith("/sign-in#refused="), "a second time"
    begin(client)
    assert back(client, url.split("state=")[0] + "state=made-up").headers["Location"].startswith("/sign-in#refused=")


def test_two_sign_ins_cannot_be_mixed_up(app, admin, provider):
    mallory, lea = app.test_client(), app.test_client()
    stolen = provider.consent(begin(mallory))  # Mallory's code, for her own account elsewhere
    begin(lea)
    assert back(lea, stolen).headers["Location"].startswith("/sign-in#refused=")
    assert whom(lea) is None


def test_an_answer_in_the_name_of_another_issuer_is_refused(app, admin, provider):
    client = app.test_client()
    url = provider.consent(begin(client)).replace("iss=http", "iss=https")
    assert back(client, url).headers["Location"] == "/sign-in#refused=sign-in-needed"


def test_a_state_waits_ten_minutes(app, admin, provider):
    from companion.accounts.models import Ticket

    client = app.test_client()
    url = provider.consent(begin(client))
    with connection():
        Ticket.update(expires=now() - 1).execute()
    assert back(client, url).headers["Location"] == "/sign-in#refused=sign-in-needed"


def test_who_says_no_over_there_is_not_signed_in(app, admin, provider):
    client = app.test_client()
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    answer = client.get(f"{WITH}/oidc/back?error=access_denied&state={state}&error_description=<script>")
    assert answer.headers["Location"] == "/sign-in#refused=sign-in-needed"


LIES = {
    "another nonce": {"nonce": "made-up"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "somebody-else"},
    "several audiences, ours not in charge": {"aud": [CLIENT, "other"], "azp": "other"},
    "several audiences, nobody in charge": {"aud": [CLIENT, "other"]},
    "another issuer": {"iss": "https://accounts.example.evil"},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "nobody": {"sub": None},
}


@on_one_database
@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_does_not_fit_is_refused(app, admin, provider, lie):
    provider.claims = LIES[lie]
    client = app.test_client()
    assert visit(client, provider) == "/sign-in#refused=sign-in-needed"
    assert whom(client) is None


@on_one_database
def test_an_id_token_signed_by_anybody_else_is_refused(app, admin, provider):
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert visit(app.test_client(), provider) == "/sign-in#refused=sign-in-needed"
    provider.algorithm, provider.key = "HS256", OctKey.import_key(SECRET * 4, {"kid": "one"})
    assert visit(app.test_client(), provider) == "/sign-in#refused=sign-in-needed"


@on_one_database
def test_a_provider_may_change_its_keys(app, admin, provider, monkeypatch):
    assert visit(app.test_client(), provider) == "/"
    monkeypatch.setattr(providers, "AGAIN_SECONDS", -1.0)  # as if the keys had been fetched a while ago
    monkeypatch.setattr(provider, "shown", RSAKey.generate_key(2048, {"kid": "two", "use": "sig"}))
    provider.key = provider.shown
    client = app.test_client()
    assert visit(client, provider) == "/"
    assert whom(client)["email"] == "lea@example.org"


@on_one_database
@pytest.mark.parametrize(
    ("page", "answer", "refused"),
    [
        ("/token", (200, b"<html>"), "unavailable"),
        ("/token", (500, b""), "unavailable"),
        ("/token", (400, {"error": "invalid_grant"}), "sign-in-needed"),
        ("/token", (302, b"", [("Location", "http://127.0.0.1:1/")]), "unavailable"),
        ("/token", (200, {"id_token": "rubbish"}), "sign-in-needed"),
        ("/token", (200, [1]), "sign-in-needed"),
        ("/token", (200, b"x" * (2 << 20)), "unavailable"),
        ("/keys", (200, {"keys": "none"}), "sign-in-needed"),
        ("/keys", (404, {}), "sign-in-needed"),
    ],
)
def test_whatever_a_provider_answers_is_a_clear_refusal(app, admin, provider, page, answer, refused):
    provider.answers = {page: answer}
    assert visit(app.test_client(), provider) == f"/sign-in#refused={refused}"


@on_one_database
@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://elsewhere.example"},
        {"authorization_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "http://169.254.169.254/latest"},
        {"authorization_endpoint": None},
    ],
)
def test_metadata_that_leads_astray_is_refused(app, admin, provider, change):
    provider.answers = {"/.well-known/openid-configuration": (200, provider.metadata() | change)}
    answer = app.test_client().post(f"{WITH}/oidc", json={})
    assert answer.status_code == 503
    assert "set up wrong" in answer.json["detail"]


def test_a_provider_that_is_away_is_said_so(settings, options, admin):
    app = another(settings, **options | {"oidc_url": "http://127.0.0.1:1"})
    answer = app.test_client().post(f"{WITH}/oidc", json={})
    assert answer.status_code == 503
    assert "does not answer" in answer.json["detail"]


@on_one_database
@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\tx/evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "evil.example",
        "\\\\evil.example",
        "/%0d%0aX: y",
        "",
    ],
)
def test_the_way_back_leads_to_no_other_site(app, admin, provider, path):
    client = app.test_client()
    answer = back(client, provider.consent(begin(client, next=path)))
    target = answer.headers["Location"]
    assert outside.safe_path(path) == target
    assert target == "/" or (target.startswith("/%0d") and "\r" not in target)
    assert "x=y" not in str(answer.headers)


def test_somebody_with_an_authenticator_app_is_asked_for_its_code(app, settings, admin, provider):
    lea = confirmed(app, settings)
    secret = lea.post("/account/totp").json["secret"]
    codes = lea.post("/account/totp/confirm", json={"code": pyotp.TOTP(secret).now()}).json["codes"]
    client = app.test_client()
    where, _, challenge = visit(client, provider).partition("#challenge=")
    assert where == "/sign-in"
    assert whom(client) is None
    done = client.post("/api/v1/session/second", json={"challenge": challenge, "code": codes[0]})
    assert done.json["user"]["id"] == lea.id


def test_a_signed_in_user_links_an_account_and_unlinks_it(app, mira, noor, provider):
    url = mira.post("/account/elsewhere/oidc", json={"next": "/security"}).json["url"]
    assert back(mira.client, provider.consent(url)).headers["Location"] == "/security"
    row = mira.get("/account/elsewhere").json["items"][0]
    assert (row["provider"], row["email"]) == ("oidc", "lea@example.org")
    client = app.test_client()
    visit(client, provider)
    assert whom(client)["id"] == mira.id
    url = noor.post("/account/elsewhere/oidc", json={}).json["url"]
    assert back(noor.client, provider.consent(url)).headers["Location"] == "/sign-in#refused=conflict"
    assert noor.delete(f"/account/elsewhere/{row['id']}").status_code == 404
    assert mira.delete(f"/account/elsewhere/{row['id']}").status_code == 204
    other = app.test_client()
    visit(other, provider)
    assert whom(other)["id"] != mira.id


def test_nobody_is_made_to_link_a_strangers_account(app, mira, noor, provider):
    url = mira.post("/account/elsewhere/oidc", json={}).json["url"]
    cookie = mira.client.get_cookie("rackdeck_visit", path="/api/v1/session/with")
    noor.client.set_cookie("rackdeck_visit", cookie.value, path="/api/v1/session/with")
    assert back(noor.client, provider.consent(url)).headers["Location"] == "/sign-in#refused=sign-in-needed"
    assert mira.get("/account/elsewhere").json["items"] == noor.get("/account/elsewhere").json["items"] == []


@pytest.mark.parametrize(("mode", "user"), [("closed", None), ("invited", None)])
def test_where_sign_up_is_not_open_a_provider_makes_no_account(settings, options, admin, provider, mode, user):
    client = another(settings, **options, sign_up=mode).test_client()
    assert visit(client, provider) == "/sign-in#refused=not-allowed"
    assert whom(client) is user
    with connection():
        assert User.select().count() == 1


def test_the_same_number_at_another_provider_is_somebody_else(settings, options, app, admin, provider):
    assert visit(app.test_client(), provider) == "/"
    other = Provider()
    other.claims = {"email": "eve@example.org"}
    try:
        client = another(settings, **options | {"oidc_url": other.url}).test_client()
        assert visit(client, other) == "/"
        assert whom(client)["email"] == "eve@example.org"
    finally:
        other.close()


def test_who_was_linked_before_issuers_were_kept_stays_linked(settings, options, app, admin, provider):
    visit(app.test_client(), provider)
    with connection():
        OutsideIdentity.update(issuer="").execute()
        User.update(email="moved@example.org").where(User.email == "lea@example.org").execute()
    for _ in range(2):
        client = app.test_client()
        visit(client, provider)
        assert whom(client)["email"] == "moved@example.org"
    with connection():
        assert OutsideIdentity.get().issuer == provider.url


def test_who_has_the_number_of_one_who_was_linked_before_issuers_were_kept_is_not_them(app, admin, provider):
    visit(app.test_client(), provider)
    with connection():
        OutsideIdentity.update(issuer="").execute()
    provider.claims = {"email": "eve@example.org"}
    client = app.test_client()
    visit(client, provider)
    assert whom(client)["email"] == "eve@example.org"
    with connection():
        assert [row.issuer for row in OutsideIdentity.select().order_by(OutsideIdentity.id)] == ["", provider.url]


def test_an_invitation_lets_somebody_in_through_a_provider(settings, options, app, admin, provider):
    admin.post("/invitations", json={"email": "lea@example.org"})
    token = mailbox.secret(settings, "lea@example.org", "sign-up")
    client = another(settings, **options, sign_up="invited").test_client()
    assert visit(client, provider, invitation=token) == "/"
    assert whom(client)["email"] == "lea@example.org"


def test_who_has_no_password_sets_a_first_one(app, admin, provider):
    client = app.test_client()
    visit(client, provider)
    headers = {"X-CSRF-Token": client.get("/api/v1/session").json["csrf"]}
    answer = client.put("/api/v1/account/password", json={"new": "Another 2nd one"}, headers=headers)
    assert answer.status_code == 204
    body = {"email": "lea@example.org", "password": "Another 2nd one"}
    assert app.test_client().post("/api/v1/session", json=body).status_code == 201
    assert app.test_client().post("/api/v1/session", json=body | {"password": PASSWORD}).status_code == 401
