"""Settings that the companion decides for this box: what there is, its default, and what of a wish is taken."""

import json
import sqlite3

from device.contracts.commands import Permission
from device.contracts.configuration import Applied, Refusal, Wanted

Value = str | int | float | bool | None
RIGHTS: tuple[Permission, ...] = ("play", "record", "studio", "settings", "system")
DEFAULTS: dict[str, bool | int] = {
    "files.upload": True,  # recordings, stems and logs go to the companion
    "files.metered": False,  # over a connection that costs by volume, too
    "files.playing_rate": 512 * 1024,  # bytes a second while a deck plays or a recording runs
    "plays.told": True,  # the history of what was played
    **{f"remote.{right}": True for right in RIGHTS},  # which remote commands are carried out
}
_LEAST, _MOST = 1024, 1_000_000_000
KIND = "configuration"


def get(connection: sqlite3.Connection, name: str) -> bool | int:
    """A setting as it is now."""
    row = connection.execute("SELECT body FROM copies WHERE kind = ? AND key = ''", (KIND,)).fetchone()
    found = json.loads(row[0]).get(name) if row else None
    return DEFAULTS[name] if found is None else found


def apply(connection: sqlite3.Connection, wanted: Wanted) -> Applied | None:
    """Go by these from now on; None when they are out of date."""
    row = connection.execute("SELECT revision FROM copies WHERE kind = ? AND key = ''", (KIND,)).fetchone()
    if row is not None and wanted.revision < row[0]:
        return None
    taken: dict[str, Value] = {}
    refused: list[Refusal] = []
    for name, value in wanted.settings.items():
        said = _objection(name, value)
        if said:
            refused.append(Refusal(name, said))
        elif value is not None:
            taken[name] = value
    connection.execute("INSERT OR REPLACE INTO copies VALUES (?, '', ?, ?)", (KIND, wanted.revision, json.dumps(taken)))
    return Applied(wanted.revision, tuple(refused))


def _objection(name: str, value: Value) -> str:
    default = DEFAULTS.get(name)
    if default is None:
        return "this box has no such setting; it may be older than the companion"
    if value is None:
        return ""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "this is on or off"
    if isinstance(value, bool) or not isinstance(value, int) or not _LEAST <= value <= _MOST:
        return f"this takes a whole number from {_LEAST} to {_MOST}"
    return ""
