"""Lists in pages: a cursor that survives what is added and removed meanwhile."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import peewee
from pydantic import BaseModel, ConfigDict, Field

from companion.errors import Invalid
from companion.web.api import check_storable

Row = TypeVar("Row")


class Paging(BaseModel):
    """The query string of every list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="rows in one answer")
    after: str = Field("", max_length=500, description="`next` of the answer before")


class Page(BaseModel, Generic[Row]):
    """One page of a list; `next` is empty on the last."""

    items: list[Row]
    next: str = ""


def encode(values: Sequence[Any]) -> str:
    """A cursor from the sort values of the last row."""
    return base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode().rstrip("=")


def decode(cursor: str, kinds: Sequence[type]) -> list[Any] | None:
    """The sort values of a cursor, each of the kind given; None for the first page. Invalid when it is none of ours."""
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as exc:
        raise Invalid("`after` is not the `next` of an answer") from exc
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise Invalid("`after` is not the `next` of an answer to this list")
    check_storable(values, "query")
    return values


def ordered(query: Any, columns: Sequence[Any], sort: str, last: Sequence[Any] | None) -> Any:
    """A peewee query in the order of these columns, from behind `last` on; a `sort` with - is the other way round."""
    descending = sort.startswith("-")
    if last is not None:
        here, there = (columns[0], last[0]) if len(columns) == 1 else (peewee.Tuple(*columns), peewee.Tuple(*last))
        query = query.where(here < there if descending else here > there)
    return query.order_by(*(column.desc() if descending else column.asc() for column in columns))


def newest(query: Any, column: Any, after: str, limit: int, kind: type = str) -> tuple[list[Any], str]:
    """A page of a peewee query by a column that tells rows apart, the highest first, and the next cursor."""
    return by(query, {column: kind}, after, limit, descending=True)


def by(
    query: Any, columns: Mapping[Any, type], after: str, limit: int, descending: bool = False
) -> tuple[list[Any], str]:
    """A page of a peewee query in the order of columns that together tell rows apart, and the next cursor.

    columns: each with the kind of its values.
    """
    rows = ordered(query, [*columns], "-" if descending else "", decode(after, [*columns.values()])).limit(limit + 1)
    return page(list(rows), limit, lambda row: [getattr(row, column.name) for column in columns])


def page(rows: Sequence[Row], limit: int, sort: Callable[[Row], Sequence[Any]]) -> tuple[list[Row], str]:
    """Rows and next cursor from a query for `limit + 1` rows."""
    shown = list(rows[:limit])
    return shown, encode(sort(shown[-1])) if len(rows) > limit else ""
