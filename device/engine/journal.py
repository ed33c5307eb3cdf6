"""What changed the sound since the engine was last silent, ready to become a set log."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from device.decks.setlog import BLOCK_EVENT, Event, Grid, SetLog, Value
from device.engine.binding import command_name
from device.panel import controls
from dsp_cython.names import OPS, VALUE_NAMES

Entry = tuple[int, str, int, int, int, float, float]
Line = tuple[int, str, Value]  # frame, name, value
_PAIRS = frozenset({"grid", "hotcue.{m}.at", "loop.at"})
_LOAD = OPS.index("load")


@dataclass(slots=True)
class Take:
    """What a log is made from: lines from `origin` on, the last frame at which the engine was as if new.

    block: frames per block at the origin. started, stopped: the frames between which was recorded.
    """

    origin: int = 0
    block: int = 64
    started: int = 0
    stopped: int | None = None
    lines: list[Line] = field(default_factory=list)


class Journal:
    """Follows what the engine drains. `paths`: track serial to file."""

    def __init__(self, paths: dict[int, str] | None = None):
        self._paths = paths if paths is not None else {}
        self._now = Take()
        self._finished: Take | None = None
        self.recording = False
        self.recordings = 0  # started so far

    @property
    def recorded(self) -> Take:
        """The recording that runs, or the last one as it was when it stopped, whatever came afterwards."""
        return self._finished or self._now

    def take(self, entries: Iterable[Entry]) -> list[Line]:
        """Note what the engine drained; returns the new lines."""
        fresh: list[Line] = []
        for frame, kind, code, deck, index, first, second in entries:
            if kind == "origin" and not self.recording:
                self._now, fresh = Take(frame, int(first)), []
            elif kind == "block":
                fresh.append((frame, BLOCK_EVENT, first))
            elif kind == "value":
                fresh.append((frame, VALUE_NAMES[code], first))
            elif kind == "op":
                fresh.append((frame, command_name(code, deck, index), self._value(code, first, second)))
            elif kind == "record":
                self.recording = first > 0
                if self.recording:
                    self._now.started, self._finished = frame, None
                    self.recordings += 1
                else:
                    now = self._now
                    self._finished = Take(now.origin, now.block, now.started, frame, [*now.lines, *fresh])
        self._now.lines += fresh
        return fresh

    def _value(self, op: int, first: float, second: float) -> Value:
        if op == _LOAD:
            return self._paths.get(int(first), "")
        return [first, second] if OPS[op] in _PAIRS else first


def compile_log(take: Take, samplerate: int, stopped: int) -> SetLog:
    """The set log of a recording up to frame `stopped`, going back to its origin for how it came to be."""
    origin = take.origin
    log = SetLog(samplerate, take.block, (stopped - take.started) / samplerate, (take.started - origin) / samplerate)
    table = controls.table()
    for frame, name, value in take.lines:
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

    def __init__(self, path: Path, audio: str, samplerate: int, take: Take):
        self.path = path
        head = {
            "audio": audio,
            "samplerate": samplerate,
            "block": take.block,
            "origin": take.origin,
            "started": take.started,
        }
        self._file = path.open("w", encoding="utf-8")
        self._file.write(json.dumps(head) + "\n")
        self._file.flush()
        self.append(take.lines)

    def append(self, lines: list[Line]) -> None:
        """Hand lines to the system; they survive the process, not a power cut of the last seconds."""
        if lines:
            self._file.write("".join(json.dumps(line) + "\n" for line in lines))
            self._file.flush()

    def close(self) -> None:
        """Close the file, leaving it where it is."""
        self._file.close()


def read_journal(path: Path) -> tuple[str, int, Take]:
    """The sound file's name, its sample rate and the take; a last line that was cut off is left out.

    ValueError, KeyError or TypeError without a whole head.
    """
    rows = path.read_text(encoding="utf-8", errors="replace").split("\n")
    head = json.loads(rows[0])
    take = Take(int(head["origin"]), int(head["block"]), int(head["started"]))
    for row in rows[1:]:
        try:
            frame, name, value = json.loads(row)
        except (ValueError, TypeError):
            continue
        if isinstance(frame, int) and isinstance(name, str):
            take.lines.append((frame, name, value))
    return str(head["audio"]), int(head["samplerate"]), take
