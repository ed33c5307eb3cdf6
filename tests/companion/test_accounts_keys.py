"""API keys and tiers."""

import pytest

from companion.accounts import keys, tiers
from companion.accounts.models import ApiKey, User
from companion.database import connection, database, now
from companion.errors import Invalid, OverQuota
from companion.installed import Installed
from companion.web.api import Api, Rule
from companion.web.chain import Chain
from companion.web.identity import Access, who
from tests.companion import mailbox


@pytest.fixture
def app(app, monkeypatch):
    """The application with three routes for keys to try: two with scopes, and one for people alone."""
    trial = Api("trial", "Trial")
    rules = {"read": Rule(Access.ARTIST, scope="trial:read"), "write": Rule(Access.ARTIST, scope="trial:write")}
    for name, rule in (rules | {"people": Rule(Access.ARTIST)}).items():

        def view():
            """Say who it is."""
            return {"user": who().user}

        view.__name__ = name
        trial.on("GET", f"/trial/{name}", rule, gives=dict[str, str])(view)
    app.register_blueprint(trial)
    chain = next(hook.__self__ for hook in app.before_request_funcs[None] if isinstance(hook.__self__, Chain))
    monkeypatch.setattr(chain, "_rules", chain._rules | trial.rules)
    monkeypatch.setattr(keys, "_scopes", Installed(("trial:read", "trial:write")))
    return app


def make(person, scopes=("trial:read",), **more):
    answer = person.post("/account/keys", json={"name": "Script", "scopes": list(scopes)} | more)
    assert answer.status_code == 201, answer.json
    return answer.json


def call(app, key, name):
    return app.test_client().get(f"/api/v1/trial/{name}", headers={"Authorization": f"Bearer {key}"})


def test_a_key_does_what_its_scopes_name_and_no_more(app, mira):
    key = make(mira)["key"]
    assert key.startswith("rdk_")
    assert call(app, key, "read").json == {"user": mira.id}
    refused = call(app, key, "write")
    assert refused.status_code == 403
    assert "trial:write" in refused.json["detail"]
    assert call(app, key, "people").status_code == 403
    both = make(mira, ("trial:write", "trial:read"))
    assert both["scopes"] == ["trial:read", "trial:write"]
    assert call(app, both["key"], "write").status_code == 200


def test_a_key_cannot_touch_the_account(app, mira):
    head = {"Authorization": f"Bearer {make(mira)['key']}"}
    client = app.test_client()
    for path in ("session", "account", "account/keys", "account/sessions", "account/exports"):
        assert client.get(f"/api/v1/{path}", headers=head).status_code == 403
    assert client.delete("/api/v1/account/totp", headers=head).status_code == 403


def test_a_key_is_shown_once_and_kept_as_a_hash(app, settings, mira):
    key = make(mira)["key"]
    row = mira.get("/account/keys").json["items"][0]
    assert "key" not in row
    assert key.startswith(row["start"])
    assert len(row["start"]) < 12
    with connection():
        assert ApiKey.get().hash == keys.digest(key)
    assert any("an API key was made" in mail.get_content() for mail in mailbox.mails(settings, mira.email))


def test_a_list_of_keys_tells_when_each_was_last_used(app, mira):
    key = make(mira)["key"]
    assert mira.get("/account/keys").json["items"][0]["used"] is None
    before = now()
    call(app, key, "read")
    assert mira.get("/account/keys").json["items"][0]["used"] >= before


def test_a_revoked_or_expired_key_opens_nothing(app, mira, noor):
    first, second = make(mira), make(mira, days=1)
    assert noor.delete(f"/account/keys/{first['id']}").status_code == 404
    assert mira.delete(f"/account/keys/{first['id']}").status_code == 204
    assert call(app, first["key"], "read").status_code == 401
    with connection():
        ApiKey.update(expires=now() - 1).where(ApiKey.id == second["id"]).execute()
    assert call(app, second["key"], "read").status_code == 401


def test_the_keys_of_a_closed_account_rest(app, mira):
    key = make(mira)["key"]
    with connection():
        User.update(disabled=now()).where(User.id == mira.id).execute()
    assert call(app, key, "read").status_code == 401


def test_a_scope_that_does_not_exist_is_refused_with_those_that_do(app, mira):
    answer = mira.post("/account/keys", json={"name": "Script", "scopes": ["everything"]})
    assert answer.status_code == 422
    assert "trial:read, trial:write" in answer.json["detail"]


def test_a_tier_includes_so_much_and_says_what_it_is(app, mira, monkeypatch):
    had = {"tracks": 199}
    monkeypatch.setattr(tiers, "_counts", {"tracks": lambda _user: had["tracks"]})
    with connection():
        tiers.check(mira.id, "tracks", 1)
        with pytest.raises(OverQuota, match="the tier free includes 200 tracks"):
            tiers.check(mira.id, "tracks", 2)
        tiers.put_on(mira.id, "core")
        tiers.check(mira.id, "tracks", 2)
        with pytest.raises(OverQuota, match="2 collaborators"):
            tiers.put_on(mira.id, "free")
            tiers.check(mira.id, "collaborators", 1, used=2)
        with pytest.raises(Invalid, match="free, core, pro"):
            tiers.put_on(mira.id, "gold")
    found = mira.get("/account/tier").json
    assert found["tier"] == "free"
    assert {"what": "tracks", "most": 200, "used": 199} in found["limits"]


def test_what_nobody_counts_cannot_be_checked_by_accident(app, mira, monkeypatch):
    monkeypatch.setattr(tiers, "_counts", {})
    with connection(), pytest.raises(ValueError, match="register"):
        tiers.check(mira.id, "boxes")


def test_two_who_take_the_last_place_at_once_do_not_both_get_it(app, mira, monkeypatch):
    import threading

    places = {"free": tiers.TIERS["free"] | {"boxes": 1}}
    monkeypatch.setattr(tiers, "TIERS", places)
    monkeypatch.setattr(tiers, "_counts", {"boxes": lambda user: ApiKey.select().where(ApiKey.user == user).count()})
    start, results = threading.Barrier(4), []

    def take(number):
        start.wait()
        with connection():
            try:
                with database.atomic():
                    tiers.check(mira.id, "boxes")
                    ApiKey.create(user=mira.id, hash=f"{number}", start="", name="", scopes="")
                results.append("taken")
            except OverQuota:
                results.append("refused")

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "refused", "refused", "taken"]
