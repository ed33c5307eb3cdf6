"""The bench's findings and the machine they were made on: aligned tables for people, JSON for programs."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from device.bench import goals
from device.bench.measurement import Case, Cell
from device.soundserver.rights import realtime_allowed

UNITS = {"us": "µs", "ms": "ms", "percent": "%", "db": "dB", "hz": "Hz", "mb": "MB", "cents": "cents"}
PYTHON_PACKAGES = ("rackdeck", "numpy", "av", "jack-client", "pygame-ce")
DEBIAN_PACKAGES = ("jackd2", "librubberband2", "mixxx", "xwax")
_WORDS = {"p999": "p99.9", "thd": "THD+N"}


@dataclass(slots=True)
class Outcome:
    """What came of one measurement; `columns` are what the text shows, () shows all.

    state: `measured`, `absent` (`why` says what is missing), `failed` (our own bug), `stopped`, `running`.
    """

    title: str = ""
    columns: tuple[str, ...] = ()
    state: str = "running"
    why: str = ""
    cases: list[Case] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """As data; figures with four digits."""
        cases = [{key: rounded(value) for key, value in case.items()} for case in self.cases]
        return {"title": self.title, "state": self.state, "why": self.why, "cases": cases}

    def as_text(self, name: str) -> str:
        """A heading and its tables."""
        state = "" if self.state == "measured" else f" ({self.state}{': ' * bool(self.why)}{self.why})"
        heading = f"{name}: {self.title}" if self.title else name
        return "\n".join([heading + state, *_cases(self.cases, self.columns)])


@dataclass(slots=True)
class Report:
    """One run of the bench."""

    machine: dict[str, object]
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def judged(self) -> dict[str, dict[str, object]]:
        """The goals that can be told from what was measured."""
        return goals.judge({name: outcome.cases for name, outcome in self.outcomes.items()})

    def as_json(self) -> str:
        """Everything, as data."""
        found = self.judged()
        for goal in found.values():
            goal["got"] = rounded(goal["got"]) if isinstance(goal["got"], float) else goal["got"]
        results = {name: outcome.as_dict() for name, outcome in self.outcomes.items()}
        return json.dumps({"version": 1, "machine": self.machine, "results": results, "goals": found}, indent=1)

    def as_text(self) -> str:
        """A heading and a table for each measurement, then the goals."""
        parts = [_machine(self.machine), *(outcome.as_text(name) for name, outcome in self.outcomes.items())]
        judged = self.judged()
        if judged:
            parts.append("\n".join(["goals", *_goals(judged)]))
        return "\n\n".join(parts)


def describe_machine() -> dict[str, object]:
    """Processor, cores, memory, kernel, rights and versions. What cannot be found out is left empty."""
    return {
        "cpu": _line("/proc/cpuinfo", r"model name\s*:\s*(.+)") or _line("/proc/device-tree/model", r"([^\0]+)"),
        "cores": os.cpu_count(),
        "memory_mb": int(_line("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) // 1024,
        "virtual": bool(_line("/proc/cpuinfo", r"flags.*\b(hypervisor)\b")),
        "governor": _line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", r"(\S+)"),
        "kernel": platform.release(),
        "platform": platform.machine(),
        "realtime": realtime_allowed(),
        "python": platform.python_version(),
        "versions": _versions(),
    }


def load_average() -> list[float]:
    """Runnable tasks on average over the last minute, five, fifteen."""
    return [round(value, 2) for value in os.getloadavg()]


def _versions() -> dict[str, str]:
    """Of what the figures depend on; what is not installed is left out."""
    found: dict[str, str] = {}
    for name in PYTHON_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    words = ["dpkg-query", "-W", "-f=${Package} ${Version}\\n", *DEBIAN_PACKAGES]
    try:
        told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:  # not Debian
        told = ""
    return found | {line.split()[0]: line.split()[1] for line in told.splitlines() if " " in line.strip()}


def _line(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found else ""


def rounded(value: Cell) -> Cell:
    """With four digits that count: more would pretend."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _machine(machine: dict[str, object]) -> str:
    virtual = ", virtual" if machine.get("virtual") else ""
    load = machine.get("load_average")
    loads = " before, ".join(f"{values[0]:g}" for values in load.values()) + " after" if isinstance(load, dict) else ""
    lines = [
        f"{machine.get('cpu') or 'unknown processor'}, {machine.get('cores')} cores{virtual}, "
        f"Linux {machine.get('kernel')}, Python {machine.get('python')}",
        f"load average {loads}; audio threads {'' if machine.get('realtime') else 'not '}real-time",
    ]
    return "\n".join(lines)


def heading(key: str) -> str:
    """A column's heading: `callback_p99_us` is "callback p99 µs"."""
    words = [UNITS.get(word, word) if at else word for at, word in enumerate(key.split("_"))]
    return " ".join(_WORDS.get(word, word) for word in words).replace("THD+N n", "THD+N")


def cell(value: Cell) -> str:
    """A figure for the eye: fewer decimals the larger it is; 0 only for exactly that."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        size = abs(value)
        if size == 0 or size >= 100:
            return f"{value:.0f}"
        return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.005 else "0.00"
    return str(value)


def _cases(cases: Sequence[Case], columns: tuple[str, ...]) -> list[str]:
    """One table for each kind of case: those with the same figures."""
    kinds: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        kinds.setdefault(tuple(case), []).append(case)
    lines: list[str] = []
    for keys, alike in kinds.items():
        shown = [key for key in (columns or keys) if key in keys]
        rows = [[cell(case[key]) for key in shown] for case in alike]
        lines += [*([""] if lines else []), *_table([[heading(key) for key in shown], *rows])]
    return lines


def _table(rows: list[list[str]]) -> list[str]:
    """Columns of words to the left, of numbers to the right; long headings go over two lines."""
    titles = [_folded(title) for title in rows[0]]
    height = max(len(title) for title in titles)
    heads = [
        [title[at - height + len(title)] if at >= height - len(title) else "" for title in titles]
        for at in range(height)
    ]
    body = rows[1:]
    widths = [max(len(row[at]) for row in [*heads, *body]) for at in range(len(titles))]
    numeric = [all(row[at][:1] in "-–0123456789" for row in body) for at in range(len(titles))]
    return [
        "  " + "  ".join(_padded(word, widths[at], numeric[at]) for at, word in enumerate(row)).rstrip()
        for row in [*heads, *body]
    ]


def _folded(title: str) -> list[str]:
    first, _, rest = title.partition(" ")
    return [first, rest] if rest and len(title) > 9 else [title]


def _padded(word: str, width: int, right: bool) -> str:
    return word.rjust(width) if right else word.ljust(width)


def _goals(judged: dict[str, dict[str, object]]) -> list[str]:
    rows = []
    for name, goal in judged.items():
        got, most = goal["got"], goal["goal"]
        assert isinstance(got, float | int)
        assert isinstance(most, float | int)
        verdict = "not to be told: others took time" if goal["met"] is None else "met" if goal["met"] else "not met"
        rows.append([name, cell(float(got)), f"at most {most:g} {goal['unit']}", verdict])
    return _table([["figure", "got", "goal", ""], *rows])
