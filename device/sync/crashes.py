"""Crashes: what the runner's log says of programs that ended though nobody asked them to, each told once."""

import json
import re
import sqlite3
from datetime import datetime

from device.contracts import codec
from device.contracts.crashes import LONGEST_LINE, MOST_LINES, Report
from device.sync import health
from device.sync.core import Core
from device.sync.database import get, put

LOOK_SECONDS = 10.0
LOG = "up.log"
MOST_READ = 256 * 1024
LAST_LINES = 60
_PLACE = "crashes"
# No crashes: who is done, and endings that somebody asked for, by SIGTERM, SIGHUP or Ctrl-C, as the signal and as the
# status of who cleans up first.
_NO_CRASH = re.compile(r"terminated by SIG(TERM|HUP|INT)|exit status (0|129|130|143)")
_KILLED = "killed (SIGKILL): by a person, by the system for want of memory, or because it stood still"
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ \w+ (spawned|exited): '?([a-z][a-z0-9-]*)'?(.*)")
_REASON = re.compile(r" \((.*); not expected\)")
_SECRET = re.compile(r"(?i)((?:bearer|token|password|secret|authorization)\S*?[=: ]+)(?:bearer +|basic +)?\S+")
_TRACE = "Traceback (most recent call last)"


class Crashes:
    """Reads on where it was; its place in the log moves in the transaction that tells what stood there."""

    def __init__(self, core: Core):
        self._core = core
        self._logs = core.places.folder("logs")
        self._version = health.versions().get("rackdeck", "unknown")

    def step(self) -> float:
        """Tell what is new. DiskFullError."""
        path = self._logs / LOG
        try:
            found = path.stat()
        except OSError:
            return LOOK_SECONDS
        connection = self._core.database.connection
        place = json.loads(get(connection, _PLACE, "{}"))
        if not place:  # what happened before the first look is history
            self._move(connection, found.st_ino, found.st_size, {})
            return LOOK_SECONDS
        at = place["at"] if place["inode"] == found.st_ino and place["at"] <= found.st_size else 0
        if at == found.st_size:
            return LOOK_SECONDS
        with path.open("rb") as file:
            file.seek(at)
            data = file.read(MOST_READ)
        whole = data[: data.rfind(b"\n") + 1] or (data if len(data) == MOST_READ else b"")
        started = dict(place["started"])
        reports = [
            report
            for row in whole.decode(errors="replace").splitlines()
            if (report := self._read(row, started)) is not None
        ]
        self._move(connection, found.st_ino, at + len(whole), started, reports)
        return 0.0 if len(data) == MOST_READ else LOOK_SECONDS

    def _move(
        self,
        _connection: sqlite3.Connection,
        inode: int,
        at: int,
        started: dict[str, float],
        reports: list[Report] | None = None,
    ) -> None:
        with self._core.database.writing() as connection:
            for report in reports or []:
                self._core.outbox.add(connection, report)
            put(connection, _PLACE, json.dumps({"inode": inode, "at": at, "started": started}))
        if reports:
            self._core.wake()

    def _read(self, row: str, started: dict[str, float]) -> Report | None:
        found = _LINE.match(row)
        if found is None:
            return None
        moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").timestamp()
        name, reason = found[3], _REASON.match(found[4])
        if found[2] == "spawned":
            started[name] = moment
            return None
        if reason is None or _NO_CRASH.fullmatch(reason[1]):
            return None
        lines = self._lines(name)
        trace = next((at for at in range(len(lines) - 1, -1, -1) if _TRACE in lines[at]), None)
        return Report(
            name[:60],
            self._version,
            self._core.boot,
            max(0, int(moment * 1000)),
            _KILLED if reason[1] == "terminated by SIGKILL" else codec.clean(reason[1], 120),
            max(0.0, moment - started.get(name, moment)),
            "\n".join(lines[trace:])[:16_000] if trace is not None else "",
            tuple(lines[-min(LAST_LINES, MOST_LINES) :]),
        )

    def _lines(self, name: str) -> list[str]:
        """The last lines of a program's log, without what looks like a secret."""
        try:
            with (self._logs / f"{name}.log").open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - 32 * 1024))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [cleaned(row) for row in text.splitlines()]


def cleaned(row: str) -> str:
    """A line of a log as it may leave the box."""
    return codec.clean(_SECRET.sub(r"\1…", row), LONGEST_LINE)
