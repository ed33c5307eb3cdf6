"""/api/v1/admin/letters: messages of boxes that could have no effect."""

from typing import Any, Literal

from flask import request
from pydantic import Field

from companion.ingest import letters
from companion.web.api import Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("ingest", "Administration: what boxes sent", "/admin/letters")
READ = Rule(Access.ADMIN, limit="page")
WRITE = Rule(Access.ADMIN)
State = Literal["open", "later", "replayed", "discarded"]


class LetterOut(Answer):
    """A message that had no effect, and why. `later`: only a newer program understands it, which then replays it.

    text: what a replay would take, as it came or as it was mended.
    """

    id: str
    box: str
    owner: str
    stream: str
    epoch: str
    seq: int
    kind: str
    kv: int
    reason: str
    state: State
    came: int
    settled: int | None
    text: str
    mended: bool


class LettersWanted(Paging):
    """In a state, of a box."""

    state: State | None = None
    box: str = Field("", max_length=64)


class Mended(Body):
    """The message as it should have been: the whole JSON text."""

    text: str = Field(min_length=1, max_length=512 * 1024)


def _actor() -> tuple[str, str]:
    return who().user, request.remote_addr or ""


@api.on("GET", "", READ, query=LettersWanted, gives=Page[LetterOut])
def list_letters(query: LettersWanted) -> Any:
    """Messages of boxes that could have no effect, newest first."""
    rows, following = letters.listed(query.state or "", query.box, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/<letter>", READ, gives=LetterOut)
def get_letter(letter: str) -> Any:
    """One of them."""
    return letters.shown(letters.find(letter))


@api.on("PUT", "/<letter>", WRITE, takes=Mended, gives=LetterOut)
def mend_letter(letter: str, body: Mended) -> Any:
    """Change what a replay would take."""
    return letters.mend(*_actor(), letter, body.text)


@api.on("POST", "/<letter>/replay", WRITE, gives=LetterOut)
def replay_letter(letter: str) -> Any:
    """Let a message have its effect now, once."""
    return letters.replay(*_actor(), letter)


@api.on("DELETE", "/<letter>", WRITE, status=204)
def discard_letter(letter: str) -> Any:
    """Let a message be; it stays in the list for 90 days."""
    letters.discard(*_actor(), letter)
