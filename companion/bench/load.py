"""Load on a server: as fast as it answers, or so many requests a second. By h2load, else by threads of our own."""

import http.client
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CLIENTS = 16
_OWN_CLIENTS = 4  # Python needs as much processor time to ask as the server to answer


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back: how many answers, how many of them were no 200, in how many seconds; times in ms, sorted."""

    count: int
    wrong: int
    seconds: float
    times: list[float]

    def share(self, percent: float) -> float:
        """The time below which that share of the answers came, ms."""
        return self.times[min(len(self.times) - 1, int(len(self.times) * percent / 100))] if self.times else 0.0


def load(port: int, path: str, headers: Mapping[str, str], seconds: float, rate: float = 0) -> Answers:
    """Ask for `seconds`. rate: requests a second, whatever the server takes for them; 0 is all that it can."""
    if shutil.which("h2load"):
        return _by_h2load(port, path, headers, seconds, rate)
    return _by_threads(port, path, headers, seconds, rate)


def _by_h2load(port: int, path: str, headers: Mapping[str, str], seconds: float, rate: float) -> Answers:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        words = ["h2load", "--h1", "-c", str(CLIENTS), "-t", "1", f"--log-file={log}"]
        words += ["-D", f"{round(1000 * seconds)}ms"]
        if rate:
            words.append(f"--rps={max(1, round(rate / CLIENTS))}")
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        subprocess.run([*words, f"http://127.0.0.1:{port}{path}"], capture_output=True, check=True)
        rows = [line.split("\t") for line in log.read_text().splitlines()]
    return _found([(int(row[0]) / 1e6, int(row[1]), int(row[2]) / 1000) for row in rows])


def _by_threads(port: int, path: str, headers: Mapping[str, str], seconds: float, rate: float) -> Answers:
    rows: list[tuple[float, int, float]] = []
    end = time.monotonic() + seconds

    def ask() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        due = time.monotonic()
        while time.monotonic() < end:
            if rate:
                due += _OWN_CLIENTS / rate
                time.sleep(max(0.0, due - time.monotonic()))
            began = time.time()
            line.request("GET", path, headers=dict(headers))
            answer = line.getresponse()
            answer.read()
            rows.append((began, answer.status, 1000 * (time.time() - began)))
        line.close()

    threads = [threading.Thread(target=ask) for _ in range(_OWN_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _found(rows)


def _found(rows: list[tuple[float, int, float]]) -> Answers:
    """rows: (when asked in seconds, status, ms until the answer was there)."""
    if not rows:
        return Answers(0, 0, 0.0, [])
    seconds = max(at + took / 1000 for at, _, took in rows) - min(at for at, _, _ in rows)
    return Answers(len(rows), sum(status != 200 for _, status, _ in rows), seconds, sorted(took for *_, took in rows))
