"""The commands of `rackdeck companion admin`, as their modules register them, and how they answer."""

import argparse
import time
from collections.abc import Callable, Iterable, Sequence

from companion.config import Settings

Do = Callable[[Settings, argparse.Namespace], int]
TABLE: dict[str, tuple[str, dict[str, tuple[str, Do, Sequence[str]]]]] = {
    part: (meaning, {})
    for part, meaning in {
        "users": "accounts: roles, closing, a way back in",
        "jobs": "work in the background",
        "backup": "make, list and restore backups",
        "keys": "the keys that secrets are sealed with",
        "migrate": "the database's schema",
        "settings": "what is set, and what can be",
        "audit": "the log of who did what",
        "letters": "messages of boxes that could have no effect",
        "health": "how the companion is",
    }.items()
}


def on(part: str, name: str, meaning: str, *arguments: str) -> Callable[[Do], Do]:
    """Register a command. arguments: positional names; `--name` an option with a value; `--name!` a switch."""

    def register(do: Do) -> Do:
        TABLE[part][1][name] = (meaning, do, arguments)
        return do

    return register


def say(rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def when(at: int | None) -> str:
    """A time (ms since 1970) as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at / 1000)) if at else "-"
