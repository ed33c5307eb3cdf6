"""Servers that are measured: started on a free port, with the processor time of their processes."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

THREADS = 8
_TICK = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 30.0


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def granian(application: str, port: int, factory: bool = False, python: str = sys.executable) -> list[str]:
    """Granian as the companion runs it."""
    words = [python, "-m", "granian", "--interface", "wsgi", "--no-ws", "--http", "1", "--log-level", "warning"]
    words += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", str(THREADS)]
    return [*words, *(["--factory"] if factory else []), application]


def gunicorn(application: str, port: int, python: str = sys.executable) -> list[str]:
    """gunicorn with threads."""
    words = [python, "-m", "gunicorn", "-k", "gthread", "-w", "1", "--threads", str(THREADS), "--keep-alive", "60"]
    return [*words, "--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket", application]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds of processor time that its processes took so far."""
        return sum(_cpu(pid) for pid in _family(self.pid))

    def memory(self) -> float:
        """MiB that its processes hold for themselves, what they share counted in shares."""
        return sum(_memory(pid) for pid in _family(self.pid))


def _family(root: int) -> list[int]:
    """A process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += [child for child, parent in parents.items() if parent == pid]
    return found


def _cpu(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK
    return 0.0


def _memory(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


@contextlib.contextmanager
def running(
    command: Sequence[str], port: int, path: str, folder: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server for the block. ChildProcessError with the end of its log when it does not answer."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **(environ or {})}, cwd=folder, start_new_session=True
        )
    try:
        end = time.monotonic() + _START_SECONDS
        while not _answers(port, path):
            if process.poll() is not None or time.monotonic() > end:
                raise ChildProcessError(f"{command[2]} did not start: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.05)
        yield Server(process.pid, port)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(port: int, path: str) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", path)
        return line.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
