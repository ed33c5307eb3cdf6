"""Routes with their rule: who may call, how often, what goes in and what comes out, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from companion.errors import Invalid, NotFound, Problem
from companion.web import conditional, idempotency
from companion.web.identity import Access

View = TypeVar("View", bound=Callable[..., Any])
Sent = TypeVar("Sent", bound=BaseModel)
JSON = "application/json"
# a name that is shown and mailed to others: no line breaks, and nothing that turns the direction of writing
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
_LARGEST = 1 << 63  # what a database keeps as a whole number


class Body(BaseModel):
    """Base of what is sent to us: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Answer(BaseModel):
    """Base of what we send."""

    model_config = ConfigDict(from_attributes=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of a caller.

    access: the least role. scope: what an API key must have been given; empty: no key may call it.
    limit: a row of `limits.TABLE`. reads_body: False where the view streams the body itself.
    identifies: False where it does not matter who calls; such a view has no database unless it asks for one.
    repeats: False where Idempotency-Key must not be understood: the view is then one transaction, which undoes the
    count of a guess and waits for whatever it asks.
    """

    access: Access
    scope: str = ""
    limit: str = "api"
    reads_body: bool = True
    identifies: bool = True
    repeats: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """A registered route, as the OpenAPI document tells of it."""

    method: str
    endpoint: str
    rule: Rule
    view: Callable[..., Any]
    takes: type[BaseModel] | None
    query: type[BaseModel] | None
    gives: Any
    status: int
    content: str
    sends: str

    @property
    def repeatable(self) -> bool:
        """Whether Idempotency-Key is understood."""
        rule = self.rule
        return self.method == "POST" and rule.reads_body and rule.repeats and rule.access > Access.PUBLIC


class Api(Blueprint):
    """A blueprint whose every route states its rule. `rules` maps endpoint to Rule, `routes` endpoint to Route."""

    def __init__(self, name: str, title: str, prefix: str = ""):
        super().__init__(name, f"companion.{name}", url_prefix=f"/api/v1{prefix}")
        self.title = title
        self.rules: dict[str, Rule] = {}
        self.routes: dict[str, Route] = {}

    def on(
        self,
        method: str,
        path: str,
        rule: Rule,
        *,
        takes: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        gives: Any = None,
        status: int = 200,
        content: str = "",
        sends: str = "",
    ) -> Callable[[View], View]:
        """Register a view. Its docstring's first line is the summary, the rest the description.

        takes: model of the JSON body, given as `body`. query: model of the query string, given as `query`.
        gives: model of the answer. status: of a successful answer. content: media type of an answer that is no JSON
        (`audio/*`); sends: media type of a body that the view reads itself. A POST understands Idempotency-Key; a
        PUT, PATCH or DELETE If-Match, where the same address answers GET.
        """

        def register(view: View) -> View:
            endpoint = f"{self.name}.{view.__name__}"
            route = Route(method, endpoint, rule, view, takes, query, gives, status, content, sends)
            called = _called(route)
            if route.repeatable:
                called = idempotency.once(called)
            elif rule.repeats and method in ("PUT", "PATCH", "DELETE"):
                called = conditional.guarded(called)
            self.rules[endpoint], self.routes[endpoint] = rule, route
            self.add_url_rule(path, view.__name__, called, methods=[method])
            return view

        return register


def _called(route: Route) -> Callable[..., Response]:
    """The view between parsing and answering."""
    view, takes, query, status = route.view, route.takes, route.query, route.status
    adapter = None if route.gives is None else TypeAdapter(route.gives)

    def call(**arguments: Any) -> Response:
        if any(isinstance(value, int) and value >= _LARGEST for value in arguments.values()):
            raise NotFound("nothing has so large a number")
        if takes is not None:
            arguments["body"] = body_of(takes)
        if query is not None:
            arguments["query"] = _query(query)
        result = view(**arguments)
        if isinstance(result, Response):
            return result
        if adapter is None:
            return Response(status=status)
        data = adapter.dump_json(adapter.validate_python(result, from_attributes=True))
        return Response(data, status, content_type=JSON)

    return call


def body_of(model: type[Sent]) -> Sent:
    """The JSON body as a model, for views that `on` does not register. Problem or Invalid when it does not fit."""
    try:
        found = model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as exc:
        raise _invalid(exc, "json") from exc
    check_storable(found, "json")
    return found


def _query(model: type[BaseModel]) -> BaseModel:
    sent = (
        {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}
        if request.query_string
        else {}
    )
    try:
        found = model.model_validate(sent)
    except ValidationError as exc:
        raise _invalid(exc, "query") from exc
    check_storable(found, "query")
    return found


def _invalid(error: ValidationError, where: str) -> Problem:
    """What pydantic found, as sentences by field."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    if rows[0]["type"] == "json_invalid":
        return Problem(f"the body is not JSON: {rows[0]['msg'].removeprefix('Invalid JSON: ')}")
    found = [
        {"where": where, "field": ".".join(map(str, row["loc"])), "error": _sentence(row["msg"])} for row in rows[:20]
    ]
    return Invalid("; ".join(f"{row['field']}: {row['error']}".lstrip(": ") for row in found), errors=found)


def _sentence(found: str) -> str:
    return "it must be one line of text" if ONE_LINE in found else found.removeprefix("Value error, ")


def check_storable(value: Any, where: str) -> None:
    """Refuse what no database keeps: NUL in a text, a whole number of more than 64 bits."""
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid(
                "a text must not contain NUL characters", errors=[{"where": where, "field": "", "error": "NUL"}]
            )
    elif isinstance(value, int):
        if not -_LARGEST <= value < _LARGEST:
            raise Invalid("a number is too large")
    elif isinstance(value, BaseModel):
        for part in value.__dict__.values():
            check_storable(part, where)
    elif isinstance(value, dict):
        for name, part in value.items():
            check_storable(name, where)
            check_storable(part, where)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            check_storable(part, where)
