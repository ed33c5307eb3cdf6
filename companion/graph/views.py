"""POST /graphql: one question, answered over the same services and with the same rights as the REST API."""

import functools
import logging
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, jsonify
from graphql import GraphQLError
from pydantic import Field

from companion.errors import Problem
from companion.graph import cost
from companion.web.api import Body, Rule, body_of
from companion.web.identity import Access

if TYPE_CHECKING:
    import strawberry

log = logging.getLogger(__name__)


class Question(Body):
    """A GraphQL request. `operation_name` chooses where the document has several."""

    query: str = Field(max_length=cost.MOST_CHARACTERS)
    variables: dict[str, Any] | None = None
    operation_name: str | None = Field(None, alias="operationName", max_length=100)
    extensions: dict[str, Any] | None = None


@functools.cache
def _schema() -> "strawberry.Schema":
    """Built at the first question: what makes it takes a second to import, and many companions are never asked."""
    from companion.graph.schema import schema

    return schema


def answer() -> Response:
    """Answer a question. What is no proper question is a Problem; what a field refuses is among the `errors`."""
    asked = body_of(Question)
    variables = asked.variables or {}
    cost.check(asked.query, variables, asked.operation_name)
    result = _schema().execute_sync(asked.query, variable_values=variables, operation_name=asked.operation_name)
    errors = result.errors or []
    if result.data is None and errors and all(error.path is None for error in errors):
        told = "; ".join(error.message for error in errors[:3])
        raise cost.BadQuestion(told, errors=[error.formatted for error in errors[:20]])
    found: dict[str, Any] = {"data": result.data}
    if errors:
        found["errors"] = [_formatted(error) for error in errors]
    return jsonify(found)


def _formatted(error: GraphQLError) -> dict[str, Any]:
    """What a field refused, with the members of a problem; a bug says nothing of itself."""
    cause = error.original_error
    if isinstance(cause, Problem):
        status, slug, detail, extra = cause.status, cause.slug, cause.detail, cause.extra
    elif cause is None:
        return dict(error.formatted)
    else:
        log.error("a question failed", exc_info=cause)
        status, slug, extra = 500, "our-fault", {}
        detail = "something went wrong here; it was noted with this request's number"
    problem = {"type": f"/problems/{slug}", "status": status, "request": g.request_id, **extra}
    return {**error.formatted, "message": detail, "extensions": problem}


def install(app: Flask) -> dict[str, Rule]:
    """Register the route; returns its rule. A key needs the scope `graphql` and those of what it asks for."""
    app.add_url_rule("/graphql", "graphql", answer, methods=["POST"])
    return {"graphql": Rule(Access.COLLABORATOR, "graphql", "graphql")}
