"""The companion's own certificate authority: for boxes and the broker alone, made at its first use.

Its own certificate and the broker's are valid from 1970 to 2106, so that a box whose clock is wrong can check them.
What a box is given, and the revocation list, are judged by the broker's clock.
"""

import base64
import datetime
import ipaddress
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from companion.audit import service as audit
from companion.boxes.models import Authority, Certificate
from companion.database import database, now
from companion.elapsed import FLOOR_MS
from companion.vault.service import Vault

BEGIN = datetime.datetime(1970, 1, 1)
END = datetime.datetime(2106, 2, 7)  # the last day that 32 bits of seconds count
LIST_DAYS = 60
RENEW_LIST_MS = 24 * 3600 * 1000
_CREDIBLE_SECONDS = 20 * 365 * 24 * 3600
_LISTS_BEGIN = datetime.datetime(2000, 1, 1)
_ONLY = 1  # the row
_CURVE = ec.SECP256R1()
_UNLISTED = Certificate.revoked.is_null(False) & Certificate.listed.is_null()


@dataclass(frozen=True, slots=True)
class Access:
    """How the companion's processes sign in at the broker. group: of their shared subscription, known to them alone."""

    user: str
    password: str
    group: str


def row(vault: Vault) -> Authority:
    """The authority, made when there is none. Two processes that find none agree on one."""
    found = Authority.get_or_none(Authority.id == _ONLY)
    if found is None:
        with database.atomic():
            made = Authority.insert(id=_ONLY, **_made(vault)).on_conflict_ignore().as_rowcount().execute()
            if made:
                audit.record("authority.made")
        found = Authority.get_by_id(_ONLY)
    return found


def _made(vault: Vault) -> dict[str, object]:
    key, broker_key = ec.generate_private_key(_CURVE), ec.generate_private_key(_CURVE)
    name = _name(f"Rackdeck companion {secrets.token_hex(4)}")
    own = _builder(name, name, key.public_key(), key.public_key(), BEGIN, END)
    own = own.add_extension(x509.BasicConstraints(True, 0), critical=True)
    certificate = own.add_extension(_usage(signs=True), critical=True).sign(key, hashes.SHA256())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    broker = _leaf(name, key, _name("broker"), broker_key.public_key(), BEGIN, END, ExtendedKeyUsageOID.SERVER_AUTH)
    broker = broker.add_extension(x509.SubjectAlternativeName(names), critical=False)
    access = Access("companion", secrets.token_urlsafe(32), secrets.token_hex(16))
    return {
        "key": vault.seal(_private(key), "authority key"),
        "certificate": _pem(certificate),
        "broker_key": vault.seal(_private(broker_key), "broker key"),
        "broker_certificate": _pem(broker.sign(key, hashes.SHA256())),
        "access": vault.seal(json.dumps(asdict(access)).encode(), "broker access"),
    }


def access(vault: Vault) -> Access:
    """How to sign in at the broker."""
    return Access(**json.loads(vault.open(bytes(row(vault).access), "broker access")))


def owner_secret(vault: Vault) -> bytes:
    """By which owners are told apart without being named."""
    return access(vault).group.encode()


def files(vault: Vault) -> dict[str, str]:
    """What the broker needs, by the name of the file."""
    found = row(vault)
    return {
        "ca.pem": found.certificate,
        "broker.pem": found.broker_certificate,
        "broker.key": vault.open(bytes(found.broker_key), "broker key").decode(),
        "crl.pem": found.crl,
        "companion.json": vault.open(bytes(found.access), "broker access").decode(),
    }


def issue(vault: Vault, box: str, key: ec.EllipticCurvePublicKey, expires: int) -> tuple[str, str]:
    """A certificate by which a box is a client until `expires` (ms). Returns (serial in hexadecimal, PEM)."""
    found = row(vault)
    ours = x509.load_pem_x509_certificate(found.certificate.encode())
    signer = _signer(vault, found)
    builder = _leaf(ours.subject, signer, _name(box), key, BEGIN, _day(expires), ExtendedKeyUsageOID.CLIENT_AUTH)
    made = builder.sign(signer, hashes.SHA256())
    return f"{made.serial_number:x}", _pem(made)


def renew_list(vault: Vault) -> bool:
    """Sign a new revocation list when it must name more, or is a day old. Returns whether it was.

    Its number grows with every list, also over a restored backup. Its time is that number of seconds after 2000:
    OpenSSL takes the later of two lists, and a list of the future for none at all, so the time must grow with every
    list and be past for every clock. What was revoked stays in it for good: a broker whose clock went back would let an
    expired certificate in again.
    """
    row(vault)
    with database.atomic():
        Authority.update(crl_number=Authority.crl_number).where(Authority.id == _ONLY).execute()  # holds the row
        if not list_is_due():
            return False
        found = Authority.get_by_id(_ONLY)
        number = max(found.crl_number + 1, _by_clock())
        Certificate.update(listed=number).where(_UNLISTED).execute()
        text = _list(vault, found, number)
        Authority.update(crl=text, crl_number=number, crl_made=now()).where(Authority.id == _ONLY).execute()
        return True


def _by_clock() -> int:
    """Seconds since FLOOR_MS; 0 for a clock that cannot be right, by which the numbers must not jump."""
    seconds = (now() - FLOOR_MS) // 1000
    return seconds if 0 <= seconds < _CREDIBLE_SECONDS else 0


def list_is_due() -> bool:
    """Whether `renew_list` would sign one."""
    found = Authority.get_or_none(Authority.id == _ONLY)
    if found is None or not found.crl or not 0 <= now() - found.crl_made < RENEW_LIST_MS:
        return True
    return bool(Certificate.select().where(_UNLISTED).exists())


def _list(vault: Vault, found: Authority, number: int) -> str:
    ours = x509.load_pem_x509_certificate(found.certificate.encode())
    begin = _LISTS_BEGIN + datetime.timedelta(seconds=number)
    end = _day(max(now(), FLOOR_MS)) + datetime.timedelta(days=LIST_DAYS)
    builder = x509.CertificateRevocationListBuilder().issuer_name(ours.subject).last_update(begin).next_update(end)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    signer = _signer(vault, found)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(identifier, critical=False)
    rows: Any = Certificate.select(Certificate.serial, Certificate.revoked).where(Certificate.revoked.is_null(False))
    for serial, revoked in rows.tuples():
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(_day(revoked))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def list_ends() -> int:
    """When the present revocation list ends, in ms; 0 without one."""
    found = Authority.get_or_none(Authority.id == _ONLY)
    if found is None or not found.crl:
        return 0
    end = x509.load_pem_x509_crl(found.crl.encode()).next_update_utc
    return int(end.timestamp() * 1000) if end else 0


def _signer(vault: Vault, found: Authority) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(vault.open(bytes(found.key), "authority key"), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _leaf(
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    begin: datetime.datetime,
    end: datetime.datetime,
    purpose: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    builder = _builder(issuer, subject, key, signer.public_key(), begin, end)
    builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePublicKey,
    begin: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    return made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)


def _usage(signs: bool) -> x509.KeyUsage:
    """Signs certificates and lists, or proves in handshakes who it is."""
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _day(ms: int) -> datetime.datetime:
    """A time as certificates have it: UTC, whole seconds."""
    return BEGIN + datetime.timedelta(seconds=ms // 1000)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def public_key(der: str) -> tuple[bytes, ec.EllipticCurvePublicKey]:
    """A public key that came as base64 of its DER. ValueError when it is none, or of another curve."""
    raw = base64.b64decode(der, validate=True)
    key = serialization.load_der_public_key(raw)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("it is no key of the curve P-256")
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo), key
