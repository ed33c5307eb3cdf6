"""ETags: an answer that is known already is not sent again, and nobody overwrites what they have not seen."""

import functools
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from companion.database import database
from companion.errors import Problem, Stale


def tag(data: bytes) -> str:
    """The ETag of an answer's body."""
    return f'"{blake2b(data, digest_size=12).hexdigest()}"'


def listed(header: str, etag: str, weak: bool) -> bool:
    """Whether an If-Match or If-None-Match names the tag. weak: W/"x" counts as "x"."""
    if header.strip() == "*":
        return True
    for word in header.split(","):
        sent = word.strip()
        if weak:
            sent = sent.removeprefix("W/")
        if sent == etag:
            return True
    return False


def unchanged(response: Response, known: str | None) -> None:
    """Tag a successful answer; empty it (304) when the caller has it, by its If-None-Match."""
    fields = response.headers
    etag = fields.get("ETag")
    if etag is None:
        etag = fields["ETag"] = tag(response.get_data())
    if known is not None and listed(known, etag.removeprefix("W/"), weak=True):
        response.status_code = 304
        response.set_data(b"")
        del fields["Content-Type"]


def guarded(call: Callable[..., Response]) -> Callable[..., Response]:
    """A view that changes something, done only when If-Match, if sent, names what GET answers now.

    Both happen in one transaction, so that nobody else's change gets between. Stale (412) otherwise. Where GET tags its
    answer itself, as by a version, the check is the view's own.
    """

    @functools.wraps(call)
    def checked(**arguments: Any) -> Response:
        wanted = request.headers.get("If-Match")
        if wanted is None:
            return call(**arguments)
        with database.atomic():
            present = _present()
            if present is None or (present.headers.get("ETag") is None and not _names(wanted, present)):
                raise Stale("somebody changed this meanwhile; load it again, then repeat the change")
            return call(**arguments)

    return checked


def _names(wanted: str, present: Response) -> bool:
    return listed(wanted, tag(present.get_data()), weak=False)


def _present() -> Response | None:
    """What GET at the same address answers; None where it answers nothing."""
    app = current_app
    try:
        endpoint, arguments = app.create_url_adapter(request).match(method="GET")  # type: ignore[union-attr]
        return app.make_response(app.ensure_sync(app.view_functions[endpoint])(**arguments))
    except (HTTPException, Problem):
        return None
