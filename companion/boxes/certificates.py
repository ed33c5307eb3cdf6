"""Giving a box a certificate, by its owner's claim or by the one that it has; and taking back what it was given."""

import hashlib

import peewee
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from companion import elapsed
from companion.audit import service as audit
from companion.boxes import authority
from companion.boxes.models import Certificate, Enrolment
from companion.database import database, now
from companion.errors import Forbidden, Invalid
from companion.vault.service import Vault

DAY_MS = 24 * 3600 * 1000
LIFE_MS = 90 * DAY_MS
FETCH_MS = 24 * 3600 * 1000  # for a box that goes off line just after it was claimed
LONGEST_REQUEST = 4096


def allow(box: str, fingerprint: str, house: bool = False) -> None:
    """Somebody claimed a box whose key has this fingerprint, so it may fetch a certificate; in their transaction."""
    allowed = {"fingerprint": fingerprint[:64], "until": now() + FETCH_MS, "barred": False, "house": house}
    Enrolment.insert(box=box, **allowed).on_conflict(conflict_target=[Enrolment.box], update=allowed).execute()


def bar(box: str, why: str) -> None:
    """Take back what a box was given, in the caller's transaction. It is put out within seconds (`revocation`)."""
    Enrolment.update(barred=True, until=0).where(Enrolment.box == box).execute()
    count = Certificate.update(revoked=now(), kicks=0).where(_live(box)).execute()
    if count:
        audit.record("box.certificates_revoked", subject=box, why=why, count=int(count))


def _live(box: str) -> peewee.Expression:
    return (Certificate.box == box) & Certificate.revoked.is_null() & (Certificate.expires > now())


def has_live(box: str) -> bool:
    """Whether a box has a certificate that is good now."""
    return bool(Certificate.select().where(_live(box)).exists())


def barred(box: str) -> bool:
    """Whether the owner of a box revoked it, and nobody has claimed it since."""
    return bool(Enrolment.select().where((Enrolment.box == box) & Enrolment.barred).exists())


def may_have(box: str, fingerprint: str) -> bool:
    """Whether a box may be given a certificate now: claimed just now, or holder of one that is good.

    Whose certificate has expired is claimed anew: a box that was lost for months is not let in by itself.
    """
    found = Enrolment.get_or_none((Enrolment.box == box) & (Enrolment.fingerprint == fingerprint) & ~Enrolment.barred)
    return found is not None and (found.until > now() or found.house or has_live(box))


def issue(vault: Vault, box: str, fingerprint: str, request: str) -> tuple[str, int]:
    """A certificate for 90 days, for what the box asks. Returns (PEM, when it ends in ms).

    Forbidden when it may have none; Invalid when its request asks for anything but its own name and key.
    """
    key = requested(box, fingerprint, request)
    with database.atomic():
        if not may_have(box, fingerprint):
            raise Forbidden("this box has no claim; let it show a new code and claim it")
        expires = (max(now(), elapsed.FLOOR_MS) + LIFE_MS) // 1000 * 1000
        serial, made = authority.issue(vault, box, key, expires)
        Certificate.create(serial=serial, box=box, expires=expires)
        Enrolment.update(until=0).where(Enrolment.box == box).execute()
        audit.record("box.certificate", subject=box, serial=serial, expires=expires)
    return made, expires


def requested(box: str, fingerprint: str, request: str) -> ec.EllipticCurvePublicKey:
    """The key of a certificate request (PEM). Invalid when it is not exactly what a box asks for."""
    if len(request) > LONGEST_REQUEST:
        raise Invalid("the certificate request is too long")
    try:
        found = x509.load_pem_x509_csr(request.encode("ascii"))
        key = found.public_key()
        signed = found.is_signature_valid
        extensions, attributes, names = len(found.extensions), len(found.attributes), list(found.subject)
        digest = found.signature_hash_algorithm
    except (ValueError, TypeError, InvalidSignature, x509.UnsupportedGeneralNameType, x509.DuplicateExtension) as exc:
        raise Invalid("that is no certificate request") from exc
    if not signed or not isinstance(digest, hashes.SHA256):
        raise Invalid("the certificate request is not signed by its key with SHA-256")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Invalid("a box's key is of the curve P-256")
    raw = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if hashlib.sha256(raw).hexdigest() != fingerprint:
        raise Invalid("the certificate request is for another key than the one that was claimed")
    if extensions or attributes:
        raise Invalid("a box's certificate request has no extensions")
    if [(name.oid, name.value) for name in names] != [(NameOID.COMMON_NAME, box)]:
        raise Invalid("a box's certificate request names the box alone")
    return key


def forget() -> int:
    """Drop certificates that expired 90 days ago and were never revoked; returns how many."""
    old = (Certificate.expires < elapsed.passed() - LIFE_MS) & Certificate.revoked.is_null()
    return int(Certificate.delete().where(old).execute())
