"""The application: every domain's routes behind one chain."""

from typing import Any

from apiflask import APIFlask
from flask import Response, jsonify
from werkzeug.middleware.proxy_fix import ProxyFix

from companion import database
from companion.accounts import sessions
from companion.accounts.views import api as accounts
from companion.config import Settings
from companion.events import service as events
from companion.mail import service as mail
from companion.storage.service import open_storage
from companion.vault.service import Vault
from companion.web import problems
from companion.web.api import Api, Rule
from companion.web.chain import Chain
from companion.web.identity import Access, Identity

DOMAINS: tuple[Api, ...] = (accounts,)
_SHARED = ("400", "401", "403", "404", "409", "412", "413", "415", "422", "429", "500")


def create_app(settings: Settings) -> APIFlask:
    """The WSGI application. The database must have been migrated."""
    app = APIFlask(
        "companion",
        title="Rackdeck companion",
        version="1",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]
    )
    app.config.update(
        MAX_CONTENT_LENGTH=1 << 20,
        AUTO_404_RESPONSE=False,
        VALIDATION_ERROR_STATUS_CODE=422,
        OPENAPI_VERSION="3.1.0",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    database.bind(settings)
    vault = Vault(settings.folder)
    app.extensions.update(settings=settings, vault=vault, storage=open_storage(settings))
    events.install(settings.folder)
    mail.install(settings)
    rules: dict[str, Rule] = {"openapi.spec": Rule(Access.PUBLIC), "healthz": Rule(Access.PUBLIC, limit="page")}
    app.add_url_rule("/healthz", "healthz", app.doc(hide=True)(_health))
    for domain in DOMAINS:
        app.register_blueprint(domain)
        rules |= domain.rules
    problems.install(app)
    app.spec_processor(_describe_problems)  # type: ignore[arg-type]

    def resolve(kind: str, secret: str) -> Identity | None:
        if kind == "cookie":
            return sessions.resolve_cookie(secret)
        return sessions.resolve_token(vault, secret)

    Chain(settings, rules, resolve).install(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, count, count, count)  # type: ignore[method-assign]
    return app


def _health() -> Response:
    """Whether this process answers."""
    return jsonify(status="ok")


def _describe_problems(spec: dict[str, Any]) -> dict[str, Any]:
    """Say in the OpenAPI document, for every operation, how it may refuse."""
    spec.setdefault("components", {}).setdefault("schemas", {})["Problem"] = {
        "type": "object",
        "description": "RFC 9457 problem details",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "request": {"type": "string"},
        },
    }
    problem = {"content": {problems.KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for path in spec.get("paths", {}).values():
        for operation in path.values():
            for status in _SHARED:
                operation["responses"][status] = {"description": "refused", **problem}
    return spec
