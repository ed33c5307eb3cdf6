"""What the companion said, as the screen shows it: copies from the database, pinned up on the board."""

import json
import sqlite3
from typing import Any

from device.panel import board
from device.sync import playlists

MOST_RELEASES = 50
MOST_NOTICES = 20
MOST_LISTS = 50
NAMES = ("earnings", "releases", "notices", "lists")


def bodies(connection: sqlite3.Connection, kind: str, most: int) -> list[dict[str, Any]]:
    """Copies of a kind, the latest first."""
    rows = connection.execute("SELECT body FROM copies WHERE kind = ? ORDER BY revision DESC LIMIT ?", (kind, most))
    return [json.loads(row[0]) for row in rows]


def document(connection: sqlite3.Connection, name: str, now: int) -> board.Document | None:
    """A document of the board, None when there is nothing to show. now: ms since 1970."""
    if name == "earnings":
        found = bodies(connection, "earnings", 1)
        return found[0] if found else None
    if name == "releases":
        return _fitting(name, bodies(connection, "release", MOST_RELEASES))
    if name == "lists":
        return _fitting(name, _lists(connection))
    rows = bodies(connection, "notice", MOST_NOTICES)
    return _fitting(name, [row for row in rows if row.get("until") is None or row["until"] > now])


def _lists(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Those that were sent here, with how many of their files there are, then the other playlists: they want none."""
    there = {row[0] for row in connection.execute("SELECT hash FROM downloads WHERE state = 'there'")}
    own = {row.id: row for row in playlists.listed(connection)}
    shown = []
    for row in bodies(connection, "list", MOST_LISTS):
        files, known = row.pop("files", []), own.pop(row["list"], None)
        if known is not None:
            row["title"] = known.title
        shown.append({**row, "held": True, "files": len(files), "there": sum(one in there for one in files)})
    rest = [row for row in own.values() if row.kind == "playlist"][: MOST_LISTS - len(shown)]
    return shown + [
        {"list": row.id, "of": row.kind, "title": row.title, "tracks": row.tracks, "held": False} for row in rest
    ]


def _fitting(name: str, rows: list[dict[str, Any]]) -> board.Document | None:
    """As many as the board has room for."""
    while rows and len(json.dumps(rows, ensure_ascii=False).encode()) > board.MOST_BYTES - 1024:
        rows.pop()
    return {name: rows} if rows else None


def show(connection: sqlite3.Connection, writer: board.Writer, names: set[str], now: int) -> None:
    """Pin up what changed."""
    for name in names.intersection(NAMES):
        found = document(connection, name, now)
        if found is None:
            writer.remove(name)
        else:
            writer.show(name, found)
