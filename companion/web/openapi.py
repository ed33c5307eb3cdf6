"""The OpenAPI 3.1 document, made from the routes as they are registered."""

import inspect
from collections.abc import Iterable
from typing import Any

from flask import Flask
from pydantic import BaseModel, TypeAdapter
from werkzeug.routing import Rule as Address

from companion.web import problems
from companion.web.api import JSON, Api, Route
from companion.web.application import shape
from companion.web.identity import Access
from companion.web.limits import TABLE

Schema = dict[str, Any]
_REF = "#/components/schemas/{model}"
_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it; `detail` says to a person what to do.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "the kind, an address with an explanation"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "request": {"type": "string", "description": "the request's number, as in the log"},
        "errors": {
            "type": "array",
            "description": "what does not fit, by field",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("where", "field", "error")},
            },
        },
    },
    "examples": [
        {
            "type": "/problems/not-found",
            "title": "Not Found",
            "status": 404,
            "detail": "there is no such session",
            "instance": "/api/v1/sessions/01m7z3m1fwfn85g3hf19tnxsct",
            "request": "5f1d8e0c2ab34c71",
        }
    ],
}
_SECURITY: Schema = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "a token of `POST /tokens`, or an API key",
    },
    "cookie": {"type": "apiKey", "in": "cookie", "description": "the session of the page"},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "goes with the cookie wherever something is changed; `GET /session` tells it",
    },
}
_HEADERS: Schema = {
    "RateLimit-Policy": {"description": "the allowance: calls (q) in seconds (w)", "schema": {"type": "string"}},
    "RateLimit": {"description": "calls left (r), seconds until some are back (t)", "schema": {"type": "string"}},
    "X-Request-Id": {"description": "the request's number, as in the log", "schema": {"type": "string"}},
}
_PARAMETERS: dict[str, Schema] = {
    "Idempotency-Key": {
        "description": "any text of your own: the same request with the same key is done once within 24 hours",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "If-Match": {"description": "the ETag that you saw: changed only if it is still the present one"},
    "If-None-Match": {"description": "the ETag that you have: 304 if it is still the present one"},
}
_MEANING = {
    400: "the request cannot be read",
    401: "not signed in",
    403: "not allowed to this caller",
    404: "there is no such thing, or it is another's",
    409: "it does not go together with what is there",
    412: "it was changed meanwhile",
    413: "more bytes than is allowed",
    415: "not a kind of content that is taken here",
    422: "what was sent does not fit; `errors` says what",
    429: "too often; Retry-After says when again",
    500: "our fault",
    503: "a part that is needed does not answer",
}


def document(app: Flask, apis: Iterable[Api], title: str, version: str) -> Schema:
    """The document of all routes of these APIs."""
    routes = {endpoint: route for api in apis for endpoint, route in api.routes.items()}
    tags = {route.endpoint: api.title for api in apis for route in api.routes.values()}
    schemas, references = _schemas(routes.values())
    paths: dict[str, Schema] = {}
    cookie = _SECURITY["cookie"] | {"name": app.extensions["settings"].cookie}
    first: dict[str, Address] = {}  # two routes of one shape are one path, whatever they call its parts
    for address in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        route = routes.get(address.endpoint)
        if route is not None:
            named = first.setdefault(shape(address), address)
            operation = _operation(route, named, references) | {"tags": [tags[route.endpoint]]}
            paths.setdefault(_path(named), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": "Times are milliseconds since 1970 (UTC). Lists come in pages: pass `next` as `after`.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({api.title for api in apis})],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **schemas},
            "securitySchemes": _SECURITY | {"cookie": cookie},
            "headers": _HEADERS,
            "parameters": {
                name: {"name": name, "in": "header", "required": False, "schema": {"type": "string"}} | shape
                for name, shape in _PARAMETERS.items()
            },
            "responses": {
                str(status): {
                    "description": meaning,
                    "content": {problems.KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, meaning in _MEANING.items()
            },
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[Schema, dict[tuple[str, str], Schema]]:
    """Schemas of all models, and a reference or schema for each (endpoint, `takes` or `gives`)."""
    wanted: list[tuple[tuple[str, str], Any, TypeAdapter[Any]]] = []
    for route in routes:
        if route.takes is not None:
            wanted.append(((route.endpoint, "takes"), "validation", TypeAdapter(route.takes)))
        if route.gives is not None:
            wanted.append(((route.endpoint, "gives"), "serialization", TypeAdapter(route.gives)))
    found, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF)
    references = {name: schema for (name, _), schema in found.items()}
    return dict(definitions.get("$defs", {})), references


def _path(address: Address) -> str:
    """`/tracks/<track>` as `/tracks/{track}`."""
    return "".join(f"{{{text}}}" if dynamic else text for dynamic, text in address._trace).removeprefix("|")


def _operation(route: Route, address: Address, references: dict[tuple[str, str], Schema]) -> Schema:
    summary, _, rest = inspect.cleandoc(route.view.__doc__ or route.view.__name__).partition("\n")
    operation: Schema = {"operationId": route.endpoint.replace(".", "_"), "summary": summary.rstrip(".")}
    rule = route.rule
    notes = [rest.strip(), f"Needs the role {rule.access.name.lower()}." if rule.access > Access.PUBLIC else ""]
    if rule.scope:
        notes.append(f"An API key needs the scope `{rule.scope}`.")
    calls, seconds = TABLE[rule.limit]
    notes.append(f"At most {calls} calls in {seconds} s.")
    operation["description"] = "\n\n".join(note for note in notes if note)
    operation["security"] = _security(route)
    parameters = _parameters(route, address)
    if parameters:
        operation["parameters"] = parameters
    if route.takes is not None:
        schema = references[route.endpoint, "takes"]
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    elif route.sends:
        operation["requestBody"] = {"required": True, "content": {route.sends: {}}}
    operation["responses"] = _responses(route, address, references)
    return operation


def _security(route: Route) -> list[Schema]:
    if route.rule.access == Access.PUBLIC:
        return [] if route.rule.identifies else [{"bearer": []}]  # a token that the view itself judges
    cookie: Schema = {"cookie": []} if route.method == "GET" else {"cookie": [], "csrf": []}
    return [{"bearer": []}, cookie]


def _parameters(route: Route, address: Address) -> list[Schema]:
    found: list[Schema] = []
    for name in sorted(address.arguments):
        converter = type(address._converters[name]).__name__
        kind: Schema = {"type": "integer", "minimum": 0} if converter == "IntegerConverter" else {"type": "string"}
        found.append({"name": name, "in": "path", "required": True, "schema": kind})
    if route.query is not None:
        found += _query_parameters(route.query)
    if route.method == "GET" and route.gives is not None:
        found.append({"$ref": "#/components/parameters/If-None-Match"})
    elif route.repeatable:
        found.append({"$ref": "#/components/parameters/Idempotency-Key"})
    elif route.method in ("PUT", "PATCH", "DELETE"):
        found.append({"$ref": "#/components/parameters/If-Match"})
    return found


def _query_parameters(model: type[BaseModel]) -> list[Schema]:
    schema = TypeAdapter(model).json_schema()
    definitions = schema.pop("$defs", {})
    found = []
    for name, field in schema.get("properties", {}).items():
        flat = _inlined(field, definitions)
        row: Schema = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        text = flat.pop("description", "")
        flat.pop("title", None)
        found.append(row | ({"description": text} if text else {}) | {"schema": flat})
    return found


def _inlined(shape: Any, definitions: Schema) -> Any:
    """A schema with its references replaced by what they refer to."""
    if isinstance(shape, list):
        return [_inlined(part, definitions) for part in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        return _inlined(definitions[shape["$ref"].rpartition("/")[2]], definitions)
    return {key: _inlined(value, definitions) for key, value in shape.items()}


def _responses(route: Route, address: Address, references: dict[tuple[str, str], Schema]) -> Schema:
    good: Schema = {
        "description": "done",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
    }
    if route.content:
        good["content"] = {route.content: {}}
    elif route.gives is not None:
        good["content"] = {JSON: {"schema": references[route.endpoint, "gives"]}}
    found: Schema = {str(route.status): good}
    if route.method == "GET" and route.status == 200:
        found["304"] = {"description": "you have it already"}
    for status in sorted(_refusals(route, address)):
        found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def _refusals(route: Route, address: Address) -> set[int]:
    """How a route may refuse."""
    found = {400, 429, 500, 503}
    if route.rule.access > Access.PUBLIC or route.takes is not None or not route.rule.identifies:
        found |= {401, 403}
    if address.arguments or route.method != "GET":
        found.add(404)
    if route.takes is not None or route.sends:
        found |= {413, 415, 422}
    if route.query is not None or route.repeatable or address.arguments:
        found.add(422)
    if route.method != "GET":
        found |= {409, 412}
    return found
