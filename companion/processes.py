"""The companion's processes and the runner that watches over them: supervisord, with a file written at each start."""

import errno
import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from companion.config import MARK, PREFIX, Settings
from companion.errors import SettingError

ADDRESS = Path("run", "address")  # below the folder, while it runs
METRICS = "PROMETHEUS_MULTIPROC_DIR"
LOG_BYTES = 5_000_000
LOG_BACKUPS = 3
START_SECONDS = 30.0  # until the page must answer
STOP_SECONDS = 15
_HEAD = """\
; Written by `rackdeck companion` at each start; changes are lost.
[supervisord]
nodaemon=true
silent=true
logfile={logs}/runner.log
logfile_maxbytes={log_bytes}
logfile_backups=1
pidfile={run}/runner.pid
childlogdir={run}
nocleanup=true
minfds=256
minprocs=32
{user}"""
_PROGRAM = """
[program:{name}]
command={command}
priority={order}
startsecs=2
startretries=1000000000
autorestart=true
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes={log_bytes}
stdout_logfile_backups={log_backups}
"""


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its name, its command line, the signal that ends it well."""

    name: str
    command: tuple[str, ...]
    stop_signal: str = "TERM"


def table(settings: Settings) -> list[Process]:
    """All processes, in the order of their start."""
    python = (sys.executable, "-P", "-m")
    slow = settings.threads // 2 + 1  # who takes files slowly must not stand in the way of those who answer
    web = (
        *("granian", "--interface", "wsgi", "--factory", "--no-ws", "--http", "1", "--log-level", "warning"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.workers), "--blocking-threads", str(settings.threads + slow)),
        *("--http1-header-read-timeout", "10000"),
        *("--blocking-threads-idle-timeout", "600", "--respawn-failed-workers", "--workers-kill-timeout", "10"),
        "companion.wsgi:make",
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    live = (
        *("gunicorn", "-k", "companion.live.worker.Worker", "-w", "1", "--bind", f"{host}:{settings.live}"),
        *("--log-level", "warning", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "2"),
        *("--websocket-max-message-size", str(2 << 20), "--asgi-lifespan", "on", "--asgi-loop", "asyncio"),
        "companion.live.server:make()",
    )
    return [
        Process("web", (*python, *web)),
        Process("live", (*python, *live)),
        Process("ingest", (*python, "companion.ingesting")),
        Process("jobs", ("nice", "-n", "15", *python, "companion.worker"), "INT"),  # the page comes first
    ]


def _quoted(word: str) -> str:
    """A word for supervisord's file, where ` ;` starts a comment and % an expansion."""
    return shlex.quote(word).replace(" ;", " '';").replace("%", "%%")


def render(settings: Settings) -> str:
    """The runner's configuration. Who kills it kills its processes, at once: none stays behind unwatched."""
    for part in ("%", " ;", "\n"):
        if part in str(settings.folder):
            raise SettingError(f"folder must be one without {part!r} in its name, not {settings.folder}")
    places = {"run": settings.folder / "run", "logs": settings.folder / "logs", "log_bytes": LOG_BYTES}
    user = "user=root\n" if os.getuid() == 0 else ""  # says that root is meant, or it warns
    parts = [_HEAD.format(user=user, **places)]
    for order, process in enumerate(table(settings), 1):
        command = ("setpriv", "--pdeathsig", "KILL", "--", *process.command)
        parts.append(
            _PROGRAM.format(
                name=process.name,
                command=" ".join(map(_quoted, command)),
                order=order,
                stop_signal=process.stop_signal,
                stop_seconds=STOP_SECONDS,
                log_backups=LOG_BACKUPS,
                **places,
            )
        )
    names = ",".join(process.name for process in table(settings))
    return "".join([*parts, f"\n[group:companion]\nprograms={names}\n"])  # a group is stopped all at once


