"""`rackdeck sync` of a claimed box, through the real broker: by its own certificate, into its own topics."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from companion.vault.service import Vault
from device import paths
from device.contracts import envelope, topics
from device.contracts.status import Online
from provisioning import identity, membership
from tests.brokers import RunningBroker, enrolled, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"), reason="mosquitto is not installed"
    ),
]
SECONDS = 40


@pytest.fixture
def settings(sqlite_settings):
    return sqlite_settings


@pytest.fixture
def broker(settings):
    running = RunningBroker(settings, Vault(settings.folder))
    yield running
    running.stop()


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "box"
    monkeypatch.setenv("RACKDECK_HOME", str(folder))
    yield folder
    shutil.rmtree(paths.runtime())


@pytest.fixture
def sync(home):
    process = subprocess.Popen([sys.executable, "-m", "device.cli", "sync"], stderr=subprocess.DEVNULL)
    yield process
    process.terminate()
    process.wait(20)


def state():
    """What `rackdeck sync status --json` says."""
    command = [sys.executable, "-m", "device.cli", "sync", "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    with contextlib.suppress(ValueError):
        return json.loads(done.stdout)
    return {"state": done.stderr}


def test_a_box_that_is_nobodys_waits_for_an_owner_and_is_in_step_once_it_is_claimed(broker, home, sync):
    assert until(lambda: state()["state"] == "nobody's", SECONDS)
    companion = broker.companion()
    companion.subscribe(topics.everything_up())
    own, _held = enrolled(broker.settings, broker.vault, identity.folder(), broker.listeners.port)
    assert until(lambda: state()["state"] == "in step", SECONDS)
    assert until(lambda: companion.got, SECONDS)
    assert {topics.parse(topic).box for topic, _ in companion.got} == {own.id}
    born = [envelope.decode("up", "status", payload) for topic, payload in companion.got if topic.endswith("/status")]
    assert isinstance(born[-1].body, Online)
    assert born[-1].body.name == "Box"
    assert state()["name"] == "Box"
    membership.forget(identity.folder())
    assert until(lambda: state()["state"] == "nobody's", SECONDS)
    companion.close()


def test_a_broker_of_somebody_else_is_not_believed(broker, home, sync, tmp_path):
    _own, held = enrolled(broker.settings, broker.vault, identity.folder(), broker.listeners.port)
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    trusted = x509.load_pem_x509_certificate(held.authority.encode())
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(trusted.not_valid_before_utc)
    other = builder.not_valid_after(trusted.not_valid_after_utc).sign(key, hashes.SHA256())
    values = {row: getattr(held, row) for row in held.__slots__}
    values["authority"] = other.public_bytes(serialization.Encoding.PEM).decode()
    membership.write(identity.folder(), membership.Membership(**values))
    assert until(lambda: "not the companion's" in state().get("said", ""), SECONDS)
    assert state()["state"] == "offline"


def test_a_second_sync_of_one_home_says_that_one_runs(broker, home, sync):
    assert until(lambda: state()["state"] == "nobody's", SECONDS)
    command = [sys.executable, "-m", "device.cli", "sync"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == os.EX_CONFIG
    assert "already runs" in done.stderr
