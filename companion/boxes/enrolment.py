"""How a box enrols: it has no account and proves itself by its key, signing a number of ours.

It offers its code here, somebody claims it in the page (`claims`), it fetches its certificate here, and renews it.
The box on the companion's own machine shows by a file of this folder that it may, and needs no code.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from companion.accounts import directory
from companion.audit import service as audit
from companion.boxes import authority, broker, certificates, claims, service
from companion.boxes.models import Box, Enrolment
from companion.config import Settings
from companion.database import database, now
from companion.errors import Forbidden, Invalid, Unauthorized
from companion.vault.service import SealBrokenError, Vault
from device.contracts import claims as contract
from device.contracts import proofs

NONCE_MS = 5 * 60 * 1000
HOUSE_FILE = "keys/house.token"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a box signed. key: base64 of its public key's DER; signature: base64 of ECDSA with SHA-256."""

    key: str
    nonce: str
    signature: str


@dataclass(frozen=True, slots=True)
class Known:
    """A box that has proved its key."""

    id: str
    fingerprint: str


def nonce(vault: Vault) -> str:
    """A number to sign, good for five minutes. Nothing is stored of it."""
    number, key = vault.derived("enrolment")
    text = f"{number}.{now()}.{secrets.token_urlsafe(12)}"
    return f"{text}.{hmac.digest(key, text.encode(), 'sha256').hex()[:32]}"


def _check_nonce(vault: Vault, given: str) -> None:
    text, _, tag = given.rpartition(".")
    number, _, rest = text.partition(".")
    at = rest.partition(".")[0]
    stale = Unauthorized("the number to sign is not ours or too old; ask for a new one")
    if not (number.isascii() and number.isdigit() and at.isascii() and at.isdigit()) or len(given) > 120:
        raise stale
    try:
        key = vault.derived("enrolment", int(number))[1] if 0 < int(number) < 1 << 31 else b""
    except SealBrokenError as exc:
        raise stale from exc
    right = hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex()[:32], tag)
    if not key or not right or not 0 <= now() - int(at) < NONCE_MS:
        raise stale


def prove(vault: Vault, proof: Proof, purpose: str, *fields: str) -> Known:
    """Who signed. Unauthorized unless the key signed our nonce for this purpose and these values. Invalid: no key."""
    _check_nonce(vault, proof.nonce)
    try:
        raw, key = authority.public_key(proof.key)
    except ValueError as exc:
        raise Invalid("key: a box's public key is DER of the curve P-256, in base64") from exc
    try:
        signature = base64.b64decode(proof.signature, validate=True)
        key.verify(signature, proofs.statement(purpose, proof.nonce, *fields), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as exc:
        raise Unauthorized("the signature is not one of this key") from exc
    return Known(contract.box_id(raw), contract.fingerprint(raw))


def offer(vault: Vault, proof: Proof, code: str, name: str, model: str) -> dict[str, Any]:
    """A box shows this code for ten minutes. Unauthorized; Conflict when another box shows the same."""
    box = prove(vault, proof, "offer", code, name, model)
    claims.offer_claim(code, claims.PublicInfo(box.id, name, model, box.fingerprint))
    return {"box": box.id, "expires": now() + claims.LIFE_MS}


def house_token(folder: Path) -> str:
    """What the box on this machine shows: 32 random bytes in a file for its user alone, made when it is not there."""
    path = folder / HOUSE_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # fails when another process was first
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def house(settings: Settings, vault: Vault, proof: Proof, token: str, name: str, model: str) -> dict[str, Any]:
    """Enrol the box on the companion's own machine, the first administrator's. Forbidden when its owner revoked it."""
    box = prove(vault, proof, "house", token, name, model)
    if not hmac.compare_digest(token.encode(), house_token(settings.folder).encode()):
        raise Forbidden("that is not the token of this companion's machine")
    with database.atomic():
        if certificates.barred(box.id):
            raise Forbidden("this box was revoked; let it show a code and claim it")
        said = {"name": name or "This box", "model": model, "fingerprint": box.fingerprint}
        made = Box.insert(id=box.id, **said).on_conflict_ignore().as_rowcount().execute()
        if not Enrolment.select().where((Enrolment.box == box.id) & Enrolment.house).exists():
            certificates.allow(box.id, box.fingerprint, house=True)
            audit.record("box.house", subject=box.id, made=bool(made))
    adopt()
    return {"box": box.id, "expires": now() + certificates.FETCH_MS}


def adopt() -> int:
    """Give boxes of this machine that are nobody's to the first administrator, once there is one; returns how many."""
    waiting = (
        Box.select(Box.id)
        .join(Enrolment, on=(Enrolment.box == Box.id))
        .where(Box.owner.is_null() & Enrolment.house & ~Enrolment.barred)
    )
    boxes = [row.id for row in waiting]
    owner = directory.first_administrator() if boxes else ""
    if not owner:
        return 0
    for box in boxes:
        with database.atomic():
            if Box.update(owner=owner, claimed=now()).where((Box.id == box) & Box.owner.is_null()).execute():
                service.note(box, owner, "claimed")
                audit.record("box.claimed", owner, box, house=True)
    return len(boxes)


def fetch(settings: Settings, vault: Vault, proof: Proof, request: str) -> dict[str, Any]:
    """A box asks for its certificate. `state`: `waiting` until it was claimed, then `issued` with what it needs.

    Without a request it only asks how things stand: `current`, with whose it is and where the broker is.

    Forbidden when it was revoked, or its certificate has expired: it then shows a new code.
    """
    box = prove(vault, proof, "certificate", hashlib.sha256(request.encode()).hexdigest())
    answer: dict[str, Any] = {"state": "waiting", "box": box.id}
    if not certificates.may_have(box.id, box.fingerprint):
        if claims.is_offered(box.id):
            return answer
        raise Forbidden("this box has no claim; let it show a new code and claim it")
    if request:
        made, expires = certificates.issue(vault, box.id, box.fingerprint, request)
        issued = {"certificate": made, "authority": authority.row(vault).certificate, "expires": expires}
        answer |= {"state": "issued"} | issued
    else:
        answer["state"] = "current"
    found = Box.get_by_id(box.id)
    host, port = broker.address(settings)
    return answer | {
        "broker_host": host,
        "broker_port": port,
        "name": found.name,
        "owner": owner_mark(vault, found.owner_id or ""),
    }


def owner_mark(vault: Vault, owner: str) -> str:
    """Changes when a box becomes another's and tells nothing else: the box then erases what the former owner sent."""
    if not owner:
        return ""
    return hmac.digest(authority.owner_secret(vault), owner.encode(), "sha256").hex()[:32]


def leave(vault: Vault, proof: Proof) -> None:
    """A box goes away by itself: its owner let it forget the companion."""
    box = prove(vault, proof, "leave")
    owner = Box.select(Box.owner).where(Box.id == box.id).scalar()
    with database.atomic():
        if owner is None:
            certificates.bar(box.id, "left")
        else:
            service.revoke(str(owner), box.id, "left")
