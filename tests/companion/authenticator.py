"""A passkey device in software: real keys, real signatures, and ways to misbehave."""

import base64
import hashlib
import json
import os
import struct

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, CHECKED, WITH_KEY = 0x01, 0x04, 0x40


def text(value):
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def data(value):
    """The bytes of it."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


class Authenticator:
    """Makes one passkey and signs with it. `origin` is what its browser believes to be at."""

    def __init__(self, origin="http://localhost:8000"):
        self.origin = origin
        self.flags = PRESENT | CHECKED
        self.count = 0
        self.id = os.urandom(32)
        self.user = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def _said(self, kind, challenge):
        return json.dumps(
            {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _facts(self, place, extra=b"", flags=0):
        return hashlib.sha256(place.encode()).digest() + struct.pack(">BI", self.flags | flags, self.count) + extra

    def create(self, options):
        """What navigator.credentials.create answers."""
        self.user = data(options["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        extra = bytes(16) + struct.pack(">H", len(self.id)) + self.id + key
        facts = self._facts(options["rp"]["id"], extra, WITH_KEY)
        return {
            "id": text(self.id),
            "rawId": text(self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": text(self._said("create", options["challenge"])),
                "attestationObject": text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": facts})),
            },
        }

    def get(self, options):
        """What navigator.credentials.get answers."""
        self.count += 1
        said, facts = self._said("get", options["challenge"]), self._facts(options["rpId"])
        signature = self._key.sign(facts + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return {
            "id": text(self.id),
            "rawId": text(self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": text(said),
                "authenticatorData": text(facts),
                "signature": text(signature),
                "userHandle": text(self.user),
            },
        }
