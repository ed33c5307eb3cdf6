"""Who speaks to the broker by a box's own certificate and is not its sync: doubles, reorders, invents, trespasses."""

import datetime
import json
import random
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from companion.bench.box import Box
from companion.database import new_id
from device.contracts import topics

PATIENCE = 5.0
NUMBERING = "0" * 26  # of what is invented: with many a box would drive its own out of the companion's memory
Packet = tuple[str, bytes]  # topic and payload


def _context(box: Box) -> ssl.SSLContext:
    held = json.loads(box.membership.read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=held["authority"])
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(held["certificate"])
        file.flush()
        context.load_cert_chain(file.name, str(box.home / "identity" / "key.pem"))
    return context


def _foreign(name: str) -> ssl.SSLContext:
    """A certificate in the box's name that its companion never made."""
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime.timedelta(1)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = (
        builder.serial_number(x509.random_serial_number()).not_valid_before(begin - day).not_valid_after(begin + day)
    )
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with tempfile.NamedTemporaryFile("wb", suffix=".pem") as file:
        file.write(pem + secret)
        file.flush()
        context.load_cert_chain(file.name)
    return context


class Impostor:
    """A connection under a box's name, which ends the box's own. foreign: with a certificate of nobody's.

    inside: whether the broker let it in.
    """

    def __init__(self, box: Box, port: int, foreign: bool = False):
        self.inside = False
        self._out, self._acknowledged = False, 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=box.id, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.tls_set_context(_foreign(box.id) if foreign else _context(box))
        self._client.max_inflight_messages_set(1000)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._gone
        self._client.on_publish = self._published
        self._client.connect_timeout = PATIENCE
        try:
            self._client.connect("127.0.0.1", port, 30)
        except OSError:
            return
        self._turn(lambda: self.inside or self._out)

    def _connected(self, _client: mqtt.Client, _data: object, _flags: object, reason: object, _more: object) -> None:
        self.inside = str(reason) == "Success"

    def _gone(self, *_: object) -> None:
        self._out = True

    def _published(self, *_: object) -> None:
        self._acknowledged += 1

    def _turn(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done() and time.monotonic() < end:
            if self._client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS:
                self._out = True
                return

    def say(self, packets: Iterable[Packet]) -> int:
        """Publish these in order; returns how many the broker took."""
        count = 0
        for topic, payload in packets:
            self._client.publish(topic, payload, 1)
            count += 1
        self._turn(lambda: self._acknowledged >= count or self._out)
        return self._acknowledged

    def __enter__(self) -> "Impostor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()


def again(box: Box, dice: random.Random, most: int = 150) -> list[Packet]:
    """What waits in the box's outbox, twice and shuffled."""
    found = [(topics.topic(box.id, "up", stream), payload) for stream, payload in box.outbox(most)] * 2
    dice.shuffle(found)
    return found


def invented(box: Box, dice: random.Random, count: int = 40) -> list[Packet]:
    """Nonsense on every stream: bytes, wounded messages of a numbering of its own, messages of a later version."""
    whole = {
        "v": 1, "id": new_id(), "stream": "plays", "epoch": NUMBERING, "seq": 1, "at": [1, 0], "clock": "set",
        "kind": "track.played", "kv": 1, "body": {"track": {"title": "invented"}, "deck": 1, "started": 1, "heard": 1},
    }  # fmt: skip
    changes: Sequence[dict[str, object]] = (
        {"v": 2}, {"kind": "track.dreamt"}, {"kv": 9}, {"body": None}, {"seq": 0}, {"seq": 2**53}, {"stream": "sets"},
        {"epoch": "x"}, {"body": {"track": {"title": "x" * 5000}}},
    )  # fmt: skip
    streams = (*topics.NUMBERED["up"], *topics.UNNUMBERED["up"], "dreams")
    found = []
    for _ in range(count):
        match dice.randrange(3):
            case 0:
                payload = dice.randbytes(dice.randrange(300))
            case 1:
                data = bytearray(json.dumps(whole | {"seq": 10**6}).encode())
                data[dice.randrange(len(data) // 3)] = dice.randrange(256)
                payload = bytes(data)
            case _:
                payload = json.dumps(whole | dice.choice(changes)).encode()
        found.append((topics.topic(box.id, "up", dice.choice(streams)), payload))
    return found


def elsewhere(other: str) -> list[Packet]:
    """A good message on another box's topic, which would be a play of that box."""
    message = {
        "v": 1, "id": new_id(), "stream": "plays", "epoch": new_id(), "seq": 1, "at": [1, 0], "clock": "set",
        "kind": "track.played", "kv": 1, "body": {"track": {"title": "-1"}, "deck": 1, "started": 1, "heard": 60.0},
    }  # fmt: skip
    return [(topics.topic(other, "up", "plays"), json.dumps(message).encode())]
