"""A box with a home, a sync that can be killed, and a process that writes into its outbox."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from companion.bench.parts import PATIENCE, Part
from companion.config import Settings

RACKDECK = (sys.executable, "-m", "device.cli")
_TOLD = """
CREATE TABLE IF NOT EXISTS bench_told (number INTEGER PRIMARY KEY, text TEXT);
CREATE TRIGGER IF NOT EXISTS bench_insert AFTER INSERT ON copies WHEN new.kind = 'notice'
BEGIN INSERT INTO bench_told (text) VALUES (json_extract(new.body, '$.text')); END;
CREATE TRIGGER IF NOT EXISTS bench_update AFTER UPDATE ON copies WHEN new.kind = 'notice'
BEGIN INSERT INTO bench_told (text) VALUES (json_extract(new.body, '$.text')); END;
"""


class Box:
    """It has joined the companion of these settings; its sync does not run yet.

    made: how many plays were written into its outbox, numbered from 0; sent: notices to it. id: as the companion knows
    it.
    """

    def __init__(self, name: str, home: Path, environ: Mapping[str, str], settings: Settings, logs: Path):
        self.name, self.home, self.made, self.sent = name, home, 0, 0
        self._owed = 0
        environ = {**environ, "RACKDECK_HOME": str(home)}
        address = f"http://localhost:{settings.port}"
        words = (*RACKDECK, "box", "house", "--companion", address, "--folder", str(settings.folder))
        subprocess.run(words, env=environ, check=True, timeout=PATIENCE, capture_output=True)
        self.membership = home / "identity" / "membership.json"
        self.id = str(json.loads(self.membership.read_text())["box"])
        self.sync = Part(name, (*RACKDECK, "sync"), environ, logs)
        self._producer = subprocess.Popen(
            (sys.executable, "-m", "device.bench.producing"),
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
        )  # fmt: skip
        self.runtime = Path(self._line())
        with contextlib.closing(sqlite3.connect(self.database, PATIENCE)) as opened:
            opened.executescript(_TOLD)  # the triggers write down each effect of a notice in its own transaction

    @property
    def database(self) -> Path:
        """The sync's file."""
        return self.home / "sync" / "sync.db"

    def _line(self) -> str:
        assert self._producer.stdout is not None
        return self._producer.stdout.readline().strip()

    def produce(self, count: int, each: int = 1, wait: bool = True) -> int:
        """Write plays, `each` in one transaction; when (monotonic, ns) the last was committed; 0 unless waited."""
        self._ask(f"plays {self.made} {count} {each}")
        self.made += count
        return int(self.done()) if wait else 0

    def done(self) -> str:
        """Wait until all that was asked for is done; what was answered last."""
        answer = ""
        for _ in range(self._owed):
            answer = self._line()
        self._owed = 0
        return answer

    def edit(self, document: str, title: str) -> None:
        """Put a track of that title into a document, on the box; is not waited for."""
        self._ask(f"edit {document} {title}")

    def document(self, number: str) -> dict[str, Any] | None:
        """What is in a document, as the box has it; None where it has none."""
        self._ask(f"read {number}")
        found: dict[str, Any] | None = json.loads(self.done())
        return found

    def _ask(self, line: str) -> None:
        assert self._producer.stdin is not None
        self._producer.stdin.write(f"{line}\n")
        self._owed += 1

    def board(self, name: str) -> dict[str, Any]:
        """What its screen reads; empty when there is none."""
        with contextlib.suppress(OSError, ValueError):
            found = json.loads((self.runtime / f"board-{name}.json").read_bytes())
            return found if isinstance(found, dict) else {}
        return {}

    @property
    def state(self) -> str:
        """`in step` and so on, as it says itself."""
        return str(self.board("sync").get("state", ""))

    def told(self) -> list[str]:
        """The texts of notices, in the order of their effects."""
        with contextlib.closing(sqlite3.connect(self.database, PATIENCE)) as opened:
            return [str(text) for (text,) in opened.execute("SELECT text FROM bench_told ORDER BY number")]

    def outbox(self, most: int) -> list[tuple[str, bytes]]:
        """(stream, payload) of some messages that wait."""
        with contextlib.closing(sqlite3.connect(self.database, PATIENCE)) as opened:
            rows = opened.execute("SELECT stream, payload FROM outbox ORDER BY stream, first LIMIT ?", (most,))
            return [(str(stream), bytes(payload)) for stream, payload in rows]

    def close(self) -> None:
        """End it; its files stay with the household's."""
        self.sync.stop()
        assert self._producer.stdin is not None
        assert self._producer.stdout is not None
        self._producer.stdin.close()
        self._producer.wait()
        self._producer.stdout.close()
        shutil.rmtree(self.runtime, ignore_errors=True)
