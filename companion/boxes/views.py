"""/api/v1/boxes."""

from typing import Any

from flask import current_app
from pydantic import BaseModel, ConfigDict, Field

from companion.boxes import claims, service
from companion.web.api import Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("boxes", "Boxes", "/boxes")
READ = Rule(Access.ARTIST, "boxes:read", "page")
WRITE = Rule(Access.ARTIST, "boxes:write")
OWN = Rule(Access.ARTIST)  # whose a box is changes in the page alone, not by a key


class BoxOut(Answer):
    """A box of yours, and what it said last. `seen`, `claimed`: when; storage in bytes; `given_to`: to whom offered."""

    id: str
    name: str
    model: str
    claimed: int | None
    online: bool
    seen: int | None
    versions: dict[str, str]
    storage_used: int | None
    storage_total: int | None
    playing: str
    given_to: str


class Claim(Body):
    """The code on the box's screen."""

    code: str = Field(max_length=20, examples=["7K2M-9QXP"])


class Name(Body):
    """What the box is called."""

    name: str = Field(min_length=1, max_length=60)


class Heir(Body):
    """The address of whom the box is for."""

    email: str = Field(max_length=254)


class Wanted(BaseModel):
    """`search`: a part of the name."""

    model_config = ConfigDict(extra="forbid")

    search: str = Field("", max_length=60)


class BoxEventOut(Answer):
    """Something that happened with a box."""

    id: int
    kind: str
    detail: dict[str, Any]
    at: int


class OfferOut(Answer):
    """A box that somebody wants to give you."""

    box: str
    name: str
    model: str
    giver: str
    expires: int


@api.on("GET", "", READ, query=Wanted, gives=list[BoxOut])
def list_boxes(query: Wanted) -> Any:
    """Your boxes, by name."""
    return service.listed(who().user, query.search)


@api.on("POST", "/claims", Rule(Access.ARTIST, limit="auth", repeats=False), takes=Claim, gives=BoxOut, status=201)
def claim_box(body: Claim) -> Any:
    """Make a box yours by the code that it shows. Five tries in ten minutes."""
    return claims.claim(who().user, body.code)


@api.on("GET", "/offers", OWN, gives=list[OfferOut])
def list_offers() -> Any:
    """Boxes that are offered to your address, once it is confirmed."""
    return service.offers(who().user)


@api.on("POST", "/offers/<box>/accept", OWN, gives=BoxOut)
def take_box(box: str) -> Any:
    """Take a box that is offered to you."""
    return service.take(who().user, box)


@api.on("DELETE", "/offers/<box>", OWN, status=204)
def refuse_box(box: str) -> Any:
    """Decline a box that is offered to you."""
    service.refuse(who().user, box)


@api.on("GET", "/<box>", READ, gives=BoxOut)
def get_box(box: str) -> Any:
    """One of your boxes."""
    return service.get(who().user, box)


@api.on("PATCH", "/<box>", WRITE, takes=Name, gives=BoxOut)
def rename_box(box: str, body: Name) -> Any:
    """Call a box something else."""
    return service.rename(who().user, box, body.name)


@api.on("DELETE", "/<box>", OWN, status=204)
def revoke_box(box: str) -> Any:
    """End that the box is yours; it may be claimed anew."""
    service.revoke(who().user, box)


@api.on("GET", "/<box>/activity", READ, query=Paging, gives=Page[BoxEventOut])
def list_activity(box: str, query: Paging) -> Any:
    """What happened with a box since it is yours, newest first."""
    rows, following = service.activity(who().user, box, query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("PUT", "/<box>/offer", Rule(Access.ARTIST, limit="mail"), takes=Heir, gives=BoxOut)
def offer_box(box: str, body: Heir) -> Any:
    """Offer a box to somebody; it stays yours until they take it."""
    return service.give(current_app.extensions["settings"], who().user, box, body.email)


@api.on("DELETE", "/<box>/offer", OWN, gives=BoxOut)
def keep_box(box: str) -> Any:
    """Take the offer back."""
    return service.keep(who().user, box)
