"""`companion`: the companion as a server, beside bare Flask and Django.

Processor time per request through the full chain; time to answer at 70 % of what it can; live events to 50 pages.
A figure per request is the processor time of the server's processes, divided by the answers: what others do on the
machine hardly moves it, while requests a second and times to answer are only as good as the machine is quiet.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from companion import config, database, processes, serving
from companion.accounts import service as accounts
from companion.accounts import sessions
from companion.accounts.acts import NOWHERE
from companion.bench import servers
from companion.bench.load import Answers, load
from companion.bench.servers import Server, free_port, granian, gunicorn
from companion.bench.sockets import Listener, listen
from companion.config import Settings
from companion.events import service as events
from companion.live import tickets
from companion.vault.service import Vault
from companion.web.identity import Access

TITLE = "The companion as a server; CPU of its processes per request or delivery"
COLUMNS = ()
Say = Callable[[str], None]
Case = dict[str, float | int | str | bool | None]

OURS = "companion, full chain, Granian"
PAGES = 50
PAGES_EACH = 10  # of one user, as many as the hub lets in
EVENTS_A_SECOND = 100
_HERE = Path(__file__).parent


class Bench:
    """A companion with one user on an empty database, and what asks it."""

    def __init__(self, folder: Path, cache: Path, say: Say, quick: bool):
        self.folder, self._cache, self._say = folder, cache, say
        self._seconds, self._rounds = (2.0, 1) if quick else (6.0, 3)
        self._home = folder / "home"
        self._environ = {
            "COMPANION_FOLDER": str(self._home),
            "COMPANION_LIMIT_FACTOR": "1000",  # the limits count, but let the bench through
            "COMPANION_PORT": str(free_port()),
            "COMPANION_LIVE_PORT": str(free_port()),
            processes.METRICS: str(folder / "metrics"),
        }
        (folder / "metrics").mkdir()
        self.settings: Settings = config.load(self._environ)
        serving.prepare(self.settings)
        vault = Vault(self.settings.folder)
        with database.connection():
            user = accounts.create("bench@example.org", "Bench", access=Access.ARTIST, verified=True)
            self.user = str(user.id)
            self.token = sessions.open_for_program(vault, user, NOWHERE).token
            self.session = str(sessions.listed(self.user)[0].id)
        self._database = str(self._home / "companion.db")

    def _peers(self) -> Iterator[tuple[str, list[str], str, dict[str, str], dict[str, str]]]:
        """(name, command, path, headers, environment) of each server."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        port = self.settings.port
        yield OURS, granian("companion.wsgi:make", port, factory=True), "/api/v1/session", bearer, self._environ
        shared = {"BENCH_DATABASE": self._database}
        plain, path = "companion.bench.peers.flask_plain:app", f"/profile/{self.user}"
        yield "bare Flask, gunicorn gthread", gunicorn(plain, port), path, {}, shared
        yield "bare Flask, Granian", granian(plain, port), path, {}, shared
        python = self._django()
        if python:
            shared |= {"PYTHONPATH": str(_HERE / "peers"), "DJANGO_SETTINGS_MODULE": ""}
            words = [python, str(_HERE / "peers" / "django_chain.py"), self.session]
            token = subprocess.run(words, env=os.environ | shared, capture_output=True, text=True, check=True).stdout
            signed, app = {"Authorization": f"Bearer {token.strip()}"}, "django_chain:app"
            yield "Django's chain, gunicorn gthread", gunicorn(app, port, python), "/profile", signed, shared
            yield "Django's chain, Granian", granian(app, port, python=python), "/profile", signed, shared

    def _django(self) -> str:
        """A Python that has Django, made in the cache at the first time; empty when there is none to be had."""
        python = self._cache / "django" / "bin" / "python"
        wanted = [str(python), "-c", "import django, granian, gunicorn"]
        if python.exists() and subprocess.run(wanted, capture_output=True, check=False).returncode == 0:
            return str(python)
        self._say("Django is installed into a folder of the bench's own")
        try:
            subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True, capture_output=True)
            install = [str(python), "-m", "pip", "install", "-q", "django>=5.2,<6", "granian", "gunicorn"]
            subprocess.run(install, check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError):
            self._say("Django cannot be installed here, so it is left out")
            return ""
        return str(python)

    def requests(self) -> Iterator[Case]:
        """Every server in turns; the median of its turns."""
        found: dict[str, list[tuple[float, float]]] = {}
        names: list[str] = []
        for turn in range(self._rounds):
            for name, command, path, headers, environ in self._peers():
                self._say(f"{name}, turn {turn + 1} of {self._rounds}")
                with servers.running(command, self.settings.port, path, self.folder, environ) as server:
                    load(server.port, path, headers, 1.0)
                    cost, answers = self._asked(server, path, headers)
                    if answers.wrong:
                        raise ChildProcessError(f"{name}: {answers.wrong} of {answers.count} answers were no 200")
                    found.setdefault(name, []).append((cost, answers.count / answers.seconds))
            names = list(found)
        ours = _median([cost for cost, _ in found[OURS]])
        for name in names:
            cost = _median([cost for cost, _ in found[name]])
            rate = _median([rate for _, rate in found[name]])
            yield {"server": name, "cpu_us": cost, "requests_s": rate, "times": cost / ours, "share": ours / cost}

    def _asked(self, server: Server, path: str, headers: dict[str, str], rate: float = 0) -> tuple[float, Answers]:
        """(CPU us per request, answers)."""
        before = server.cpu()
        answers = load(server.port, path, headers, self._seconds, rate)
        return 1e6 * (server.cpu() - before) / max(1, answers.count), answers

    def waiting(self) -> Iterator[Case]:
        """Time to answer while 70 % of what it can is asked."""
        name, command, path, headers, environ = next(self._peers())
        self._say(f"{name} at 70 %")
        with servers.running(command, self.settings.port, path, self.folder, environ) as server:
            load(server.port, path, headers, 1.0)
            _, most = self._asked(server, path, headers)
            rate = 0.7 * most.count / most.seconds
            cost, answers = self._asked(server, path, headers, rate)
            yield {
                "at": "70 % of saturation",
                "requests_s": answers.count / answers.seconds,
                "cpu_us": cost,
                "p50_ms": answers.share(50),
                "p95_ms": answers.share(95),
                "p99_ms": answers.share(99),
                "memory_mb": server.memory(),
            }

    def live(self) -> Iterator[Case]:
        """One publisher, 50 pages."""
        self._say(f"live events to {PAGES} pages")
        command = [sys.executable, "-m", "gunicorn", "-k", "asgi", "-w", "1", "--log-level", "warning"]
        command += ["--bind", f"127.0.0.1:{self.settings.live}", "--no-control-socket", "--asgi-lifespan", "on"]
        command += ["--asgi-loop", "asyncio", "companion.live.server:make()"]
        events.install(self.settings)
        with servers.running(command, self.settings.live, "/healthz", self.folder, self._environ) as server:
            listeners = [Listener(server.port, f"/ws/events?ticket={ticket}", "bench") for ticket in self._tickets()]
            time.sleep(1.0)
            count = int(EVENTS_A_SECOND * self._seconds)
            before = server.cpu()
            publisher = threading.Thread(target=self._publish, args=(count,))
            publisher.start()
            listen(listeners, time.monotonic() + self._seconds + 10, count)
            publisher.join()
            cost = server.cpu() - before
            for listener in listeners:
                listener.line.close()
        times = sorted(value for listener in listeners for value in listener.times)
        if not times:
            raise ChildProcessError("no event came through")
        yield {
            "pages": len(listeners),
            "events_s": EVENTS_A_SECOND,
            "lost": count * len(listeners) - len(times),
            "cpu_us_a_delivery": 1e6 * cost / len(times),
            "p50_ms": times[len(times) // 2],
            "p95_ms": times[int(len(times) * 0.95)],
        }

    def _tickets(self) -> list[str]:
        vault = Vault(self.settings.folder)
        found = []
        with database.connection():
            for number in range(PAGES // PAGES_EACH):
                user = accounts.create(f"page{number}@example.org", "Page", access=Access.ARTIST, verified=True)
                sessions.open_for_program(vault, user, NOWHERE)
                session = str(sessions.listed(str(user.id))[0].id)
                found += [tickets.issue(str(user.id), session) for _ in range(PAGES_EACH)]
        return found

    @staticmethod
    def _publish(count: int) -> None:
        with database.connection():
            due = time.monotonic()
            for _ in range(count):
                due += 1 / EVENTS_A_SECOND
                time.sleep(max(0.0, due - time.monotonic()))
                with database.database.atomic():
                    events.publish(events.EVERYBODY, "bench", {"ns": time.time_ns()})


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def measure(settings: Any, say: Say) -> Iterator[Case]:
    """All cases. settings: the bench's: `cache` is where Django is kept, `repeats` below three is a quick look."""
    with tempfile.TemporaryDirectory(prefix="rackdeck-bench-") as folder:
        bench = Bench(Path(folder), Path(settings.cache), say, quick=settings.repeats < 3)
        try:
            yield from bench.requests()
            yield from bench.waiting()
            yield from bench.live()
        finally:
            database.database.close()


if __name__ == "__main__":
    from types import SimpleNamespace

    usual = Path(tempfile.gettempdir()) / f"rackdeck-bench-{os.getuid()}"
    usual.mkdir(exist_ok=True)
    asked = SimpleNamespace(cache=usual, repeats=1 if "--quick" in sys.argv else 3)
    for case in measure(asked, lambda line: print(line, file=sys.stderr)):
        print(json.dumps(case))
