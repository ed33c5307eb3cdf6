"""Every error as one kind of answer: RFC 9457 problem details."""

import json
import logging
from http import HTTPStatus
from typing import Any

from apiflask import APIFlask, HTTPError
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from companion.errors import Problem

log = logging.getLogger(__name__)
KIND = "application/problem+json"


def answer(status: int, slug: str, detail: str = "", extra: dict[str, Any] | None = None) -> Response:
    """A problem as an answer. `type` is an address below /problems that explains the kind."""
    body = {
        "type": f"/problems/{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request": getattr(g, "request_id", ""),
        **(extra or {}),
    }
    return Response(json.dumps(body), status, content_type=KIND)


def _of_problem(problem: Problem) -> Response:
    response = answer(problem.status, problem.slug, problem.detail, problem.extra)
    response.headers.update(problem.headers)
    return response


def _of_http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    response = answer(status, HTTPStatus(status).phrase.lower().replace(" ", "-"), error.description or "")
    allow = getattr(error, "valid_methods", None)
    if allow:
        response.headers["Allow"] = ", ".join(allow)
    return response


def _of_validation(error: HTTPError) -> Response:
    """What pydantic found, as sentences by field."""
    found = []
    for place, fields in (error.detail or {}).items():
        for field, sentences in fields.items() if isinstance(fields, dict) else [("", fields)]:
            for sentence in sentences if isinstance(sentences, list) else [sentences]:
                found.append({"where": place, "field": field, "error": str(sentence)})
    status = error.status_code
    slug = "invalid" if status == 422 else HTTPStatus(status).phrase.lower().replace(" ", "-")
    detail = "; ".join(f"{row['field']}: {row['error']}".lstrip(": ") for row in found) or error.message or ""
    response = answer(status, slug, detail, {"errors": found} if found else None)
    response.headers.update(dict(error.headers or {}))
    return response


def _of_bug(error: Exception) -> Response:
    log.error("request failed", exc_info=error)
    return answer(500, "our-fault", "something went wrong here; it was noted with this request's number")


def install(app: APIFlask) -> None:
    """Let the app answer all errors this way."""
    app.error_processor(_of_validation)
    app.register_error_handler(Problem, _of_problem)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_bug)
