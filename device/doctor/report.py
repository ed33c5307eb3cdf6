"""Prints findings: aligned for people, JSON for programs."""

import json
import textwrap
from collections import Counter

from device.doctor.finding import Finding

COLOURS = {"ok": "32", "warn": "33", "bad": "1;31", "absent": "2"}
STATE_WIDTH = 8
NARROWEST = 40  # columns for a sentence, however narrow the terminal


def as_text(areas: dict[str, list[Finding]], columns: int = 100, colour: bool = False) -> str:
    """A heading for each area, a line for each finding, an arrow before each remedy, a sum at the end."""
    findings = [finding for area in areas.values() for finding in area]
    name_width = max((len(finding.name) for finding in findings), default=0) + 2
    indent = " " * (2 + STATE_WIDTH + name_width)
    wrap = textwrap.TextWrapper(
        width=max(columns, len(indent) + NARROWEST),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines: list[str] = []
    for area, members in areas.items():
        lines += [*([""] if lines else []), _painted(area, "1", colour)]
        for finding in members:
            head = f"  {finding.state:<{STATE_WIDTH}}{finding.name:<{name_width}}"
            text = wrap.fill(head + finding.found)
            state = f"  {finding.state}"
            lines.append("  " + _painted(finding.state, COLOURS[finding.state], colour) + text[len(state) :])
            if finding.mend:
                lines.append(wrap.fill(f"{indent}→ {finding.mend}"))
    return "\n".join([*lines, "", total(findings)])


def total(findings: list[Finding]) -> str:
    """One sentence: whether the box can play, and how much could be better."""
    counts = Counter(finding.state for finding in findings)
    warnings = "no warnings" if not counts["warn"] else f"{counts['warn']} warning{'s' * (counts['warn'] > 1)}"
    if not counts["bad"]:
        return f"The box can play; {warnings}."
    return f"{counts['bad']} thing{'s' * (counts['bad'] > 1)} to mend before the box can play; {warnings}."


def as_json(areas: dict[str, list[Finding]]) -> str:
    """The same as data."""
    rows = [{"area": area, **finding.as_dict()} for area, members in areas.items() for finding in members]
    healthy = all(row["state"] != "bad" for row in rows)
    return json.dumps({"version": 1, "healthy": healthy, "findings": rows}, indent=1, ensure_ascii=False)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
