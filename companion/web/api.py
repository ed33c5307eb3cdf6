"""Routes with their rule: who may call, how often, what goes in and what comes out, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from apiflask import APIBlueprint
from pydantic import BaseModel, ConfigDict

from companion.web.identity import Access

View = TypeVar("View", bound=Callable[..., Any])


class Body(BaseModel):
    """Base of what is sent to us: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """Base of what we send."""

    model_config = ConfigDict(from_attributes=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of a caller.

    access: the least role. scope: what an API key must have been given; empty: no key may call it.
    limit: a row of `limits.TABLE`. reads_body: False where the view streams the body itself.
    """

    access: Access
    scope: str = ""
    limit: str = "api"
    reads_body: bool = True


class Api(APIBlueprint):
    """A blueprint whose every route states its rule. `rules` maps endpoint to Rule."""

    def __init__(self, name: str, title: str, prefix: str = ""):
        super().__init__(name, f"companion.{name}", tag=title, url_prefix=f"/api/v1{prefix}")
        self.rules: dict[str, Rule] = {}

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
    ) -> Callable[[View], View]:
        """Register a view. Its docstring's first line is the summary.

        takes: model of the JSON body, given as `body`. query: model of the query string, given as `query`.
        gives: model of the answer. status: of a successful answer.
        """

        def register(view: View) -> View:
            wrapped: Any = view
            if takes is not None:
                wrapped = self.input(takes, arg_name="body")(wrapped)
            if query is not None:
                wrapped = self.input(query, location="query", arg_name="query")(wrapped)
            wrapped = self.output(gives if gives is not None else {}, status_code=status)(wrapped)
            summary, _, rest = (view.__doc__ or view.__name__).partition("\n")
            wrapped = self.doc(summary=summary.rstrip("."), description=rest.strip() or None)(wrapped)
            self.rules[f"{self.name}.{view.__name__}"] = rule
            self.add_url_rule(path, view.__name__, wrapped, methods=[method])
            return view

        return register
