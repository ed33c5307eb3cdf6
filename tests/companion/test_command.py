"""`rackdeck companion`: it starts, answers, stops, and says what is in its way."""

import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from companion import config, processes
from companion.errors import SettingError
from tests.companion.people import PASSWORD
from tests.companion.servers import free_port
from tests.companion.sockets import Socket

pytestmark = pytest.mark.slow

READY = "The companion is at "


class Companion:
    """`rackdeck companion` as a person starts it, in a process group of its own."""

    def __init__(self, folder, *words, **environ):
        self.port = free_port()
        self.live_port = free_port()
        self.folder = folder
        known = {"PATH": os.environ["PATH"], "COMPANION_LIVE_PORT": str(self.live_port), "COMPANION_LIMITS": "false"}
        command = [sys.executable, "-m", "companion.command", "--folder", str(folder), "--port", str(self.port), *words]
        self.process = subprocess.Popen(
            command,
            env=known | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_ready(self):
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith(READY):
                return lines
        raise AssertionError("".join(lines))

    def call(self, method, path, body=None, **headers):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            fields = {"Content-Type": "application/json", **headers}
            line.request(method, path, json.dumps(body) if body is not None else None, fields)
            answer = line.getresponse()
            raw = answer.read()
            return answer.status, json.loads(raw) if raw.startswith((b"{", b"[")) else raw, answer.headers
        finally:
            line.close()

    def end(self, number=signal.SIGINT):
        """By Ctrl-C; returns (exit status, what it still said)."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        said = self.process.communicate(timeout=60)[0]
        return self.process.returncode, said

    def processes(self):
        """Ids of all processes that belong to it."""
        wanted, found = os.fsencode(f"RACKDECK_COMPANION={self.folder}"), []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@pytest.fixture
def start():
    """Start companions; whatever happens, none is left."""
    started = []

    def make(*arguments, **environ):
        started.append(Companion(*arguments, **environ))
        return started[-1]

    yield make
    for companion in started:
        companion.end(signal.SIGTERM)


def admin(folder, *words, **environ):
    """`rackdeck companion admin …`; returns (exit status, output, errors)."""
    command = [sys.executable, "-m", "companion.command", "admin", *words, "--folder", str(folder)]
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_from_the_first_start_to_ctrl_c(start, tmp_path):
    folder = tmp_path / "a folder"
    companion = start(folder)
    assert companion.wait_ready()[-1] == f"{READY}http://localhost:{companion.port}\n"
    assert companion.call("GET", "/healthz")[0] == 200
    assert companion.call("GET", "/readyz")[1] == {"status": "ok", "failing": []}

    account = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD}
    status, body, headers = companion.call("POST", "/api/v1/accounts", account)
    assert (status, body["user"]["access"]) == (201, "admin")
    cookie = headers["Set-Cookie"].split(";")[0]
    status, ticket, _ = companion.call(
        "POST", "/api/v1/live/ticket", **{"Cookie": cookie, "X-CSRF-Token": body["csrf"]}
    )
    assert status == 201
    path = ticket["url"].partition(f":{companion.live_port}")[2]
    origin = f"http://localhost:{companion.port}"
    with Socket(companion.live_port, path, origin, host="localhost") as page:
        assert page.receive()["kind"] == "hello"
        metrics = companion.call("GET", "/metrics")[1].decode()
        assert 'companion_answers_total{endpoint="healthz",status="200"}' in metrics

        code, out, _ = admin(folder, "users", "list")
        assert (code, "ada@example.org" in out, "admin" in out) == (0, True, True)
        link = admin(folder, "users", "reset-link", "ada@example.org")[1]
        assert link.startswith(f"http://localhost:{companion.port}/reset#"), "the port that is in use"
        modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.glob("*.db"))}
        assert modes == {"a folder": 0o700, "companion.db": 0o600, "queue.db": 0o600}
        code, _, said = admin(folder, "backup", "restore", "x", "--yes")
        assert (code, "runs in" in said) == (os.EX_CONFIG, True)

        second = start(folder)
        code, said = second.process.wait(30), second.process.stdout.read()
        assert code == os.EX_CONFIG
        assert f"runs in {folder} already (process {companion.process.pid})" in said

        os.killpg(companion.process.pid, signal.SIGINT)  # as a terminal does
        assert page.closed() in (1012, 1006, 1001, 1011)
    code, said = companion.end()
    assert (code, "stopping" in said, "Traceback" in said) == (0, True, False)
    assert companion.processes() == []
    assert [line for line in (folder / "logs" / "web.log").read_text().splitlines() if '"path": "/readyz"' in line]


def test_a_process_that_dies_comes_back_and_none_stays_when_the_runner_is_killed(start, tmp_path):
    companion = start(tmp_path)
    companion.wait_ready()
    worker = next(
        number
        for number in companion.processes()
        if b"companion.worker" in Path(f"/proc/{number}/cmdline").read_bytes()
    )
    os.kill(worker, signal.SIGKILL)
    end = time.monotonic() + 30

    def workers():
        return [
            number
            for number in companion.processes()
            if b"companion.worker" in Path(f"/proc/{number}/cmdline").read_bytes()
        ]

    while not workers() or workers() == [worker]:
        assert time.monotonic() < end
        time.sleep(0.1)
    companion.process.kill()
    companion.process.wait(10)
    while companion.processes():
        assert time.monotonic() < end + 30
        time.sleep(0.1)


def test_a_worker_of_the_web_server_ends_with_its_master(start, tmp_path):
    companion = start(tmp_path)
    companion.wait_ready()

    def web():
        return [n for n in companion.processes() if b"granian" in Path(f"/proc/{n}/cmdline").read_bytes()]

    def parent(number):
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])

    first = web()
    os.kill(next(number for number in first if parent(number) not in first), signal.SIGKILL)
    end = time.monotonic() + 30
    while set(web()) & set(first) or len(web()) < len(first):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def taken():
    """A port that something listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def refused(folder, *words, status=os.EX_CONFIG, **environ):
    command = [sys.executable, "-m", "companion.command", "--folder", str(folder), *words]
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.startswith("rackdeck companion: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_port_that_is_in_use_is_named(tmp_path, taken):
    assert f"port {taken} is in use" in refused(tmp_path, "--port", str(taken))
    said = refused(tmp_path, "--port", str(free_port()), COMPANION_LIVE_PORT=str(taken))
    assert f"port {taken} is in use" in said
    assert "COMPANION_LIVE_PORT" in said


def test_a_database_that_cannot_be_reached_is_named_and_may_be_there_later(tmp_path):
    words = ("--port", str(free_port()))
    assert "database_url" in refused(tmp_path, *words, DATABASE_URL="nonsense")
    away = "postgresql://nobody@127.0.0.1:9/none"
    said = refused(tmp_path, *words, status=os.EX_UNAVAILABLE, DATABASE_URL=away)
    assert "the PostgreSQL server of database_url cannot be used" in said
    code, out, said = admin(tmp_path, "users", "list", DATABASE_URL=away)
    assert (code, out, said.count("\n")) == (os.EX_UNAVAILABLE, "", 1)
    assert "the database cannot be used" in said


@pytest.mark.parametrize("name", ["web", "live", "ingest", "jobs"])
def test_one_process_runs_alone(tmp_path, name):
    assert admin(tmp_path, "migrate", "up")[0] == 0
    words = ["--folder", str(tmp_path), "--port", str(free_port()), "--only", name]
    with subprocess.Popen(
        [sys.executable, "-m", "companion.command", *words],
        env={"PATH": os.environ["PATH"], "COMPANION_LIVE_PORT": str(free_port())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        modules = {"web": "wsgi:make", "live": "live.server", "ingest": "ingesting", "jobs": "worker"}
        what = f"companion.{modules[name]}".encode()
        while what not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.02)
        process.kill()


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "companion.db").write_bytes(b"music" * 1000)
    assert "companion.db cannot be used" in refused(tmp_path, "--port", str(free_port()))


def test_a_database_of_a_newer_program_is_left_alone(tmp_path):
    assert admin(tmp_path, "migrate", "up")[0] == 0
    import sqlite3

    file = sqlite3.connect(tmp_path / "companion.db")
    file.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')")
    file.commit()
    file.close()
    assert "newer than this program (it has 9999_future)" in refused(tmp_path, "--port", str(free_port()))


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be written to" in refused(tmp_path / "file" / "below", "--port", str(free_port()))


def test_a_wrong_setting_is_named(tmp_path):
    assert "did you mean threads" in refused(tmp_path, COMPANION_TREADS="3")
    assert "redis_url" in refused(tmp_path, COMPANION_WORKERS="2")
    assert "no address of this machine" in refused(tmp_path, "--host", "no.such.host.invalid", "--port", "8123")


def test_keys_of_another_companion_are_told_before_the_start(tmp_path):
    assert admin(tmp_path, "migrate", "up")[0] == 0
    assert admin(tmp_path, "keys", "rotate")[0] == 0
    (tmp_path / "keys" / "master.key").write_bytes(b"1" * 32)
    assert "master.key is not the one" in refused(tmp_path, "--port", str(free_port()))


def test_every_start_without_an_account_says_how_to_make_the_first_one(start, tmp_path):
    for mode, says in (
        ("open", "Sign up there"),
        ("open", "Sign up there"),
        ("closed", "users invite ADDRESS --admin"),
    ):
        companion = start(tmp_path / "here", COMPANION_SIGN_UP=mode)
        companion.wait_ready()
        said = "".join(
            iter(companion.process.stdout.readline, f"Everything is kept in {companion.folder}. Ctrl-C stops.\n")
        )
        companion.end()
        assert says in said
        assert f"Mail is written into {tmp_path / 'here' / 'outbox'}" in said
    link = admin(tmp_path / "here", "users", "invite", "ada@example.org", "--admin")[1]
    assert link.startswith("http://localhost:8000/sign-up#")


def test_the_shell_does_what_an_administrator_needs(tmp_path):
    code, _, said = admin(tmp_path, "users", "list")
    assert (code, "there is no companion in" in said) == (os.EX_CONFIG, True)
    assert admin(tmp_path, "migrate", "up")[0] == 0
    assert "waits" not in admin(tmp_path, "migrate", "status")[1]
    made = (
        "from companion import config, database; from companion.accounts.models import User; "
        "database.bind(config.load()); database.database.connect(); "
        "User.create(email='ada@example.org', name='Ada', access=3); User.create(email='mira@example.org', name='Mira')"
    )
    known = {"PATH": os.environ["PATH"], "COMPANION_FOLDER": str(tmp_path)}
    subprocess.run([sys.executable, "-c", made], env=known, check=True)

    code, _, said = admin(tmp_path, "users", "disable", "ada@example.org")
    assert (code, "only account that administers" in said) == (os.EX_DATAERR, True)
    assert admin(tmp_path, "users", "make-admin", "mira@example.org")[0] == 0
    assert admin(tmp_path, "users", "disable", "ada@example.org")[0] == 0
    assert "closed" in admin(tmp_path, "users", "list", "--search", "ada")[1]
    assert admin(tmp_path, "users", "enable", "ada@example.org")[0] == 0
    link = admin(tmp_path, "users", "reset-link", "mira@example.org")[1]
    assert link.startswith("http://localhost:8000/reset#")
    assert admin(tmp_path, "users", "drop-second-step", "mira@example.org")[2].count("no authenticator app") == 1
    code, _, said = admin(tmp_path, "users", "disable", "nobody@example.org")
    assert (code, "nobody@example.org" in said) == (os.EX_DATAERR, True)
    assert admin(tmp_path, "users", "invite", "ada@example.org")[0] == os.EX_DATAERR

    assert "backup" in admin(tmp_path, "jobs", "list")[1] or admin(tmp_path, "jobs", "list")[0] == 0
    assert admin(tmp_path, "jobs", "retry", "nonsense")[0] == os.EX_DATAERR
    assert admin(tmp_path, "backup", "now")[0] == 0
    assert len(admin(tmp_path, "backup", "list")[1].splitlines()) == 2
    assert admin(tmp_path, "audit", "verify")[1].startswith("4 rows")
    code, out, _ = admin(tmp_path, "health", "show")
    assert (code, "database" in out, "certificates" in out) == (0, True, True)
    assert "folder" in admin(tmp_path, "settings", "show")[1]
    assert admin(tmp_path, "migrate", "down", "--to", "nonsense")[0] == os.EX_CONFIG


def test_the_runners_file_survives_odd_names_and_refuses_what_it_cannot_read(tmp_path):
    import configparser

    odd = config.load({}, folder=tmp_path / "Mira's [music] & more", port=8123)
    parser = configparser.RawConfigParser()
    parser.read_string(processes.render(odd))
    programs = {f"program:{name}" for name in ("web", "live", "ingest", "jobs")}
    assert set(parser.sections()) == {"supervisord", "group:companion"} | programs
    command = shlex.split(parser["program:web"]["command"].replace("%%", "%"))
    assert command[command.index("--port") + 1] == "8123"
    for name in ("50 %", "a ;b", "a\nb"):
        with pytest.raises(SettingError, match="folder"):
            processes.render(config.load({}, folder=tmp_path / name))
