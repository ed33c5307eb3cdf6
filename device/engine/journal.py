"""What changed the sound since the engine was last silent, ready to become a set log."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from device.decks.setlog import Event, Grid, SetLog, Value
from device.engine.binding import command_name
from device.panel import controls
from dsp_cython.names import OPS, VALUE_NAMES

Entry = tuple[int, str, int, int, int, float, float]
Line = tuple[int, str, Value]  # frame, name, value
_PAIRS = frozenset({"grid", "hotcue.{m}.at", "loop.at"})
_LOAD = OPS.index("load")


@dataclass(slots=True)
class Journal:
    """Lines from `origin` on, the last frame at which the engine was as if new. `paths`: track serial to file."""

    paths: dict[int, str] = field(default_factory=dict)
    origin: int = 0
    lines: list[Line] = field(default_factory=list)
    recording: bool = False
    started: int = 0
    stopped: int | None = None

    def take(self, entries: Iterable[Entry]) -> list[Line]:
        """Note what the engine drained; returns the new lines."""
        fresh: list[Line] = []
        for frame, kind, code, deck, index, first, second in entries:
            if kind == "origin" and not self.recording:
                self.origin, self.lines, fresh = frame, [], []
            elif kind == "value":
                fresh.append((frame, VALUE_NAMES[code], first))
            elif kind == "op":
                fresh.append((frame, command_name(code, deck, index), self._value(code, first, second)))
            elif kind == "record":
                self.recording = first > 0
                if self.recording:
                    self.started, self.stopped = frame, None
                else:
                    self.stopped = frame
        self.lines += fresh
        return fresh

    def _value(self, op: int, first: float, second: float) -> Value:
        if op == _LOAD:
            return self.paths.get(int(first), "")
        return [first, second] if OPS[op] in _PAIRS else first


def compile_log(lines: Iterable[Line], samplerate: int, block: int, origin: int, started: int, stopped: int) -> SetLog:
    """The set log of a recording from frame `started` to `stopped`, going back to `origin` for how it came to be."""
    log = SetLog(samplerate, block, (stopped - started) / samplerate, (started - origin) / samplerate)
    table = controls.table()
    for frame, name, value in lines:
        if frame >= stopped:
            continue
        deck = name.split(".", 1)[0]
        first = frame <= origin
        if first and name == f"{deck}.load" and deck not in log.load:
            log.load[deck] = str(value)
        elif first and name == f"{deck}.grid" and deck not in log.grid and isinstance(value, list):
            log.grid[deck] = Grid(value[0], value[1])
        elif first and name in table and table[name].kind == "value" and value == table[name].default:
            continue
        else:
            log.events.append(Event((frame - origin) / samplerate, name, value))
    return log


class JournalFile:
    """The journal of a running recording on disk: a head line, then one line a change; read back after a crash."""

    def __init__(self, path: Path, head: dict[str, object], lines: list[Line]):
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._file.write(json.dumps(head) + "\n")
        self.append(lines)

    def append(self, lines: list[Line]) -> None:
        """Hand lines to the system; they survive the process, not a power cut of the last seconds."""
        if lines:
            self._file.write("".join(json.dumps(line) + "\n" for line in lines))
            self._file.flush()

    def close(self) -> None:
        """Close the file, leaving it where it is."""
        self._file.close()


def read_journal(path: Path) -> tuple[dict[str, object], list[Line]]:
    """Head and lines of a journal; a last line that was cut off is left out. ValueError without a head."""
    rows = path.read_text(encoding="utf-8", errors="replace").split("\n")
    head = json.loads(rows[0])
    if not isinstance(head, dict):
        raise ValueError("no head")
    lines: list[Line] = []
    for row in rows[1:]:
        try:
            frame, name, value = json.loads(row)
        except ValueError:
            continue
        lines.append((frame, name, value))
    return head, lines
