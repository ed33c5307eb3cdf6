"""Idempotency-Key: a POST that is sent twice has its effect once, and gets the same answer.

A key is claimed in a transaction of its own. The view then runs in a second one, together with the row's answer: after
a crash either both are there or neither, and a claim that nobody finishes can be taken over. Answers are sealed, as
some hold a secret that is shown only once.
"""

import functools
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Protocol, cast

import peewee
from flask import Response, current_app, request

from companion import elapsed
from companion.database import Model, database, new_id, now
from companion.errors import Conflict, Invalid
from companion.web.identity import who

KEEP_MS = 24 * 3600 * 1000
ABANDONED_MS = 60 * 1000  # a claim of a process that died; a request that takes longer loses its claim and its effect
MOST = 200
KEPT_HEADERS = ("Content-Type", "Location", "ETag")


class Sealer(Protocol):
    """What keeps stored answers secret."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt."""


class Repeat(Model):
    """A key somebody used. `id` covers user, route and key; `request` what was sent; `attempt` who works on it."""

    id = peewee.CharField(max_length=64, primary_key=True)
    request = peewee.CharField(max_length=64)
    attempt = peewee.CharField(max_length=26)
    at = peewee.BigIntegerField(default=now, index=True)
    answer = peewee.BlobField(null=True)


def once(call: Callable[..., Response]) -> Callable[..., Response]:
    """A view that is done once for each Idempotency-Key of a user, within 24 hours.

    Conflict while the first is still at work; Invalid when the key came with another request. An answer that is no
    success changed nothing, and frees the key.
    """

    @functools.wraps(call)
    def checked(**arguments: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return call(**arguments)
        if not 1 <= len(key) <= MOST:
            raise Invalid(f"an Idempotency-Key has 1 to {MOST} characters")
        number = digest(who().user, request.path, key)
        sent = digest(request.query_string.decode("latin-1"), request.get_data().hex())
        attempt = new_id()
        kept = _claim(number, sent, attempt)
        return _stored(number, kept) if kept else _first(number, attempt, call, arguments)

    return checked


def digest(*parts: str) -> str:
    """One text for what several say."""
    return sha256(json.dumps(parts).encode()).hexdigest()


def _claim(number: str, sent: str, attempt: str) -> bytes | None:
    """Make the key ours. Returns the sealed answer when the request was done before."""
    with database.atomic():
        Repeat.delete().where((Repeat.id == number) & (Repeat.at < now() - KEEP_MS)).execute()
        made = Repeat.insert(id=number, request=sent, attempt=attempt, at=now()).on_conflict_ignore().as_rowcount()
        if made.execute():
            return None
        row = Repeat.get_or_none(Repeat.id == number)
        if row is not None and row.request != sent:
            raise Invalid("this Idempotency-Key came with another request before; use a new one")
        if row is not None and row.answer is not None:
            return bytes(row.answer)
        taken = (
            Repeat.update(attempt=attempt, at=now())
            .where((Repeat.id == number) & Repeat.answer.is_null() & (Repeat.at < now() - ABANDONED_MS))
            .execute()
        )
        if not taken:
            raise Conflict("the same request is being worked on; ask again in a moment", {"Retry-After": "1"})
        return None


def _first(number: str, attempt: str, call: Callable[..., Response], arguments: dict[str, Any]) -> Response:
    try:
        with database.atomic() as transaction:
            response = call(**arguments)
            if response.status_code < 300:
                _keep(number, attempt, response)
                return response
            transaction.rollback()
    except BaseException:
        _free(number, attempt)
        raise
    _free(number, attempt)
    return response


def _keep(number: str, attempt: str, response: Response) -> None:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    text = json.dumps([response.status_code, headers, response.get_data(as_text=True)])
    sealed = _sealer().seal(text.encode(), number)
    mine = (Repeat.id == number) & (Repeat.attempt == attempt)
    if not Repeat.update(answer=sealed).where(mine).execute():
        raise Conflict("this took so long that a repetition of it took over; ask again in a moment")


def _free(number: str, attempt: str) -> None:
    Repeat.delete().where((Repeat.id == number) & (Repeat.attempt == attempt)).execute()


def _stored(number: str, sealed: bytes) -> Response:
    status, headers, text = json.loads(_sealer().open(sealed, number))
    return Response(text, status, {**headers, "Idempotent-Replayed": "true"})


def _sealer() -> Sealer:
    return cast(Sealer, current_app.extensions["vault"])


def forget() -> int:
    """Drop keys that are a day old; returns how many."""
    return int(Repeat.delete().where(Repeat.at < elapsed.passed() - KEEP_MS).execute())
