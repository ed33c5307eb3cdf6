"""A box's key: made once, kept through power cuts, and never mistaken for another's."""

import base64
import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from device.contracts import proofs
from device.errors import MachineError
from provisioning import identity, stored
from provisioning.identity import KeyDamagedError


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = identity.own(tmp_path)
    assert identity.own(tmp_path).id == first.id
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]
    assert (len(first.id), len(first.fingerprint), len(first.check("7K2M9QXP"))) == (26, 64, 6)


def test_two_processes_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    barrier, found = threading.Barrier(8), []

    def make() -> None:
        barrier.wait()
        found.append(identity.own(tmp_path).id)

    makers = [threading.Thread(target=make) for _ in range(8)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_key_that_was_being_written_when_the_power_went_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".key.pem.1234.new").write_bytes(b"-----BEGIN PRIV")
    identity.own(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nMIGH", "is damaged"),
        (b"\0" * 300, "is damaged"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "was not made by a box"),
        (pem(rsa.generate_private_key(65537, 2048)), "was not made by a box"),
    ],
)
def test_a_torn_or_foreign_key_is_said_and_left_alone(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "key.pem").write_bytes(data)
    (tmp_path / "key.pem").chmod(0o600)
    with pytest.raises(KeyDamagedError, match=f"{sentence}.*rackdeck box reset --key"):
        identity.own(tmp_path)
    assert (tmp_path / "key.pem").read_bytes() == data


def test_a_key_that_others_could_read_is_its_owners_alone_again(tmp_path: Path) -> None:
    own = identity.own(tmp_path)
    (tmp_path / "key.pem").chmod(0o644)
    assert identity.own(tmp_path).id == own.id
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_not_used(tmp_path: Path) -> None:
    identity.own(tmp_path)
    os.chown(tmp_path / "key.pem", 12345, 12345)
    with pytest.raises(KeyDamagedError, match="belongs to another user"):
        identity.own(tmp_path)


def test_a_proof_is_for_one_purpose_one_number_and_these_values(tmp_path: Path) -> None:
    own = identity.own(tmp_path)
    proof = own.proof("offer", "n", "a", "b")
    key = serialization.load_der_public_key(base64.b64decode(proof["key"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(
        base64.b64decode(proof["signature"]), proofs.statement("offer", "n", "a", "b"), ec.ECDSA(hashes.SHA256())
    )
    said = {proofs.statement(*words) for words in (("offer", "n", "a", "b"), ("offer", "n", "ab"), ("of", "fer", "n"))}
    assert len(said) == 3


def test_the_request_names_the_box_and_nothing_else(tmp_path: Path) -> None:
    own = identity.own(tmp_path)
    request = x509.load_pem_x509_csr(own.request().encode())
    assert request.subject.rfc4514_string() == f"CN={own.id}"
    assert len(request.extensions) == 0


def test_a_code_has_eight_characters_that_are_not_mistaken_for_others() -> None:
    codes = {proofs.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(len(code) == 8 and not set(code) & set("ILOU") for code in codes)
    assert proofs.spaced("7K2M9QXP") == "7K2M-9QXP"


def test_a_disk_that_is_full_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.replace(tmp_path / "file", b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="no space left on device; make room"):
        stored.replace(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_box_is_called_as_it_was_named_or_after_its_id(tmp_path: Path) -> None:
    assert identity.name(tmp_path) == "Rackdeck"
    own = identity.own(tmp_path)
    assert identity.name(tmp_path) == f"Rackdeck {own.id[:4].upper()}"
    identity.set_name(tmp_path, "Tour box")
    assert identity.name(tmp_path) == "Tour box"
