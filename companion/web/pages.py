"""What the web layer answers itself: the OpenAPI document, and what each kind of problem means."""

import functools
import json
from collections.abc import Sequence

from flask import Flask, Response

from companion.web import openapi, problems
from companion.web.api import JSON, Api, Rule
from companion.web.identity import Access

TITLE, VERSION = "Rackdeck companion", "1"


def install(app: Flask, apis: Sequence[Api]) -> dict[str, Rule]:
    """Register the routes; returns their rules."""

    @functools.cache
    def document() -> bytes:
        return json.dumps(openapi.document(app, apis, TITLE, VERSION)).encode()

    def spec() -> Response:
        return Response(document(), content_type=JSON)

    rule = Rule(Access.PUBLIC, limit="page", identifies=False)
    app.add_url_rule("/api/v1/openapi.json", "openapi", spec)
    app.add_url_rule("/problems", "problems", problems.page)
    app.add_url_rule("/problems/<slug>", "problem", problems.page)
    return {"openapi": rule, "problems": rule, "problem": rule}
