"""Flask without what the companion does not use: coroutines as views, a session of its own, addresses by host.

Measured: each of these costs 3 to 8 us of every request.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter, Rule

LARGEST_BODY = 1 << 20  # bytes


def shape(rule: Rule) -> str:
    """A route's address, whatever its parts are called: `/tracks/{}`."""
    return "".join("{}" if dynamic else text for dynamic, text in rule._trace).removeprefix("|")


class _LateRule(Rule):
    """A route that compiles the making of its address when one is first wanted: most are only ever matched.

    Measured: at the start this is four fifths of what the application costs.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: Callable[..., tuple[str, str]] | None = None
        compile_now = super()._compile_builder

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            compiled = compiled or compile_now(append_unknown)
            return compiled(rule, **values)

        return build


class _NoSession(SessionInterface):
    """The companion keeps its own sessions."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        """The same nothing for everybody."""
        return self._none


class Application(Flask):
    """The WSGI application. Bodies of more than a MiB are refused where a route does not stream them itself."""

    session_interface = _NoSession()
    url_rule_class = _LateRule

    def __init__(self) -> None:
        super().__init__("companion", static_folder=None)
        self.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Views and hooks are plain functions."""
        return func

    def make_default_options_response(self) -> Response:
        """The methods of an address. What another route, with a name in its place, would take is not offered."""
        response = self.response_class()
        if request.url_rule is not None:
            wanted = shape(request.url_rule)
            same = (rule for rule in self.url_map.iter_rules() if shape(rule) == wanted)
            response.allow.update(sorted(method for rule in same for method in rule.methods or ()))
        return response

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route of a request."""
        if request is None:
            return None
        environ = request.environ
        return MapAdapter(
            self.url_map,
            environ.get("HTTP_HOST") or environ["SERVER_NAME"],
            request.root_path,
            "",
            request.scheme,
            request.path,
            request.method,
            environ.get("QUERY_STRING", ""),
        )