def take_lock(folder: Path) -> int:
    """Be the only one to run, or to change everything, in this folder; closing the descriptor ends it.

    SettingError when another process is, or the folder cannot be written to.
    """
    try:
        for made in (folder, folder / "run"):  # `mode` is of the last one alone
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder / "run" / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise SettingError(
            f"{folder} cannot be written to ({reason}); choose another with --folder or COMPANION_FOLDER"
        ) from exc
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 32).decode(errors="replace").strip()
        os.close(file)
        raise SettingError(
            f"a companion runs in {folder} already (process {holder or 'unknown'}); stop it first, "
            "or give this one another folder with --folder"
        ) from None
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    return file


def check_port(host: str, port: int, key: str) -> None:
    """SettingError when something listens there, or this user may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except socket.gaierror as exc:
            raise SettingError(f"host: {host} is no address of this machine") from exc
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise SettingError(
                    f"port {port} is in use by another program; choose another {key} "
                    f"(`--{key.replace('_', '-')} N` or COMPANION_{key.upper()})"
                ) from exc
            if exc.errno == errno.EACCES:
                raise SettingError(f"this user may not listen on port {port}; choose one above 1023") from exc
            raise SettingError(f"{host} port {port} cannot be listened on: {(exc.strerror or '').lower()}") from exc


def address(settings: Settings) -> str:
    """How browsers reach the companion that runs in this folder; where none does, the one that the settings start."""
    try:
        return (settings.folder / ADDRESS).read_text(encoding="utf-8").strip() or settings.url
    except OSError:
        return settings.url


def environment(settings: Settings, given: dict[str, str]) -> dict[str, str]:
    """What the processes find: what was given here, and the settings that the command line changed."""
    told = {f"{PREFIX}{name.upper()}": str(getattr(settings, name)) for name in ("folder", "host", "port", "live_port")}
    return {
        **given,
        **told,
        MARK: str(settings.folder),
        METRICS: str(counters(settings)),
        "PYTHONUNBUFFERED": "1",
    }


def counters(settings: Settings) -> Path:
    """Where the processes count: files in memory, for a mapped file on a full disk ends who writes into it."""
    memory = Path("/dev/shm")
    name = hashlib.sha256(os.fsencode(settings.folder.absolute())).hexdigest()[:16]
    return (memory if memory.is_dir() else Path(tempfile.gettempdir())) / f"companion-{os.getuid()}-{name}"


def _clear_counters(folder: Path) -> None:
    """Make the folder, and forget what processes counted that are gone."""
    folder.mkdir(exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise SettingError(f"{folder} is another user's; remove it")
    for left in folder.glob("*.db"):
        if not Path("/proc", left.stem.rpartition("_")[2]).exists():
            left.unlink(missing_ok=True)


def become(name: str, settings: Settings) -> NoReturn:
    """Be one of the processes, as in a container, where something else watches over it."""
    command = next(process.command for process in table(settings) if process.name == name)
    _clear_counters(counters(settings))
    os.execvpe(command[0], command, environment(settings, dict(os.environ)))


class Runner:
    """supervisord and its processes, from `start` to `stop`."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Write the configuration and start."""
        folder = self._settings.folder
        for name in ("run", "logs"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear_counters(counters(self._settings))
        written = folder / "run" / "supervisord.conf"
        written.write_text(render(self._settings), encoding="utf-8")
        words = ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-P", "-m", "companion.supervising"]
        self._child = subprocess.Popen(
            [*words, str(written)],
            env=environment(self._settings, dict(os.environ)),
            process_group=0,  # a Ctrl-C is for us to pass on
        )

    def wait_ready(self, answers: Callable[[], bool]) -> bool:
        """Until `answers` says so. False when the runner ended or START_SECONDS are over."""
        assert self._child is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._child.poll() is None:
            if answers():
                return True
            time.sleep(0.05)
        return False

    def wait(self) -> int:
        """Until it ends by itself; its exit status."""
        assert self._child is not None
        return self._child.wait()

    def stop(self) -> None:
        """End all processes and wait for them."""
        if self._child is None:
            return
        self._end()
        shutil.rmtree(counters(self._settings), ignore_errors=True)

    def _end(self) -> None:
        assert self._child is not None
        if self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(2 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
