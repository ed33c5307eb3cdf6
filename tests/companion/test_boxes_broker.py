"""The real broker: who gets in, what each may say and hear, and how a box is put out."""

import datetime
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from companion.boxes import authority, certificates, revocation
from companion.boxes import broker as companion_broker
from companion.boxes.models import Certificate
from companion.database import connection, now
from companion.vault.service import Vault
from device.contracts import codec, topics
from device.contracts.errors import Malformed
from provisioning import identity, membership
from tests.brokers import Client, RunningBroker, enrolled, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"), reason="mosquitto is not installed"
    ),
]


@pytest.fixture
def settings(sqlite_settings):
    """On SQLite alone: it is the broker that is tried here."""
    return sqlite_settings


@pytest.fixture
def broker(settings):
    running = RunningBroker(settings, Vault(settings.folder))
    clients = running.clients = []
    yield running
    for client in clients:
        client.close()
    running.stop()


CONNECT = b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02ab"
TAKEN = ("Success", "No matching subscribers")


class Box:
    """A claimed box and its client."""

    def __init__(self, broker, folder, expires=None):
        folder.mkdir(exist_ok=True)
        self.place, self._broker = folder, broker
        self.own, self.held = enrolled(broker.settings, broker.vault, folder, broker.listeners.port, expires)

    @property
    def id(self):
        return self.own.id

    def up(self, stream="plays"):
        return topics.topic(self.id, "up", stream)

    def down(self, stream="releases"):
        return topics.topic(self.id, "down", stream)

    def connect(self, **how):
        client = self._broker.box(self.held, self.place, **how)
        self._broker.clients.append(client)
        return client


@pytest.fixture
def box(broker, tmp_path):
    return Box(broker, tmp_path / "box-1")


@pytest.fixture
def other(broker, tmp_path):
    return Box(broker, tmp_path / "box-2")


@pytest.fixture
def companion(broker):
    client = broker.companion()
    broker.clients.append(client)
    assert client.inside, client.told
    return client


def round_(broker):
    with connection():
        return revocation.enforce(broker.settings, broker.vault)


def revoke(box):
    with connection():
        certificates.bar(box.id, "revoked")


def put_out(broker):
    """Rounds until a box is out, as the jobs process does each second."""
    assert until(lambda: round_(broker))


def test_a_box_and_its_companion_hear_each_other(broker, box, companion):
    companion.subscribe(topics.everything_up(companion.group))
    client = box.connect()
    assert client.inside
    client.subscribe(topics.everything_down(box.id))
    assert client.publish(box.up(), "hello") == "Success"
    assert companion.publish(box.down(), "and you") == "Success"
    assert until(lambda: companion.got == [(box.up(), b"hello")])
    assert until(lambda: client.got == [(box.down(), b"and you")])


def test_the_longest_message_passes_both_ways(broker, box, companion):
    companion.subscribe(topics.everything_up(companion.group))
    client = box.connect()
    client.subscribe(topics.everything_down(box.id))
    longest = codec.form("x" * (codec.LIMIT - 2))
    with pytest.raises(Malformed):
        codec.form("x" * (codec.LIMIT - 1))
    assert client.publish(topics.topic(box.id, "up", "documents"), longest) == "Success"
    assert companion.publish(topics.topic(box.id, "down", "documents"), longest) == "Success"
    assert until(lambda: [payload for _, payload in companion.got] == [longest])
    assert until(lambda: [payload for _, payload in client.got] == [longest])
    assert client.inside


def test_a_box_says_and_hears_nothing_under_anothers_name(broker, box, other, companion):
    companion.subscribe(topics.everything_up(companion.group))
    client, neighbour = box.connect(), other.connect()
    for topic in (other.down(), topics.everything_up(), topics.everything_up("ingest"), "#", "$SYS/#", "+/+/+/+/+/+"):
        client.subscribe(topic)
    for topic in (other.up(), other.down(), box.down(), "elsewhere", f"{box.up()}/deeper", "$SYS/broker/uptime"):
        assert client.publish(topic) == "Not authorized", topic
    companion.publish(other.down(), "for the other alone")
    for number in range(20):  # a share of them would be lost if another could join the companion's group
        neighbour.publish(other.up(), str(number))
    companion.publish(box.down(), "the end")
    client.subscribe(box.down())
    companion.publish(box.down(), "really")
    assert until(lambda: (box.down(), b"really") in client.got)
    assert {topic for topic, _ in client.got} == {box.down()}
    assert until(lambda: len(companion.got) == 20)
    assert companion.got == [(other.up(), str(number).encode()) for number in range(20)]


