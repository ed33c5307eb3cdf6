"""Claiming: what a box and a companion say over HTTPS, before the box has a certificate and to renew it.

A box has no account; it proves its key by signing a nonce of the companion's (`proofs.statement`).
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.shapes import Bytes, Text, Whole
from device.contracts.values import BoxId, Ms

Nonce = Annotated[str, Text(120, 1)]
Key = Annotated[bytes, Bytes(150, "a public key: SubjectPublicKeyInfo, DER")]
Signature = Annotated[bytes, Bytes(150, "ECDSA with SHA-256")]
Code = Annotated[str, Text(20, 8, says="as it is shown; hyphens and spaces do not count")]
Name = Annotated[str, Text(60)]
Pem = Annotated[str, Text(16_000)]


@dataclass(frozen=True, slots=True)
class Given:
    """A number for a box to sign; good for five minutes."""

    nonce: Nonce


@dataclass(frozen=True, slots=True)
class Offer:
    """A box shows this code. Signed: `offer`, nonce, code, name, model."""

    key: Key
    nonce: Nonce
    signature: Signature
    code: Code
    name: Name
    model: Name


@dataclass(frozen=True, slots=True)
class House:
    """The box on the companion's own machine, which needs no code. Signed: `house`, nonce, token, name, model."""

    key: Key
    nonce: Nonce
    signature: Signature
    token: Annotated[str, Text(100, 1)]
    name: Name
    model: Name


@dataclass(frozen=True, slots=True)
class Offered:
    """The box's id as the companion has it, and until when it may be claimed or fetch its certificate."""

    box: BoxId
    expires: Ms


@dataclass(frozen=True, slots=True)
class Requested:
    """A request for a certificate, PKCS #10 in PEM. Signed: `certificate`, nonce, SHA-256 of it in hexadecimal."""

    key: Key
    nonce: Nonce
    signature: Signature
    request: Annotated[str, Text(4096, 1)]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came of a request: while nobody has claimed the box, `waiting`; then all it needs to connect.

    authority: whom it trusts, PEM. expires: of the certificate. owner: another one says that the box changed hands.
    """

    state: Literal["waiting", "issued"]
    box: BoxId
    certificate: Pem = ""
    authority: Pem = ""
    expires: Ms = 0
    broker_host: Annotated[str, Text(253, pattern="[A-Za-z0-9.:_-]*")] = ""
    broker_port: Annotated[int, Whole(0, 65535)] = 0
    name: Name = ""
    owner: Annotated[str, Text(64)] = ""


@dataclass(frozen=True, slots=True)
class Left:
    """The box is nobody's any more, by its own will. Signed: `leave`, nonce."""

    key: Key
    nonce: Nonce
    signature: Signature


def fingerprint(public_key: bytes) -> str:
    """The SHA-256, hexadecimal, of a public key (SubjectPublicKeyInfo, DER)."""
    return hashlib.sha256(public_key).hexdigest()


def box_id(public_key: bytes) -> str:
    """The id of the box that has this public key (SubjectPublicKeyInfo, DER): 26 characters."""
    return base64.b32encode(hashlib.sha256(public_key).digest()).decode()[:26]


def check_digits(key_fingerprint: str, code: str) -> str:
    """Six digits that the box and the companion both show: if they differ, another key was put in on the way."""
    digest = hashlib.sha256(f"rackdeck claim {key_fingerprint} {code}".encode()).digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"
