"""The chain around every request: number, caller, allowance, rule, CSRF; then headers, ETag, log and metrics."""

import hmac
import json
import logging
import os
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from flask.ctx import _AppCtxGlobals
from prometheus_client import Counter, Histogram

from companion.config import Settings
from companion.database import database, ready
from companion.errors import Forbidden, Problem, Unauthorized, WrongType
from companion.web import conditional
from companion.web.api import Rule
from companion.web.application import LARGEST_BODY
from companion.web.bodies import Bodies
from companion.web.identity import NOBODY, Access, Identity
from companion.web.limits import BY_ADDRESS, Limiter, address_of, headers

log = logging.getLogger("companion.request")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECONDS = Histogram("companion_request_seconds", "time to answer", ["endpoint"])
ANSWERS = Counter("companion_answers", "answers by status", ["endpoint", "status"])

_LEFT = "companion.headers"  # where in the environ `after` leaves headers for `_with_headers`
_PRIVATE = ("Cache-Control", "private, no-cache")
_LATE = ("X-Request-Id", "RateLimit", "RateLimit-Policy", "Cache-Control")

# (kind, secret) to the caller, or None; kind is `cookie` or `bearer`
Resolve = Callable[[str, str], Identity | None]


class Chain:
    """What is done before and after each view. Routes without a rule cannot be registered.

    It runs for every request, so it takes no detour: the context's objects are fetched once instead of through
    Flask's proxies, headers that never change are added as they are, metrics are looked up once.
    """

    def __init__(self, settings: Settings, rules: dict[str, Rule], resolve: Resolve):
        self._rules, self._resolve = rules, resolve
        self._limiter, self._cookie = Limiter(settings), settings.cookie
        self._bodies = Bodies(settings.threads)
        proxied = settings.public_url or settings.trusted_proxies
        self._here_alone = not proxied and settings.host in ("127.0.0.1", "::1", "localhost")
        address = urlsplit(settings.url)
        self._origin = f"{address.scheme}://{address.netloc}"
        live = _live_sources(settings)
        policy = (
            f"default-src 'self'; connect-src 'self' {live}; img-src 'self' data: blob:; media-src 'self' blob:; "
            "worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        fields = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), payment=()",
        }
        if settings.secure:
            fields["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self._headers = list(fields.items())
        self._names = frozenset(name.lower() for name in (*fields, *_LATE))
        self._metrics: dict[tuple[str, int], tuple[Any, Any]] = {}

    def install(self, app: Flask) -> None:
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
        app.wsgi_app = self._with_headers(app.wsgi_app)  # type: ignore[method-assign]

    def _with_headers(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Add the protecting headers to every answer, and those that `after` left; what a view set itself stays."""
        ours, names = self._headers, self._names

        def serve(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            def begin(status: str, sent: list[tuple[str, str]], *error: Any) -> Any:
                added = [*ours, *environ.get(_LEFT, ())]
                set_already = {name.lower() for name, _ in sent} & names
                if set_already:
                    added = [row for row in added if row[0].lower() not in set_already]
                return start(status, [*sent, *added], *error)

            return inner(environ, begin)

        return serve

    def before(self) -> None:
        """Refuse early what may not pass. Raises Problem."""
        scope, call = _scope(), _call()
        scope.began = time.perf_counter()
        scope.request_id = os.urandom(8).hex()
        scope.window = None
        scope.who = NOBODY
        if self._here_alone and not _is_here(call.environ.get("HTTP_HOST", "")):
            raise Problem("this companion is for this machine, as localhost; public_url sets another name for it")
        rule = self._rules.get(call.endpoint or "")
        if rule is not None and rule.identifies:
            ready()
        if "\0" in call.path or "%00" in call.environ.get("QUERY_STRING", ""):
            raise Problem("an address must not contain NUL characters")
        if rule is None:
            if call.endpoint is None:  # an unknown address, which is somebody's guess or mistake
                scope.window = self._limiter.hit("page", address_of(call.remote_addr))
            return
        safe = call.method in SAFE
        caller = scope.who = self._identify(call) if rule.identifies else NOBODY
        limit = "page" if safe and caller.via == "cookie" and rule.limit == "api" else rule.limit
        if caller.user and limit not in BY_ADDRESS:
            scope.window = self._limiter.hit(limit, caller.user)
        else:
            scope.window = self._limiter.hit(limit, address_of(call.remote_addr))
        if not safe:
            self._check_write(call, rule, caller)
        if rule.access > caller.access:
            if not caller.user:
                raise Unauthorized("sign in first", {"WWW-Authenticate": "Bearer"})
            raise Forbidden(f"this needs the role {rule.access.name.lower()}")
        if caller.scopes is not None and rule.access > Access.PUBLIC and rule.scope not in caller.scopes:
            raise Forbidden(f"this key lacks the scope {rule.scope}" if rule.scope else "no key may do this; sign in")
        if not safe and rule.reads_body and _sends(call) and (call.content_length or 0) <= LARGEST_BODY:
            with self._bodies.reading(address_of(call.remote_addr), caller.user):
                call.get_data()  # is kept for the view

    def _identify(self, call: Request) -> Identity:
        bearer = call.environ.get("HTTP_AUTHORIZATION")
        if bearer is not None:
            kind, _, secret = bearer.partition(" ")
            found = self._resolve("bearer", secret.strip()) if kind.lower() == "bearer" else None
            if found is None:
                self._limiter.hit("api", address_of(call.remote_addr))  # guessing tokens costs calls too
                raise Unauthorized(
                    "the token is not valid or has expired", {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                )
            return found
        if "HTTP_COOKIE" in call.environ:
            cookie = call.cookies.get(self._cookie)
            return (self._resolve("cookie", cookie) if cookie else None) or NOBODY
        return NOBODY

    def _check_write(self, call: Request, rule: Rule, caller: Identity) -> None:
        """A browser sends cookies by itself, so a page must prove that it is ours."""
        origin = call.headers.get("Origin")
        if origin and caller.via in ("", "cookie") and origin not in (self._origin, call.host_url.rstrip("/")):
            raise Forbidden("this came from another site")  # which could also sign somebody in as another
        if caller.via == "cookie":
            sent = call.headers.get("X-CSRF-Token", "")
            if rule.access > Access.PUBLIC and not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
                raise Forbidden("the page is out of date; load it again")
        if rule.reads_body and _sends(call) and not call.is_json:
            raise WrongType("send JSON, with Content-Type: application/json")

    def after(self, response: Response) -> Response:
        """Headers, ETag, log line, metrics."""
        scope, call = _scope(), _call()
        status, path = response.status_code, call.path
        left = call.environ[_LEFT] = [("X-Request-Id", scope.request_id)]
        if scope.window is not None:
            left += headers(scope.window).items()
        if path.startswith("/api/"):
            left.append(_PRIVATE)
            if status == 200 and call.method in ("GET", "HEAD") and not response.direct_passthrough:
                conditional.unchanged(response, call.environ.get("HTTP_IF_NONE_MATCH"))
                status = response.status_code
        took = time.perf_counter() - scope.began
        self._measure(call.endpoint or "none", status, took)
        if log.isEnabledFor(logging.INFO):
            where, method, address = json.dumps(path), json.dumps(call.method), json.dumps(call.remote_addr or "")
            log.info(
                f'{{"at": {time.time():.3f}, "request": "{scope.request_id}", "method": {method}, "path": {where}, '
                f'"status": {status}, "ms": {1000 * took:.2f}, "user": "{scope.who.user}", '
                f'"from": {address}}}'
            )
        return response

    def _measure(self, endpoint: str, status: int, seconds: float) -> None:
        found = self._metrics.get((endpoint, status))
        if found is None:
            found = self._metrics[endpoint, status] = SECONDS.labels(endpoint), ANSWERS.labels(endpoint, status)
        found[0].observe(seconds)
        found[1].inc()

    @staticmethod
    def teardown(_error: BaseException | None) -> None:
        """A failed view must not leave its transaction open; the connection stays with the thread."""
        if not database.is_closed() and database.in_transaction():
            database.rollback()


def _live_sources(settings: Settings) -> str:
    """Where pages may open the WebSocket of live events, as the policy for content writes it."""
    if settings.public_url:  # the proxy has both at one address
        return f"{'wss' if settings.secure else 'ws'}://{urlsplit(settings.url).netloc}"
    if settings.host in ("0.0.0.0", "::"):  # this machine has many names, and a page uses the one it was loaded by
        return f"ws://*:{settings.live}"
    return " ".join(f"ws://{name}:{settings.live}" for name in sorted({"localhost", "127.0.0.1", settings.host}))


def _is_here(host: str) -> bool:
    """Whether a Host header is `localhost` or a number. A site whose name leads to this machine is none of ours."""
    name = host.partition(":")[0]
    return name in ("localhost", "", "[") or name.replace(".", "").isdigit()


def _sends(call: Request) -> bool:
    return bool(call.content_length) or "HTTP_TRANSFER_ENCODING" in call.environ


def _scope() -> _AppCtxGlobals:
    """What `g` stands for."""
    return cast(_AppCtxGlobals, g._get_current_object())


def _call() -> Request:
    """What `request` stands for."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]
