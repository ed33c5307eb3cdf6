"""Settings that the companion decides for this box: what of a wish is taken, and what holds now."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from device.contracts.configuration import KNOWN, Applied, Refusal, Wanted
from device.sync.database import FILE, put
from device.sync.database import get as noted

Value = str | int | float | bool | None
KIND = "configuration"
REFUSED = "configuration refused"  # the note of what was not taken


def get(connection: sqlite3.Connection, name: str) -> bool | int:
    """A setting that has a default, as it is now."""
    found = wanted(connection)[1].get(name)
    default = KNOWN[name].default
    assert default is not None
    return default if not isinstance(found, int) else found


def wanted(connection: sqlite3.Connection) -> tuple[int, dict[str, Value]]:
    """(revision, what was taken of it, by name); 0 while the companion never said anything."""
    row = connection.execute("SELECT revision, body FROM copies WHERE kind = ? AND key = ''", (KIND,)).fetchone()
    return (int(row[0]), json.loads(row[1])) if row else (0, {})


def at_start(home: Path) -> dict[str, Value]:
    """What holds for a box that is about to start; nothing where nothing was ever said, or it cannot be read."""
    file = home / "sync" / FILE
    if not file.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            return wanted(connection)[1]
    except (sqlite3.Error, ValueError):
        return {}


def apply(connection: sqlite3.Connection, said: Wanted) -> Applied | None:
    """Go by these from now on; None when they are out of date."""
    if said.revision < wanted(connection)[0]:
        return None
    taken: dict[str, Value] = {}
    refused: list[Refusal] = []
    for name, value in said.settings.items():
        why = _objection(name, value)
        if why:
            refused.append(Refusal(name, why))
        elif value is not None:
            taken[name] = value
    connection.execute("INSERT OR REPLACE INTO copies VALUES (?, '', ?, ?)", (KIND, said.revision, json.dumps(taken)))
    put(connection, REFUSED, json.dumps([[row.name, row.said] for row in refused]))
    return Applied(said.revision, tuple(refused))


def refusals(connection: sqlite3.Connection) -> tuple[Refusal, ...]:
    """What of the present revision was not taken when it came."""
    return tuple(Refusal(name, said) for name, said in json.loads(noted(connection, REFUSED, "[]")))


def _objection(name: str, value: Value) -> str:
    setting = KNOWN.get(name)
    if setting is None:
        return "this box has no such setting; it may be older than the companion"
    return setting.objection(value)
