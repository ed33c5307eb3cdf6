"""Lists that this box holds ready: how many of their files are there."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from device.contracts.lists import Ready


def progress(connection: sqlite3.Connection, held: Mapping[str, Any]) -> Ready:
    """How far a list is. held: `list.sent` as it is kept."""
    needed = set(held.get("files", ()))
    marks = ",".join("?" * len(needed))
    there = connection.execute(
        f"SELECT count(*) FROM downloads WHERE state = 'there' AND hash IN ({marks})", tuple(needed)
    ).fetchone()[0]
    return Ready(held["list"], there, len(needed) - there)


def needing(connection: sqlite3.Connection, name: str) -> list[Ready]:
    """How far the lists are that need a file (its hash)."""
    rows = connection.execute("SELECT body FROM copies WHERE kind = 'list'").fetchall()
    held = (json.loads(row[0]) for row in rows)
    return [progress(connection, one) for one in held if name in one.get("files", ())]
