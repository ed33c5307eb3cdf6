"""A PostgreSQL cluster of one's own, in a temporary folder on a free port, for benches and tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from companion.bench.servers import free_port

_PROGRAMS = Path("/usr/lib/postgresql")


def is_installed() -> bool:
    """Whether this machine has the server's programs."""
    return any(_PROGRAMS.glob("*/bin/initdb"))


class Postgres:
    """`database()` makes an empty database and returns its address. Nothing in it outlives a power cut."""

    def __init__(self) -> None:
        self._bin = max(_PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name))
        self._folder = Path(tempfile.mkdtemp(prefix="rackdeck-pg-"))
        self._port = free_port()
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self._count = 0
        if os.getuid() == 0:  # it refuses to run as root
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "test")
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._bin / program), *words]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *command]
        subprocess.run(
            command, cwd=self._folder, check=True, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]}
        )

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _address(self, name: str) -> str:
        return f"postgresql://test@127.0.0.1:{self._port}/{name}"

    def database(self, template: str = "template1") -> str:
        """The address of a new database, empty or a copy of another."""
        self._count += 1
        self._do(f"CREATE DATABASE test{self._count} TEMPLATE {template}")
        return self._address(f"test{self._count}")

    def drop(self, address: str) -> None:
        """Throw a database away, whoever is connected to it."""
        self._do(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

    def close(self) -> None:
        """End the server and drop its folder."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)
