"""Signing up and in."""

from tests.companion.people import PASSWORD


def test_who_signs_up_is_signed_in_and_the_first_administers(admin, mira):
    assert admin.get("/session").json["user"]["access"] == "admin"
    assert mira.get("/session").json["user"]["access"] == "artist"


def test_a_spent_refresh_token_ends_the_whole_session(app, mira):
    client = app.test_client()
    first = client.post("/api/v1/tokens", json={"email": mira.email, "password": PASSWORD}).json
    second = client.post("/api/v1/tokens/refresh", json={"refresh_token": first["refresh_token"]}).json
    assert client.get("/api/v1/session", headers={"Authorization": f"Bearer {second['token']}"}).status_code == 200
    stolen = client.post("/api/v1/tokens/refresh", json={"refresh_token": first["refresh_token"]})
    assert stolen.status_code == 401
    assert client.get("/api/v1/session", headers={"Authorization": f"Bearer {second['token']}"}).status_code == 401


def test_a_page_that_does_not_send_its_token_changes_nothing(mira):
    assert mira.delete("/session", headers={"X-CSRF-Token": ""}).status_code == 403
    assert mira.get("/session").status_code == 200
