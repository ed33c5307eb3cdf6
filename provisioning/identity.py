"""Who a box is: a key that is made once and never leaves it. Id and fingerprint follow from the key."""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device import paths
from device.contracts import claims, proofs
from device.errors import MachineError
from provisioning import stored

KEY_FILE = "key.pem"
NAME_FILE = "name"
LONGEST_NAME = 60
_LONGEST_KEY = 4096
_MODEL = Path("/proc/device-tree/model")


class KeyDamagedError(MachineError):
    """There is a key file that cannot be used: torn, or not made by a box."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A box's key. public: DER of the public key; fingerprint: its SHA-256, from which the id is made."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    public: bytes
    fingerprint: str
    id: str

    @classmethod
    def of(cls, key: ec.EllipticCurvePrivateKey) -> "Identity":
        """The identity that a key makes."""
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        print_of_key = claims.fingerprint(public)
        return cls(key, public, print_of_key, claims.box_id(public))

    def check(self, code: str) -> str:
        """Six digits that the companion's page shows as well, once somebody typed this code there."""
        return claims.check_digits(self.fingerprint, code)

    def sign(self, data: bytes) -> str:
        """ECDSA with SHA-256, base64."""
        return base64.b64encode(self.key.sign(data, ec.ECDSA(hashes.SHA256()))).decode()

    def proof(self, purpose: str, nonce: str, *fields: str) -> dict[str, str]:
        """What a companion asks for: the key, its nonce, and our signature of both, the purpose and these values."""
        signature = self.sign(proofs.statement(purpose, nonce, *fields))
        return {"key": base64.b64encode(self.public).decode(), "nonce": nonce, "signature": signature}

    def request(self) -> str:
        """A request for a certificate (PEM) that names the box alone."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.id)])
        made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode().strip()


def folder() -> Path:
    """Where key and membership are kept."""
    return stored.private_folder(paths.home() / "identity")


def own(place: Path | None = None) -> Identity:
    """This box's identity; its key is made when there is none. Of two that ask at once both get the same.

    KeyDamagedError when there is a file that is no key of a box.
    """
    place = place or folder()
    found = find(place)
    if found is not None:
        return found
    with stored.alone(place):
        found = find(place)  # another process may have been first
        if found is not None:
            return found
        stored.tidy(place)
        key = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        stored.replace(place / KEY_FILE, pem)
        return Identity.of(key)


def find(place: Path) -> Identity | None:
    """The identity that is there; None when there is none yet. KeyDamagedError says what is wrong with the file."""
    path = place / KEY_FILE
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(_LONGEST_KEY + 1)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise KeyDamagedError(f"{path} cannot be read: {(exc.strerror or '').lower()}; {_WAY_OUT}") from exc
    if status.st_uid != os.getuid():
        raise KeyDamagedError(f"{path} belongs to another user; run as that user, or {_WAY_OUT}")
    if status.st_mode & 0o077:
        path.chmod(0o600)  # a copy by hand lost it
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as exc:
        raise KeyDamagedError(f"{path} is damaged; put back a copy of it, or {_WAY_OUT}") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyDamagedError(f"{path} was not made by a box; {_WAY_OUT}")
    return Identity.of(key)


_WAY_OUT = "`rackdeck box reset --key` makes a new one, and the box must then be claimed anew"


def name(place: Path) -> str:
    """What the box is called: as was set, else after its id."""
    try:
        text = (place / NAME_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if text:
        return text[:LONGEST_NAME]
    found = find(place)
    return f"Rackdeck {found.id[:4].upper()}" if found else "Rackdeck"


def set_name(place: Path, text: str) -> None:
    """Call the box something. MachineError when the disk refuses."""
    stored.replace(place / NAME_FILE, text.strip().encode())


def model(file: Path = _MODEL) -> str:
    """What machine this is, such as `Raspberry Pi 5 Model B Rev 1.0`."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip("\0\n ")[:60] or "computer"
    except OSError:
        return "computer"
