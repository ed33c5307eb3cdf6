"""Every error as one kind of answer: RFC 9457 problem details, and a page for each kind."""

import html
import inspect
import json
import logging
from http import HTTPStatus
from typing import Any

import peewee
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from companion.errors import NotFound, Problem

log = logging.getLogger(__name__)
KIND = "application/problem+json"

# Kinds that the web layer itself finds: slug to (status, what it means)
OURS = {
    "bad-request": (400, "The request cannot be read, for example because its body is not JSON."),
    "method-not-allowed": (405, "This address does not take this method; the Allow header says which it takes."),
    "our-fault": (500, "Something went wrong here. It was noted with the request's number, which `request` tells."),
}
_BY_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "wrong-type",
    500: "our-fault",
}


def answer(status: int, slug: str, detail: str = "", extra: dict[str, Any] | None = None) -> Response:
    """A problem as an answer. `type` is an address below /problems that explains the kind."""
    body = {
        "type": f"/problems/{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request": g.get("request_id", ""),
        **(extra or {}),
    }
    return Response(json.dumps(body), status, content_type=KIND)


def _of_problem(problem: Problem) -> Response:
    response = answer(problem.status, problem.slug, problem.detail, problem.extra)
    response.headers.update(problem.headers)
    return response


def of_http(error: HTTPException) -> Response:
    """What the web framework found wrong, as a problem."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    slug = _BY_STATUS.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    response = answer(status, slug, error.description or "")
    allow = getattr(error, "valid_methods", None)
    if allow:
        response.headers["Allow"] = ", ".join(allow)
    return response


def _of_bug(error: Exception) -> Response:
    log.error("request failed", exc_info=error)
    return answer(500, "our-fault", "something went wrong here; it was noted with this request's number")


def _of_database(error: Exception) -> Response:
    """The server is away, or a writer held the file for too long: it may work in a moment."""
    log.error("the database does not answer", exc_info=error)
    said = "the database does not answer at this moment; try again"
    if any(sign in str(error) for sign in ("disk is full", "No space left")):  # SQLite and PostgreSQL
        said = "the companion's disk is full; ask whoever runs it to make room"
    response = answer(503, "unavailable", said)
    response.headers["Retry-After"] = "2"
    return response


def install(app: Flask) -> None:
    """Let the app answer all errors this way."""
    app.register_error_handler(Problem, _of_problem)
    app.register_error_handler(HTTPException, of_http)
    for kind in (peewee.OperationalError, peewee.InterfaceError):
        app.register_error_handler(kind, _of_database)
    app.register_error_handler(Exception, _of_bug)


def kinds() -> dict[str, tuple[int, str]]:
    """All kinds of problems: slug to (status, what it means)."""
    found = dict(OURS)
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        meaning = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        found.setdefault(kind.slug, (kind.status, meaning))
    return found


def page(slug: str = "") -> Response:
    """What a kind of problem means; without a slug, all kinds. NotFound for no kind."""
    known = kinds()
    if slug and slug not in known:
        raise NotFound("there is no such kind of problem")
    rows = [
        f"<dt><code>{name}</code> · {status} {HTTPStatus(status).phrase}</dt><dd>{html.escape(meaning)}</dd>"
        for name, (status, meaning) in sorted(known.items(), key=lambda row: (row[1][0], row[0]))
        if slug in ("", name)
    ]
    more = '<p><a href="/problems">All kinds of problems</a></p>' if slug else ""
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Problems: {slug or 'all kinds'}</title><h1>{slug or 'Kinds of problems'}</h1>"
        f"<dl>{''.join(rows)}</dl>{more}</html>"
    )
    return Response(text, content_type="text/html; charset=utf-8")
