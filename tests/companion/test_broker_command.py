"""`rackdeck broker` as a process: what it waits for, what it refuses, what it starts again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from companion.boxes import authority
from companion.boxes import broker as companion_broker
from companion.database import connection
from companion.vault.service import Vault
from device.errors import ConfigError, MachineError
from provisioning import broker, brokering
from provisioning.broker import Listeners
from tests.brokers import until
from tests.companion.servers import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"), reason="mosquitto is not installed"
    ),
]


@pytest.fixture
def folder(sqlite_settings):
    """The broker's folder of a companion, with its certificates."""
    vault = Vault(sqlite_settings.folder)
    with connection():
        authority.renew_list(vault)
        companion_broker.publish(sqlite_settings, vault)
    return companion_broker.folder(sqlite_settings)


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_starts_mosquitto_again_when_that_dies_and_ends_it_when_it_ends(folder):
    port, local = free_port(), free_port()
    words = ["broker", "--folder", str(folder), "--host", "127.0.0.1", "--port", str(port), "--local-port", str(local)]
    running = subprocess.Popen([sys.executable, "-P", "-m", "device.cli", *words], stderr=subprocess.DEVNULL)
    try:
        assert until((folder / broker.STATE).exists, 20)
        first = children(running.pid)
        os.kill(first[0], signal.SIGKILL)
        assert until(lambda: not Path(f"/proc/{first[0]}").exists())
        assert until(lambda: children(running.pid) not in ([], first) and (folder / broker.STATE).exists(), 20)
        second = children(running.pid)
        socket.create_connection(("127.0.0.1", port), 5).close()
    finally:
        running.terminate()
        assert running.wait(20) == 128 + signal.SIGTERM
    assert not Path(f"/proc/{second[0]}").exists()
    assert not (folder / broker.STATE).exists()
    assert (folder / "data" / "mosquitto.db").exists()


def test_mosquitto_ends_with_the_process_that_watches_it(folder):
    words = ["broker", "--folder", str(folder), "--host", "127.0.0.1"]
    ports = ["--port", str(free_port()), "--local-port", str(free_port())]
    running = subprocess.Popen([sys.executable, "-P", "-m", "device.cli", *words, *ports], stderr=subprocess.DEVNULL)
    assert until((folder / broker.STATE).exists, 20)
    child = children(running.pid)[0]
    running.kill()
    running.wait()
    assert until(lambda: not Path(f"/proc/{child}").exists())


def test_without_the_companions_certificates_it_says_what_to_start(tmp_path):
    with pytest.raises(MachineError, match=r"there is no ca.pem .*start the companion"):
        brokering.wait_for_certificates(tmp_path, 0.0)


def test_a_port_that_is_taken_is_said_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {busy} .*already in use.*--port"):
            brokering.check_ports(Listeners(busy, free_port(), "127.0.0.1"))
        with pytest.raises(ConfigError, match="choose another --local-port"):
            brokering.check_ports(Listeners(free_port(), busy, "127.0.0.1"))


def test_what_mosquitto_does_not_take_is_said_in_its_words(folder):
    (folder / "broker.key").write_text("no key")
    started = brokering.Broker(folder, Listeners(free_port(), free_port(), "127.0.0.1"))
    with pytest.raises(MachineError, match=r"mosquitto did not start: .+"):
        started.start()
    started.stop()


@pytest.mark.parametrize("name", ["companion.json", "crl.pem"])
def test_a_damaged_file_is_named(folder, name):
    (folder / name).write_text("torn")
    with pytest.raises(ConfigError, match=f"{name} is damaged; delete it"):
        brokering.Broker(folder, Listeners(1, 2)).start()


def test_a_file_that_is_damaged_while_it_runs_leaves_the_broker_as_it_is(folder):
    running = brokering.Broker(folder, Listeners(free_port(), free_port(), "127.0.0.1"))
    running.start()
    try:
        (folder / "crl.pem").write_text("torn")
        assert not running.look()
        (folder / "ca.pem").unlink()
        assert not running.look()
    finally:
        running.stop()


def test_the_configuration_lets_nobody_in_without_proof_and_no_box_out_of_its_tree(folder):
    text = broker.write(folder, Listeners(8883, 8884)).read_text()
    boxes, companion = text.split("\nlistener")[1:]
    for line in ("allow_anonymous false", "require_certificate true", "tls_version tlsv1.3", "crlfile"):
        assert line in boxes
    assert "use_username_as_clientid true" in boxes
    assert companion.startswith(" 8884 127.0.0.1\nallow_anonymous false\npassword_file")
    assert (folder / "boxes.acl").read_text().splitlines()[1:] == [
        "pattern write rackdeck/v1/box/%u/up/+",
        "pattern read rackdeck/v1/box/%u/down/+",
    ]
    for name in ("passwords", "broker.key", "companion.json", "mosquitto.conf"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    assert broker.read_access(folder).password not in (folder / "passwords").read_text()


def test_a_folder_that_mosquitto_could_not_read_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="line break"):
        broker.write(tmp_path / "a\nb", Listeners(1, 2))
