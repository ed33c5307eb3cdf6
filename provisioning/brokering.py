"""`rackdeck broker`: mosquitto in the foreground, reloaded when the companion changes who may come in."""

import argparse
import json
import logging
import os
import selectors
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from device import paths
from device.errors import ConfigError, MachineError
from provisioning import broker, stored
from provisioning.broker import Listeners

HELP = "run the message broker between boxes and companion, until Ctrl-C"
log = logging.getLogger(__name__)
LOOK_SECONDS = 0.1
WAIT_SECONDS = 60.0  # for the companion's certificates, which it makes at its first start
START_SECONDS = 20.0
STOP_SECONDS = 10.0
LONGEST_PAUSE = 5.0
RUNNING, RELOADED = b" running", b"Reloading config."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens and where its files are."""
    parser.epilog = "It waits a minute for the companion, which makes the certificates and tells boxes the port."
    parser.add_argument("--folder", type=Path, help="the companion's broker folder (companion/broker in the home)")
    parser.add_argument("--port", type=int, default=8883, metavar="PORT", help="for boxes, by TLS (8883)")
    parser.add_argument("--host", default="0.0.0.0", metavar="ADDRESS", help="where boxes reach it (0.0.0.0: all)")
    parser.add_argument(
        "--local-port", type=int, default=8884, metavar="PORT", help="for the companion, not encrypted (8884)"
    )
    parser.add_argument(
        "--local-host", default="127.0.0.1", metavar="ADDRESS", help="its address; another for containers alone"
    )


def run(arguments: argparse.Namespace) -> int:
    """Until a signal. Starts mosquitto again when it dies."""
    folder = paths.absolute(arguments.folder or paths.home() / "companion" / "broker")
    listeners = Listeners(arguments.port, arguments.local_port, arguments.host, local_host=arguments.local_host)
    if not folder.is_dir():
        folder.mkdir(parents=True, mode=0o700)
    wait_for_certificates(folder)
    pause = 0.0
    while True:
        check_ports(listeners)
        running = Broker(folder, listeners)
        began = time.monotonic()
        try:
            running.start()
            running.watch()
        finally:
            running.stop()
        pause = 0.5 if time.monotonic() - began > 2 * LONGEST_PAUSE else min(LONGEST_PAUSE, 2 * pause + 0.1)
        log.warning("mosquitto ended with status %s; starting it again", running.status)
        time.sleep(pause)


def wait_for_certificates(folder: Path, seconds: float = WAIT_SECONDS) -> None:
    """Until the companion has made them. MachineError when it does not."""
    end = time.monotonic() + seconds
    if broker.missing(folder):
        log.info("waiting for the companion's certificates in %s", folder)
    while missing := broker.missing(folder):
        if time.monotonic() >= end:
            raise MachineError(
                f"there is no {missing[0]} in {folder}; start the companion (`rackdeck companion`), which makes it, "
                "or name its folder with --folder"
            )
        time.sleep(LOOK_SECONDS)


def check_ports(listeners: Listeners) -> None:
    """ConfigError when something else listens there, or this user may not."""
    wanted = ((listeners.host, listeners.port, "--port"), (listeners.local_host, listeners.local, "--local-port"))
    for host, port, option in wanted:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError) as exc:
                reason = str(getattr(exc, "strerror", "") or exc).lower()
                what = f"{host} port {port} cannot be listened on ({reason}); choose another {option}"
                raise ConfigError(what) from exc


class Broker:
    """One mosquitto and its files, from `start` to `stop`. status: how it ended."""

    def __init__(self, folder: Path, listeners: Listeners):
        self._folder, self._listeners = folder, listeners
        self._child: subprocess.Popen[bytes] | None = None
        self._seen: dict[str, tuple[int, int]] = {}
        self._number = 0  # of the revocation list that was there when it last read its files
        self._pending = b""
        self._last = b""
        self._ready = self._reloading = False
        self._wrong = ""
        self.status: int | None = None

    @property
    def pid(self) -> int:
        """mosquitto's process."""
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Write the files and start; returns when it listens. MachineError when it does not."""
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise MachineError("mosquitto is not installed; run provisioning/install.sh, or install it with apt")
        file = broker.write(self._folder, self._listeners)
        self._note_files()
        command = ["setpriv", "--pdeathsig", "TERM", "--", program, "-c", str(file)]
        self._child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0)
        assert self._child.stderr is not None
        os.set_blocking(self._child.stderr.fileno(), False)
        end = time.monotonic() + START_SECONDS
        while not self._ready:
            if not self._hear(LOOK_SECONDS) or time.monotonic() > end:
                said = self._last.decode(errors="replace").partition(": ")[2] or "it said nothing"
                raise MachineError(f"mosquitto did not start: {said}")

    def watch(self) -> None:
        """Until it ends, pass on what it says and let it read its files again when the companion changed them."""
        while self._hear(LOOK_SECONDS):
            self.look()

    def look(self) -> bool:
        """Let mosquitto read its files again if they changed. Whether they did."""
        assert self._child is not None
        if self._reloading or broker.missing(self._folder):
            return False
        try:
            if not self._note_files():
                return False
            broker.write_password(self._folder, broker.read_access(self._folder))
        except (ConfigError, OSError) as exc:  # what it has read is still in force
            if str(exc) != self._wrong:
                log.error("%s", exc)
            self._wrong = str(exc)
            return False
        self._reloading = True  # until it says so: what it says then is about these files, and not about later ones
        self._child.send_signal(signal.SIGHUP)
        return True

    def _note_files(self) -> bool:
        """Look at the companion's files. Whether one is another than before."""
        found = {}
        for name in (*broker.CERTIFICATES, broker.ACCESS):
            status = (self._folder / name).stat()
            found[name] = (status.st_ino, status.st_mtime_ns)
        if found == self._seen:
            return False
        self._number = broker.revocation_number(self._folder)
        self._seen = found
        return True

    def _hear(self, seconds: float) -> bool:
        """Pass on what mosquitto says for so long. False once it has ended."""
        assert self._child is not None
        assert self._child.stderr is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stderr, selectors.EVENT_READ)
            if not selector.select(seconds):
                return True
        chunk = self._child.stderr.read()
        if not chunk:
            self.status = self._child.wait()
            return False
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        for line in lines:
            self._last = line
            log.info("%s", line.partition(b": ")[2].decode(errors="replace"))
            if line.endswith(RUNNING) or line.endswith(RELOADED):
                self._ready, self._reloading = True, False
                self._tell()
        return True

    def _tell(self) -> None:
        """Say for the companion where we listen and which revocation list is in force."""
        state = {"port": self._listeners.port, "local": self._listeners.local, "crl": self._number}
        stored.replace(self._folder / broker.STATE, json.dumps(state).encode())

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._child is not None
        self._child.kill()

    def stop(self) -> None:
        """End it; it writes down what it holds first."""
        (self._folder / broker.STATE).unlink(missing_ok=True)
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self.status = self._child.wait()
        assert self._child.stderr is not None
        self._child.stderr.close()
