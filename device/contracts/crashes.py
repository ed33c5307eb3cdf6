"""Crashes: a program of the box ended as it should not have."""

from dataclasses import dataclass
from typing import Annotated

from device.contracts.shapes import Items, Text
from device.contracts.values import Id, Line, Ms, Seconds, Word

MOST_LINES = 200
LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class Report:
    """A crash. reason: signal or exception; lines: the last of its log, without secrets; ran: for how long it had."""

    process: Word
    version: Word
    boot: Id
    crashed: Ms
    reason: Line
    ran: Seconds = 0.0
    stack: Annotated[str, Text(16_000)] = ""
    lines: Annotated[tuple[Annotated[str, Text(LONGEST_LINE)], ...], Items(MOST_LINES)] = ()
