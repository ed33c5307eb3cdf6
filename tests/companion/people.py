"""Callers of the companion for tests."""

import itertools

PASSWORD = "Mira's 1st password"
_numbers = itertools.count(1)


class Person:
    """Somebody with a browser (cookie and CSRF token), signed up on an app's test client. `id` is the user's."""

    def __init__(self, app, name="Mira", email=None):
        self.client = app.test_client()
        self.email = email or f"{name.lower()}{next(_numbers)}@example.org"
        answer = self.client.post("/api/v1/accounts", json={"email": self.email, "name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.json
        self.csrf = answer.json["csrf"]
        self.id = answer.json["user"]["id"]

    def _call(self, method, path, **options):
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path, **options):
        return self._call("GET", path, **options)

    def post(self, path, json=None, **options):
        return self._call("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self._call("PUT", path, json=json, **options)

    def patch(self, path, json=None, **options):
        return self._call("PATCH", path, json=json, **options)

    def delete(self, path, **options):
        return self._call("DELETE", path, **options)
