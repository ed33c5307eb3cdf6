"""A companion, its broker and some boxes, each a process of its own, in one folder, for who measures or breaks them."""

import contextlib
import http.client
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import peewee

from companion import config, database, processes, serving
from companion.accounts import service as accounts
from companion.app import create_app
from companion.bench.box import RACKDECK, Box
from companion.bench.line import Line
from companion.bench.parts import Part, wait_until
from companion.bench.servers import free_port
from companion.boxes import enrolment, revocation
from companion.config import Settings
from companion.jobs import service as jobs
from companion.web.identity import Access


class Household:
    """Started when it is made. line: what boxes reach the broker by. disk: where the companion's folder is."""

    def __init__(self, folder: Path, disk: Path | None = None):
        self.folder = folder
        home = disk or folder / "home"
        self._ports = {name: free_port() for name in ("boxes", "local")}
        self.line = Line(self._ports["boxes"])
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(config.PREFIX)} | {
            "COMPANION_FOLDER": str(home),
            "COMPANION_PORT": str(free_port()),
            "COMPANION_LIVE_PORT": str(free_port()),
            "COMPANION_LIMIT_FACTOR": "1000",  # the limits count, but let the bench through
            "COMPANION_BROKER_ADDRESS": f"127.0.0.1:{self.line.port}",
            "COMPANION_LOG_LEVEL": "warning",
        }
        self.settings: Settings = config.load(self.environ)
        self.boxes: list[Box] = []
        self._prepare()
        self.web, self.ingest = (self._companion(name) for name in ("web", "ingest"))
        broker = (*RACKDECK, "broker", "--folder", str(home / "broker"), "--host", "127.0.0.1")
        ports = ("--port", str(self._ports["boxes"]), "--local-port", str(self._ports["local"]))
        self.broker = Part("broker", (*broker, *ports), self.environ, folder)
        for part in (self.broker, self.web, self.ingest):
            part.start()
        wait_until(lambda: self.broker_pid, f"the broker runs ({self.broker.last_words()})", every=0.05)
        wait_until(lambda: _answers(self.settings.port), "the companion answers", every=0.05)

    def _prepare(self) -> None:
        serving.prepare(self.settings)
        app = create_app(self.settings)
        jobs.open_queue(self.settings)
        self.vault = app.extensions["vault"]
        with database.connection():
            owner = accounts.create("bench@example.org", "Bench", access=Access.ARTIST, verified=True)
            self.owner = str(owner.id)
            enrolment.house_token(self.settings.folder)
            revocation.enforce(self.settings, self.vault)

    def _companion(self, name: str) -> Part:
        words = (sys.executable, "-P", "-m", "companion.command", "--only", name)
        return Part(name, words, self.environ, self.folder)

    @property
    def broker_pid(self) -> int:
        """mosquitto's process; 0 while it does not listen."""
        state = self.settings.folder / "broker" / "broker.json"
        runner = self.broker.server.pid
        children = Path(f"/proc/{runner}/task/{runner}/children")
        with contextlib.suppress(OSError, ValueError, IndexError):
            if state.exists():
                return int(children.read_text().split()[0])
        return 0

    def add(self, name: str, disk: Path | None = None) -> Box:
        """A new box, which has joined the companion and whose sync does not run."""
        self.boxes.append(Box(name, disk or self.folder / name, self.environ, self.settings, self.folder))
        return self.boxes[-1]

    def revive(self) -> list[str]:
        """Start again what ended by itself, as whoever watches over processes does; returns its names."""
        gone = [part for part in (self.broker, self.web, self.ingest, *(box.sync for box in self.boxes)) if part.ended]
        for part in gone:
            part.start()
        return [part.name for part in gone]

    def cpu(self) -> float:
        """Seconds of processor time that this process and all that run here took so far."""
        parts = (self.broker, self.web, self.ingest, *(box.sync for box in self.boxes))
        return time.process_time() + sum(part.server.cpu() for part in parts if part.runs)

    def plays(self, box: str) -> list[int]:
        """The numbers of a box's plays, in the order of their effects."""
        with database.connection():
            return [int(title) for (title,) in self._ask("SELECT title FROM play WHERE box = ? ORDER BY id", box)]

    def count(self) -> int:
        """How many plays had their effect; -1 while the database does not say."""
        with contextlib.suppress(peewee.OperationalError), database.connection():
            return int(self._ask("SELECT count(*) FROM play")[0][0])
        return -1

    def last_play(self) -> tuple[str, str]:
        """The box and the number of the play that had its effect last."""
        with database.connection():
            box, title = self._ask("SELECT box, title FROM play ORDER BY id DESC LIMIT 1")[0]
            return box, title

    def dead(self, stream: str, invented: str) -> int:
        """How many messages of a stream became dead letters, but for those of the numbering that was invented."""
        told = "SELECT count(*) FROM dead_letter WHERE stream = ? AND epoch <> ? AND seq > 0"
        with database.connection():
            return int(self._ask(told, stream, invented)[0][0])

    @staticmethod
    def _ask(words: str, *values: str) -> list[tuple[Any, ...]]:
        """Straight from the database, as who looks on from outside."""
        rows: list[tuple[Any, ...]] = database.database.execute_sql(words, values).fetchall()
        return rows

    def close(self) -> None:
        """End all."""
        for box in self.boxes:
            box.close()
        for part in (self.ingest, self.web, self.broker):
            part.stop()
        self.line.close()
        database.database.close()
        shutil.rmtree(processes.counters(self.settings), ignore_errors=True)


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
