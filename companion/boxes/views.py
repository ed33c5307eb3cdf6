"""/api/v1/boxes."""

from typing import Any

from flask import Response, current_app
from pydantic import BaseModel, ConfigDict, Field

from companion.boxes import authority, claims, enrolment, giving, service
from companion.vault.service import Vault
from companion.web.api import ONE_LINE, Answer, Api, Body, Rule
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


class Claimed(BoxOut):
    """A box that is yours now. `check`: six digits; the box shows the same, or it is another box."""

    check: str


class Claim(Body):
    """The code on the box's screen."""

    code: str = Field(max_length=20, examples=["7K2M-9QXP"])


class Name(Body):
    """What the box is called."""

    name: str = Field(min_length=1, max_length=60, pattern=ONE_LINE)


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


@api.on("POST", "/claims", Rule(Access.ARTIST, limit="auth", repeats=False), takes=Claim, gives=Claimed, status=201)
def claim_box(body: Claim) -> Any:
    """Make a box yours by the code that it shows. Five tries in ten minutes."""
    return claims.claim(who().user, body.code)


class Signed(Body):
    """A box's proof: its public key (DER), our nonce, its signature (ECDSA, SHA-256); key and signature in base64."""

    key: str = Field(max_length=200)
    nonce: str = Field(max_length=120)
    signature: str = Field(max_length=200)

    def proof(self) -> enrolment.Proof:
        """As the service takes it."""
        return enrolment.Proof(self.key, self.nonce, self.signature)


class Shown(Signed):
    """A box shows a code. Signed: `offer`, nonce, code, name, model."""

    code: str = Field(max_length=20)
    name: str = Field(max_length=60, pattern=ONE_LINE)
    model: str = Field(max_length=60, pattern=ONE_LINE)


class House(Signed):
    """The box on this machine. Signed: `house`, nonce, token, name, model."""

    token: str = Field(max_length=100)
    name: str = Field(max_length=60, pattern=ONE_LINE)
    model: str = Field(max_length=60, pattern=ONE_LINE)


class Requested(Signed):
    """A request for a certificate (PEM), or none to ask how things stand.

    Signed: `certificate`, nonce, SHA-256 of the request in hexadecimal.
    """

    request: str = Field(max_length=4096)


class NonceOut(Answer):
    """What a box signs next; good for five minutes."""

    nonce: str


class ShownOut(Answer):
    """The box's id as we know it, and until when it may be claimed or fetch its certificate."""

    box: str
    expires: int


class EnrolmentOut(Answer):
    """`state`: `waiting`, `current` or `issued`; then the box's certificate and what it needs to reach the broker.

    `owner` tells nothing but whether the owner is the same as before.
    """

    state: str
    box: str
    certificate: str = ""
    authority: str = ""
    expires: int = 0
    broker_host: str = ""
    broker_port: int = 0
    name: str = ""
    owner: str = ""


ENROL = Rule(Access.PUBLIC, limit="enrol")  # a box has no account: it proves its key


def _vault() -> Vault:
    vault: Vault = current_app.extensions["vault"]
    return vault


@api.on("POST", "/enrolment/nonce", ENROL, gives=NonceOut)
def give_nonce() -> Any:
    """A number for a box to sign."""
    return {"nonce": enrolment.nonce(_vault())}


@api.on("POST", "/enrolment/offer", ENROL, takes=Shown, gives=ShownOut)
def show_code(body: Shown) -> Any:
    """A box shows this code to be claimed by, for ten minutes."""
    return enrolment.offer(_vault(), body.proof(), body.code, body.name, body.model)


@api.on("POST", "/enrolment/house", ENROL, takes=House, gives=ShownOut)
def enrol_house(body: House) -> Any:
    """The box on the companion's own machine enrols without a code."""
    settings = current_app.extensions["settings"]
    return enrolment.house(settings, _vault(), body.proof(), body.token, body.name, body.model)


@api.on("POST", "/enrolment/certificate", ENROL, takes=Requested, gives=EnrolmentOut)
def fetch_certificate(body: Requested) -> Any:
    """A box asks for its certificate: once it was claimed, and again before the one it has ends."""
    return enrolment.fetch(current_app.extensions["settings"], _vault(), body.proof(), body.request)


@api.on("POST", "/enrolment/leave", ENROL, takes=Signed, status=204)
def leave_companion(body: Signed) -> Any:
    """A box goes away by itself; its certificates are revoked."""
    enrolment.leave(_vault(), body.proof())


@api.on("GET", "/authority/revoked", ENROL, content="application/x-pem-file")
def get_revoked() -> Any:
    """The list of revoked certificates (PEM), for a broker on another machine."""
    return Response(authority.row(_vault()).crl, content_type="application/x-pem-file")


@api.on("GET", "/offers", OWN, gives=list[OfferOut])
def list_offers() -> Any:
    """Boxes that are offered to your address, once it is confirmed."""
    return giving.offers(who().user)


@api.on("POST", "/offers/<box>/accept", OWN, gives=BoxOut)
def take_box(box: str) -> Any:
    """Take a box that is offered to you."""
    return giving.take(who().user, box)


@api.on("DELETE", "/offers/<box>", OWN, status=204)
def refuse_box(box: str) -> Any:
    """Decline a box that is offered to you."""
    giving.refuse(who().user, box)


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
    return giving.give(current_app.extensions["settings"], who().user, box, body.email)


@api.on("DELETE", "/<box>/offer", OWN, gives=BoxOut)
def keep_box(box: str) -> Any:
    """Take the offer back."""
    return giving.keep(who().user, box)
