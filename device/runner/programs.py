"""The programs that make up a box, as a table: how each is called, stopped, and what the terminal shows of it."""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from device.errors import InputError

STAYS_DOWN = (0, os.EX_UNAVAILABLE, os.EX_CONFIG)  # endings after which starting again would not help
_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the box.

    order: lower starts first and stops last; the same, at the same time. stop_seconds: how long it may take to end
    before it is killed.
    shown: which of its lines the terminal shows, as a regular expression; its log has them all.
    vital: whether the box makes sense without it. once: whether it is to do something and end. board: the document on
    the board, if any, whose `pid` and `beat` show that it works.
    """

    name: str
    command: tuple[str, ...]
    order: int
    stop_seconds: int = 5
    shown: str = ""
    vital: bool = True
    once: bool = False
    board: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(f"a program's name is a word of small letters, not {self.name!r}")
        if any("\n" in word or "\0" in word for word in self.command):
            raise InputError(f"the command of {self.name} has a line break in it; use a path without one")

    def shows(self, line: str) -> bool:
        """Whether the terminal shows that line."""
        return re.search(self.shown, line) is not None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked of `rackdeck up`. None and empty mean the usual."""

    music: Path | None = None
    display: bool = True
    rate: int | None = None
    period: int | None = None
    backend: str = "auto"
    extra: tuple[Program, ...] = field(default=())


def rackdeck(*words: str) -> tuple[str, ...]:
    """The command line of one of our own commands, in the Python that runs this, whatever folder we are in."""
    return (sys.executable, "-P", "-m", "device.cli", *words)


def box(wishes: Wishes, jack_runs: bool) -> list[Program]:
    """The box's programs, those that start first in front. A JACK server only where none runs."""
    programs: list[Program] = []
    if not jack_runs:
        words = ["jack", "--backend", wishes.backend]
        words += [] if wishes.rate is None else ["--rate", str(wishes.rate)]
        words += [] if wishes.period is None else ["--period", str(wishes.period)]
        programs.append(Program("jack", rackdeck(*words), 10, shown="^rackdeck jack: ", vital=False))
    programs.append(Program("engine", rackdeck("engine"), 20, stop_seconds=8))
    if wishes.display:
        words = ["display"] if wishes.music is None else ["display", "--music", str(wishes.music)]
        programs.append(Program("display", rackdeck(*words), 20, stop_seconds=3))
    return [*programs, *wishes.extra]
