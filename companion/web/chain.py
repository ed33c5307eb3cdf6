"""The chain around every request: number, caller, allowance, rule, CSRF; then headers, ETag, log and metrics."""

import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from hashlib import blake2b
from urllib.parse import urlsplit

from apiflask import APIFlask
from flask import Response, g, request
from prometheus_client import Counter, Histogram

from companion.config import Settings
from companion.database import database
from companion.errors import Forbidden, Unauthorized, WrongType
from companion.web.api import Rule
from companion.web.identity import NOBODY, Access, Identity
from companion.web.limits import Limiter, headers

log = logging.getLogger("companion.request")
COOKIE = "rackdeck"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECONDS = Histogram("companion_request_seconds", "time to answer", ["endpoint"])
ANSWERS = Counter("companion_answers", "answers by status", ["endpoint", "status"])

# (kind, secret) to the caller, or None; kind is `cookie` or `bearer`
Resolve = Callable[[str, str], Identity | None]


class Chain:
    """What is done before and after each view. Routes without a rule cannot be registered."""

    def __init__(self, settings: Settings, rules: dict[str, Rule], resolve: Resolve):
        self._rules, self._resolve = rules, resolve
        self._limiter = Limiter(settings)
        address = urlsplit(settings.url)
        self._origin = f"{address.scheme}://{address.netloc}"
        live = f"{'wss' if settings.secure else 'ws'}://{address.hostname}:{settings.live}"
        policy = (
            f"default-src 'self'; connect-src 'self' {live}; img-src 'self' data: blob:; media-src 'self' blob:; "
            "worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), payment=()",
        }
        if settings.secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    def install(self, app: APIFlask) -> None:
        """Put the chain around the app's views."""
        missing = [
            rule.endpoint
            for rule in app.url_map.iter_rules()
            if rule.endpoint not in self._rules and rule.endpoint != "static"
        ]
        if missing:
            raise AssertionError(f"routes without a rule: {', '.join(missing)}")
        app.before_request(self.before)
        app.after_request(self.after)
        app.teardown_request(self.teardown)

    def before(self) -> None:
        """Refuse early what may not pass. Raises Problem."""
        g.began = time.perf_counter()
        g.request_id = secrets.token_hex(8)
        g.window = None
        g.who = NOBODY
        rule = self._rules.get(request.endpoint or "")
        database.connect(reuse_if_open=True)
        if rule is None:  # static files and unknown addresses
            return
        g.who = self._identify()
        caller = g.who.user or request.remote_addr or ""
        g.window = self._limiter.hit(rule.limit, caller)
        if request.method not in SAFE:
            self._check_write(rule, g.who)
        if rule.access > g.who.access:
            if not g.who.user:
                raise Unauthorized("sign in first", {"WWW-Authenticate": "Bearer"})
            raise Forbidden(f"this needs the role {rule.access.name.lower()}")
        if g.who.scopes is not None and rule.access > Access.PUBLIC and rule.scope not in g.who.scopes:
            raise Forbidden(f"this key lacks the scope {rule.scope}" if rule.scope else "no key may do this; sign in")

    def _identify(self) -> Identity:
        bearer = request.headers.get("Authorization")
        if bearer is not None:
            kind, _, secret = bearer.partition(" ")
            found = self._resolve("bearer", secret.strip()) if kind.lower() == "bearer" else None
            if found is None:
                raise Unauthorized(
                    "the token is not valid or has expired", {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                )
            return found
        cookie = request.cookies.get(COOKIE)
        return (self._resolve("cookie", cookie) if cookie else None) or NOBODY

    def _check_write(self, rule: Rule, caller: Identity) -> None:
        """A browser sends cookies by itself, so a page must prove that it is ours."""
        origin = request.headers.get("Origin")
        if caller.via == "cookie":
            if origin and origin not in (self._origin, request.host_url.rstrip("/")):
                raise Forbidden("this came from another site")
            sent = request.headers.get("X-CSRF-Token", "")
            if rule.access > Access.PUBLIC and not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
                raise Forbidden("the page is out of date; load it again")
        if rule.reads_body and request.content_length and not request.is_json:
            raise WrongType("send JSON, with Content-Type: application/json")

    def after(self, response: Response) -> Response:
        """Headers, ETag, log line, metrics."""
        fields = response.headers
        for name, value in self._headers.items():
            fields.setdefault(name, value)
        fields["X-Request-Id"] = g.request_id
        if g.window is not None:
            for name, value in headers(g.window).items():
                fields.setdefault(name, value)
        if request.path.startswith("/api/"):
            fields.setdefault("Cache-Control", "private, no-cache")
            if request.method == "GET" and response.status_code == 200 and not response.direct_passthrough:
                response = _conditional(response)
        took = time.perf_counter() - g.began
        endpoint = request.endpoint or "none"
        SECONDS.labels(endpoint).observe(took)
        ANSWERS.labels(endpoint, response.status_code).inc()
        if log.isEnabledFor(logging.INFO):
            line = {
                "at": time.time(),
                "request": g.request_id,
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "ms": round(1000 * took, 2),
                "user": g.who.user,
                "from": request.remote_addr,
            }
            log.info("%s", json.dumps(line))
        return response

    @staticmethod
    def teardown(_error: BaseException | None) -> None:
        """A failed view must not leave its transaction open; the connection stays with the thread."""
        if not database.is_closed() and database.in_transaction():
            database.rollback()


def _conditional(response: Response) -> Response:
    tag = f'"{blake2b(response.get_data(), digest_size=12).hexdigest()}"'
    response.headers.setdefault("ETag", tag)
    if response.headers["ETag"] in request.headers.get("If-None-Match", ""):
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Type"]
    return response
