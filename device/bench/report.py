"""The bench's findings: aligned tables for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from device.bench import goals
from device.bench.catalogue import MEASUREMENTS
from device.bench.figures import Case, Cell, rounded

UNITS = {"us": "µs", "ms": "ms", "percent": "%", "db": "dB", "hz": "Hz", "mb": "MB", "cents": "cents"}
_WORDS = {"p999": "p99.9", "n": "n", "fps": "fps", "thd": "THD+N", "eq": "EQ"}


@dataclass(slots=True)
class Outcome:
    """What came of one measurement. state: `measured`, `absent` (why says what is missing), `stopped` or `running`."""

    state: str = "running"
    why: str = ""
    cases: list[Case] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """As data; figures with four digits."""
        cases = [{key: rounded(value) for key, value in case.items()} for case in self.cases]
        return {"state": self.state, **({"why": self.why} if self.why else {}), "cases": cases}


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
        parts = [_machine(self.machine)]
        for measurement in MEASUREMENTS:
            outcome = self.outcomes.get(measurement.name)
            if outcome is None:
                continue
            state = "" if outcome.state == "measured" else f" ({outcome.state}{': ' * bool(outcome.why)}{outcome.why})"
            table = _cases(outcome.cases, measurement.columns)
            parts.append("\n".join([f"{measurement.name}: {measurement.title}{state}", *table]))
        judged = self.judged()
        if judged:
            parts.append("\n".join(["goals", *_goals(judged)]))
        return "\n\n".join(parts)


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
    """One table for each run of cases with the same figures."""
    lines: list[str] = []
    at = 0
    while at < len(cases):
        keys = tuple(cases[at])
        end = at
        while end < len(cases) and tuple(cases[end]) == keys:
            end += 1
        shown = [key for key in (columns or keys) if key in keys]
        if lines:
            lines.append("")
        rows = [[cell(case[key]) for key in shown] for case in cases[at:end]]
        lines += _table([[heading(key) for key in shown], *rows])
        at = end
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
        rows.append([name, cell(float(got)), f"at most {most:g} {goal['unit']}", "met" if goal["met"] else "not met"])
    return _table([["figure", "got", "goal", ""], *rows])
