"""/api/v1/live, and tickets for documents."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request

from companion.config import Settings
from companion.documents import service
from companion.errors import NotFound
from companion.live import tickets
from companion.live.rooms import PATH
from companion.web.api import Answer, Api, Rule
from companion.web.identity import Access, who

api = Api("live", "Live events", "/live")
documents = Api("lines", "Editing documents live", "/documents")


class Ticket(Answer):
    """`url` opens one WebSocket within `expires_in` seconds. Add `&after=` and the last event's id to catch up."""

    ticket: str
    url: str
    expires_in: int


def address(settings: Settings, host: str, path: str = "/ws/events") -> str:
    """Where a WebSocket is, for a page that was loaded from `host`."""
    if settings.public_url:
        public = urlsplit(settings.url)
        return f"{'wss' if settings.secure else 'ws'}://{public.netloc}{public.path}{path}"
    name = urlsplit(f"//{host}").hostname or "localhost"
    return f"ws://{f'[{name}]' if ':' in name else name}:{settings.live}{path}"


@api.on("POST", "/ticket", Rule(Access.COLLABORATOR, limit="page"), gives=Ticket, status=201)
def make_ticket() -> Any:
    """A ticket for the WebSocket of live events: it works once, within a minute."""
    ticket = tickets.issue(who().user, who().session)
    url = f"{address(current_app.extensions['settings'], request.host)}?ticket={ticket}"
    return {"ticket": ticket, "url": url, "expires_in": tickets.LIFE_MS // 1000}


@documents.on("POST", "/<number>/ticket", Rule(Access.ARTIST, limit="page"), gives=Ticket, status=201)
def make_document_ticket(number: str) -> Any:
    """A ticket for the WebSocket in which a document is edited, by Yjs's sync protocol: once, within a minute."""
    if not service.right(who().user, number):
        raise NotFound("there is no such document")
    ticket = tickets.issue(who().user, who().session)
    url = f"{address(current_app.extensions['settings'], request.host, f'{PATH}{number}')}?ticket={ticket}"
    return {"ticket": ticket, "url": url, "expires_in": tickets.LIFE_MS // 1000}
