"""That a box belongs to a companion: its certificate, whom it trusts and where the broker is, in one file."""

import json
import os
import ssl
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from device.errors import MachineError
from provisioning import stored
from provisioning.identity import KEY_FILE, Identity

FILE = "membership.json"
DAY_MS = 24 * 3600 * 1000
OVERLAP_MS = 30 * DAY_MS  # before its end a certificate is renewed, and both are good


@dataclass(frozen=True, slots=True)
class Membership:
    """companion: its address, pin: SHA-256 of its certificate, if one was given. certificate, authority: PEM.

    expires: ms since 1970, by the companion's clock. name: what the owner calls the box. owner: changes when the box
    becomes another's, and tells nothing else.
    """

    companion: str
    pin: str
    box: str
    certificate: str
    authority: str
    expires: int
    broker_host: str
    broker_port: int
    name: str
    owner: str

    @property
    def host(self) -> str:
        """The machine of the companion."""
        return urlsplit(self.companion).hostname or ""

    def due(self, now_ms: int) -> bool:
        """Whether it is time to renew: 60 days after it was issued."""
        return now_ms >= self.expires - OVERLAP_MS

    def expired(self, now_ms: int) -> bool:
        """Whether the broker lets nobody in by it any more, if our clock is right."""
        return now_ms >= self.expires


def read(place: Path) -> Membership | None:
    """What is stored; None when the box is nobody's. MachineError when the file is damaged."""
    try:
        found = json.loads((place / FILE).read_text(encoding="utf-8"))
        return of(found)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as exc:
        raise MachineError(
            f"{place / FILE} is damaged; claim the box again: `rackdeck box claim --companion ADDRESS`"
        ) from exc


def of(found: dict[str, Any]) -> Membership:
    """Checked values as a membership. TypeError or ValueError when they are none."""
    values = {row.name: found[row.name] for row in fields(Membership) if row.name in found}
    made = Membership(**values)
    numbers = ("expires", "broker_port")
    for row in fields(Membership):
        value = getattr(made, row.name)
        if not isinstance(value, int if row.name in numbers else str) or isinstance(value, bool):
            raise TypeError(row.name)
    if not 0 < made.broker_port < 65536 or not made.broker_host:
        raise ValueError("broker_port")
    x509.load_pem_x509_certificate(made.certificate.encode())
    x509.load_pem_x509_certificate(made.authority.encode())
    return made


def write(place: Path, membership: Membership) -> None:
    """Store it whole. MachineError when the disk refuses; the one before is then still there."""
    stored.replace(place / FILE, json.dumps(asdict(membership)).encode())


def forget(place: Path) -> None:
    """Be nobody's."""
    (place / FILE).unlink(missing_ok=True)
    stored.sync_folder(place)


def check(membership: Membership, identity: Identity) -> None:
    """MachineError unless the certificate is one for this box's key, made by the authority that came with it."""
    ours = x509.load_pem_x509_certificate(membership.certificate.encode())
    theirs = x509.load_pem_x509_certificate(membership.authority.encode())
    try:
        ours.verify_directly_issued_by(theirs)
        right = ours.public_key() == identity.key.public_key()
    except (ValueError, TypeError, x509.InvalidVersion) as exc:
        raise MachineError("the companion sent a certificate that its own authority did not make") from exc
    except Exception as exc:  # cryptography's InvalidSignature is no ValueError
        raise MachineError("the companion sent a certificate that its own authority did not make") from exc
    if not right:
        raise MachineError("the companion sent a certificate for another box")


def tls(place: Path, membership: Membership) -> ssl.SSLContext:
    """How to connect to the broker: TLS 1.3, our certificate shown, the companion's authority trusted and none else.

    The broker's name is not compared: its address changes, and the authority gives servers' certificates to the broker
    alone (a box's is for clients).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.load_verify_locations(cadata=membership.authority)
    file = os.memfd_create("certificate")  # OpenSSL reads it from a file only
    try:
        os.write(file, membership.certificate.encode())
        context.load_cert_chain(f"/proc/self/fd/{file}", str(place / KEY_FILE))
    except ssl.SSLError as exc:
        raise MachineError("the box's certificate does not belong to its key; claim the box again") from exc
    finally:
        os.close(file)
    return context


def now_ms() -> int:
    """By this machine's clock."""
    return time.time_ns() // 1_000_000