def test_anothers_client_id_or_user_name_is_of_no_use(broker, box, other, companion):
    neighbour = other.connect()
    liar = box.connect(name=other.id)
    assert liar.inside
    assert neighbour.inside  # whose session would otherwise have been taken over
    assert liar.publish(other.up()) == "Not authorized"
    assert liar.publish(box.up()) in TAKEN
    assert neighbour.publish(other.up()) in TAKEN


def test_without_a_certificate_or_with_a_foreign_or_expired_one_nobody_gets_in(broker, box, tmp_path):
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.load_verify_locations(cadata=box.held.authority)
    assert not box.connect(context=bare).inside
    plain = broker.box(box.held, box.place, context=foreign(box, tmp_path))
    assert not plain.inside
    expired = Box(broker, tmp_path / "old", expires=now() - 1000)
    assert not expired.connect().inside
    assert box.connect().inside


def foreign(box, folder):
    """A certificate for the box's own id, by somebody else's authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, box.id)])
    begin = datetime.datetime(2020, 1, 1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(9999)).sign(key, hashes.SHA256())
    raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "foreign.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM) + raw)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=box.held.authority)
    context.load_cert_chain(folder / "foreign.pem")
    return context


def test_a_boxs_certificate_makes_no_broker(broker, box, other):
    """Another box that pretends to be the broker is found out, though the same authority made its certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (other.place / "cert.pem").write_text(other.held.certificate)
    server.load_cert_chain(other.place / "cert.pem", other.place / "key.pem")
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = membership.tls(box.place, box.held).wrap_bio(here, there)
    pretender = server.wrap_bio(there, here, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        pretender.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        client.do_handshake()


def test_a_revoked_box_is_out_within_five_seconds_cannot_return_and_others_notice_nothing(
    broker, box, other, companion
):
    companion.subscribe(topics.everything_up(companion.group))
    client, neighbour = box.connect(), other.connect()
    neighbour.subscribe(topics.everything_down(other.id))
    revoke(box)
    began = time.monotonic()
    put_out(broker)
    assert until(lambda: client.out)
    assert time.monotonic() - began < 5
    for _ in range(3):
        assert not box.connect().inside
    assert neighbour.inside
    assert neighbour.publish(other.up(), "still here") == "Success"
    companion.publish(other.down(), "good")
    assert until(lambda: neighbour.got == [(other.down(), b"good")])
    assert until(lambda: companion.got == [(other.up(), b"still here")])
    assert other.connect().inside


def test_two_boxes_that_are_revoked_in_the_same_second_are_both_out(broker, box, other):
    clients = [box.connect(), other.connect()]
    for one in (box, other):
        revoke(one)
        put_out(broker)
    assert until(lambda: all(client.out for client in clients))
    assert not box.connect().inside
    assert not other.connect().inside


def test_a_remembered_tls_session_does_not_let_a_revoked_box_in(broker, box):
    context = membership.tls(box.place, box.held)

    def greet(session=None):
        raw = socket.create_connection(("127.0.0.1", broker.listeners.port), 5)
        with context.wrap_socket(raw, session=session) as line:
            try:
                line.sendall(CONNECT)
                answer = line.recv(100)
            except OSError:
                answer = b""
            return answer[:1] == b"\x20", line.session

    inside, session = greet()
    assert inside
    revoke(box)
    put_out(broker)
    assert not greet(session)[0]


def test_who_had_shown_its_certificate_before_and_signs_in_after_is_put_out_as_well(broker, box, monkeypatch):
    raw = socket.create_connection(("127.0.0.1", broker.listeners.port), 5)
    with membership.tls(box.place, box.held).wrap_socket(raw) as line:
        time.sleep(0.2)  # the broker has taken the certificate
        monkeypatch.setattr(revocation, "KICKS_MS", (0, 300, 600))
        revoke(box)
        put_out(broker)
        line.sendall(CONNECT)
        assert line.recv(100)[:1] == b"\x20"
        line.sendall(b"\xc0\x00")
        assert line.recv(100) == b"\xd0\x00"  # it is in
        time.sleep(0.3)
        put_out(broker)
        while line.recv(100):
            pass  # until the broker has closed the connection


def test_a_revocation_while_the_broker_is_down_holds_when_it_is_back(broker, box):
    box.connect()
    broker.kill()
    revoke(box)
    assert round_(broker) == 0
    with connection():
        assert Certificate.get().kicks == 0
    broker.start()
    put_out(broker)
    assert not box.connect().inside


def test_a_box_that_is_claimed_anew_after_it_was_revoked_gets_in_and_stays_by_its_new_certificate_alone(broker, box):
    revoke(box)
    put_out(broker)
    fresh = Box(broker, box.place)
    client = fresh.connect()
    assert client.inside
    assert not box.connect().inside
    assert client.inside
    with connection():
        Certificate.update(revoked=now() - 20_000).where(Certificate.revoked.is_null(False)).execute()
    assert round_(broker) == 1  # its next turn, at which it is let be
    assert client.inside
    with connection():
        assert Certificate.select().where(Certificate.kicks.is_null(False)).count() == 0


def test_old_and_new_certificate_are_good_side_by_side(broker, box):
    old = box.held
    with connection():
        made, expires = certificates.issue(broker.vault, box.id, box.own.fingerprint, box.own.request())
    assert made != old.certificate
    assert box.connect().inside
    box.held = membership.of({**{n: getattr(old, n) for n in old.__slots__}, "certificate": made, "expires": expires})
    assert box.connect().inside


def test_a_killed_broker_comes_back_with_the_same_rules_and_boxes_come_back_to_it(broker, box, other):
    revoke(other)
    round_(broker)
    assert box.connect().inside
    broker.kill()
    assert not box.connect().inside
    broker.start()
    assert box.connect().inside
    assert not other.connect().inside


def test_a_broker_that_ends_in_order_keeps_what_waits_for_a_box(broker, box, companion):
    client = box.connect()
    client.subscribe(topics.everything_down(box.id))
    client.paho.disconnect()
    assert until(lambda: client.out)
    companion.publish(box.down(), "for later")
    broker.stop()
    broker.start()
    again = box.connect()
    assert until(lambda: again.got == [(box.down(), b"for later")])


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("date", ["1970-01-02 00:00:00", "2000-01-01 00:00:00", "2040-06-01 00:00:00"])
def test_a_box_whose_clock_is_wrong_gets_in(broker, box, companion, date):
    """The box is a process of its own (mosquitto_pub) under faketime, so its OpenSSL reads the wrong time."""
    companion.subscribe(topics.everything_up(companion.group))
    for name, text in (("cert.pem", box.held.certificate), ("ca.pem", box.held.authority)):
        (box.place / name).write_text(text)
    where = ["-h", "localhost", "-p", str(broker.listeners.port), "-i", box.id, "-V", "5", "-q", "1"]
    who = ["--cafile", "ca.pem", "--cert", "cert.pem", "--key", "key.pem", "--tls-version", "tlsv1.3"]
    command = ["faketime", "-f", f"@{date}", "mosquitto_pub", *where, *who, "-t", box.up(), "-m", date]
    done = subprocess.run(command, cwd=box.place, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert until(lambda: companion.got == [(box.up(), date.encode())])


def test_a_new_password_of_the_companion_is_taken_over_while_the_broker_runs(broker, companion):
    folder = companion_broker.folder(broker.settings)
    number = (folder / "passwords").read_text()
    (folder / "companion.json").write_text((folder / "companion.json").read_text() + "\n")
    assert until(lambda: (folder / "passwords").read_text() != number)
    assert broker.companion("companion-2").inside


def test_the_companions_listener_asks_for_its_password(broker):
    stranger = Client("stranger").connect("127.0.0.1", broker.listeners.local)
    assert stranger.told == "Not authorized"
    stranger.close()


def test_a_list_that_nobody_renews_raises_the_alarm(broker, monkeypatch):
    with connection():
        assert revocation.finding()[0]
        monkeypatch.setattr(revocation, "now", lambda: authority.list_ends() - revocation.ALARM_MS + 1)
        assert not revocation.finding()[0]


def test_identity_of_every_box_is_its_own(box, other):
    assert box.id != other.id
    assert identity.own(box.place).id == box.id
