"""The OpenAPI document tells the truth: what it describes is what the API does."""

import pytest
import schemathesis
from argon2 import PasswordHasher
from openapi_schema_validator import OAS31Validator
from peewee import SqliteDatabase
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from companion.accounts import passwords, service, sessions
from companion.accounts.acts import NOWHERE
from companion.database import connection, database
from companion.web.application import shape
from companion.web.identity import Access

# A schema cannot say all that a service checks: these may answer what fits the schema.
REFUSED = ["400", "401", "403", "404", "409", "412", "413", "415", "422", "429", "503"]
EXAMPLES = 2  # of each kind for each route; making them up takes longer than answering them
# Every value at and beyond its bounds, which takes a minute: where a wrong one is refused the most strictly.
BOUNDS = {"sqlite": False, "postgres": True}


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


class Administrator:
    """Somebody who may call everything, made anew when a call has ended the session or the account."""

    def __init__(self):
        self._count, self._token = 0, ""

    def get(self, case, _context):
        vault = case.operation.app.extensions["vault"]
        with connection():
            if not self._token or sessions.resolve_token(vault, self._token) is None:
                self._count += 1
                email = f"somebody{self._count}@example.org"
                user = service.create(email, "Somebody", access=Access.ADMIN, verified=True)
                self._token = sessions.open_for_program(vault, user, NOWHERE).token
        return self._token

    def set(self, case, token, _context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


def findings(app, examples, bounds):
    """What schemathesis finds wrong, calling every route with what fits the document and what does not."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "generation": {"max-examples": examples, "database": "none", "deterministic": True},
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": bounds}},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", *REFUSED]},
                "negative_data_rejection": {"expected-statuses": ["405", "406", *REFUSED]},
                "ignored_auth": {"enabled": False},  # fails on any WSGI application; the tests of rights have that
            },
        }
    )
    # it calls from threads of its own, whose connections are closed here where another thread may
    opened = {}

    def keep(_error):
        if not database.is_closed():
            if isinstance(database.obj, SqliteDatabase):
                database.close()
            else:
                opened[id(database.connection())] = database.connection()

    app.teardown_appcontext(keep)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    schema.auth(refresh_interval=None)(Administrator)
    called, found = set(), {}
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.setdefault(str(event), []).append(repr(getattr(event, "value", None) or event.exception))
        if isinstance(event, events.ScenarioFinished):
            called.add(event.recorder.label)
            for number, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        sent = event.recorder.interactions[number].request
                        told = f"{sent.method} {sent.uri} {sent.body and sent.body[:200]}: {failure.message[:400]}"
                        found.setdefault((event.recorder.label, failure.title), told)
    for one in opened.values():
        one.close()
    return called, found


@pytest.mark.slow
def test_every_route_does_what_the_document_says(app, request, monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))  # as good for this, and quick
    kind = request.node.callspec.params["settings"]
    called, found = findings(app, EXAMPLES, BOUNDS[kind])
    assert not found, "\n".join(f"{name}: {told}" for name, told in found.items())
    document = app.test_client().get("/api/v1/openapi.json").json
    assert len(called) >= sum(len(path) for path in document["paths"].values())


def test_the_document_is_openapi_3_1_with_stable_names(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert "accounts_sign_up" in names
    assert all(operation["summary"] and operation["tags"] and "security" in operation for operation in operations)
    for described in document["components"]["schemas"].values():
        OAS31Validator.check_schema(described)


def test_every_route_of_the_api_is_in_the_document(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    named = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "openapi":
            assert rule.endpoint.replace(".", "_") in named


def test_no_two_routes_answer_the_same_call(app):
    seen = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                assert seen.setdefault((method, shape(rule)), rule.endpoint) == rule.endpoint
