"""Real servers for tests, started once, on private folders and ports, and ended with the tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A PostgreSQL cluster of its own. `database()` makes an empty database and returns its address."""

    def __init__(self):
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self._folder = Path(tempfile.mkdtemp(prefix="rackdeck-pg-"))
        self._port = free_port()
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self._count = 0
        if os.getuid() == 0:  # it refuses to run as root
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "test")
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def _run(self, program, *words):
        command = [str(self._bin / program), *words]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *command]
        subprocess.run(
            command, cwd=self._folder, check=True, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]}
        )

    def _do(self, statement):
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _address(self, name):
        return f"postgresql://test@127.0.0.1:{self._port}/{name}"

    def database(self, template="template1"):
        """The address of a new database, empty or a copy of another."""
        self._count += 1
        self._do(f"CREATE DATABASE test{self._count} TEMPLATE {template}")
        return self._address(f"test{self._count}")

    def drop(self, address):
        self._do(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

    def close(self):
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)


def wait_for_port(port, process, seconds=30):
    """Until a server listens; fails when its process ends first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server never listened")
