"""Uploads: files that the companion wants, by the tus protocol, from where it has them, until it says `file.kept`.

Few offers are without an answer at one time. The other files wait here, as rows and not as messages, and are offered
when there is an answer, the smallest first; so a box that is away for long tells of each file once.
"""

import http.client
import json
import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

from device.contracts import codec
from device.contracts.files import Offered
from device.errors import MachineError
from device.sync import settings
from device.sync.core import Core
from device.sync.outbox import STREAM, Outbox
from device.sync.web import FAST_PIECE, PIECE, Throttled, Web

log = logging.getLogger(__name__)
IDLE_SECONDS = 30.0
AGAIN_SECONDS = 6 * 3600  # an offer that nobody answered is made again
MOST_OFFERED = 32  # offers without an answer
SLOT_SECONDS = 2.0
KEPT_SECONDS = 600  # so long the companion may take to check a file that it has
_LOST = (401, 403, 404, 410)  # the token or the upload is out of date
_LATER = (423, 429)  # another request still writes; too many
LONGEST_WAIT = 900.0
PATCH = 8 * FAST_PIECE  # bytes of one request; while playing less, so that a pause comes soon
_TUS = {"Tus-Resumable": "1.0.0"}


def offer(connection: sqlite3.Connection, outbox: Outbox, offered: Offered, path: Path) -> None:
    """Offer a file to the companion as soon as few enough others are offered, in the caller's transaction."""
    state = "offered" if free_slots(connection) > 0 else "waiting"
    made = connection.execute(
        "INSERT INTO uploads (hash, path, body, state, due) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (offered.file.hash, str(path), _stored(offered), state, _now() + AGAIN_SECONDS),
    ).rowcount
    if made and state == "offered":
        outbox.add(connection, offered)


def free_slots(connection: sqlite3.Connection) -> int:
    """How many files may be offered now."""
    return MOST_OFFERED - int(connection.execute("SELECT count(*) FROM uploads WHERE state = 'offered'").fetchone()[0])


def _stored(offered: Offered) -> str:
    body = codec.plain(offered)
    return json.dumps({**body, "size": offered.file.size})


def _now() -> int:
    """Seconds that go on while the machine runs; after a start all is due, which does no harm."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


class Uploads:
    """Sends one file after the other. One thread."""

    def __init__(self, core: Core):
        self._core = core
        self._web = Web(core)
        with core.database.writing() as connection:
            connection.execute(
                "UPDATE uploads SET due = ? WHERE state NOT IN ('kept', 'refused', 'gone')", (_now() + 5,)
            )
            connection.execute("UPDATE uploads SET due = 0 WHERE state = 'wanted'")

    def step(self) -> float:
        """Send a piece of what is wanted; returns how long to wait."""
        core = self._core
        connection = core.database.connection
        if not (core.carries() and settings.get(connection, "files.upload")):
            return IDLE_SECONDS
        self._offer_again(connection)
        row = connection.execute(
            "SELECT hash, path, url, token, tries, json_extract(body, '$.size') FROM uploads "
            "WHERE state = 'wanted' AND due <= ? "
            "ORDER BY json_extract(body, '$.size') LIMIT 1",
            (_now(),),
        ).fetchone()
        if row is None:
            self._web.close()
            waits = connection.execute("SELECT 1 FROM uploads WHERE state = 'waiting' LIMIT 1").fetchone()
            return SLOT_SECONDS if waits else IDLE_SECONDS
        name, path, url, token, tries, size = row
        try:
            return self._send(name, Path(path), size, url, {**_TUS, "Authorization": f"Bearer {token}"}, tries)
        except MachineError as exc:
            self._set(name, state="put off", due=_now() + AGAIN_SECONDS, said=str(exc)[:300])
            return 0.0
        except (OSError, http.client.HTTPException) as exc:
            wait: float = min(2.0**tries, LONGEST_WAIT)
            self._set(name, due=_now() + int(wait), tries=tries + 1, said=f"the companion is not reached ({exc})"[:300])
            return min(wait, 1.0)

    def _offer_again(self, connection: sqlite3.Connection) -> None:
        """Offer what waits, and what got no answer for long; not while the offer before may be on its way."""
        size = "json_extract(body, '$.size')"
        rows = connection.execute(
            f"SELECT hash, body FROM uploads WHERE state = 'waiting' OR (state IN ('put off', 'sent') AND due <= ?) "
            f"ORDER BY state = 'waiting', {size} LIMIT ?",
            (_now(), max(0, free_slots(connection))),
        ).fetchall()
        if not rows and self._core.outbox.is_empty(connection, STREAM[Offered]):
            rows = connection.execute(
                "SELECT hash, body FROM uploads WHERE state = 'offered' AND due <= ?", (_now(),)
            ).fetchall()
        for name, body in rows:
            self._offer(name, body)

    def _offer(self, name: str, body: str) -> None:
        offered: Offered = codec.both(Offered)[0](json.loads(body))
        with self._core.database.writing() as connection:
            connection.execute(
                "UPDATE uploads SET state = 'offered', due = ? WHERE hash = ?", (_now() + AGAIN_SECONDS, name)
            )
            self._core.outbox.add(connection, offered)
        self._core.wake()

    def _send(self, name: str, path: Path, offered: int, url: str, headers: dict[str, str], tries: int) -> float:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            self._set(name, state="gone", said="the file is no longer there")
            return 0.0
        with file:
            size = file.seek(0, 2)
            if size != offered:
                self._set(name, state="gone", said="the file is another one than was offered")
                return 0.0
            offset = self._offset(url, headers)
            if offset is None:
                return self._lost(name, tries)
            while offset < size and self._goes_on():
                most = min(size - offset, 4 * PIECE if self._core.now.busy else PATCH)
                answer = self._web.ask(
                    "PATCH",
                    url,
                    {
                        **headers,
                        "Upload-Offset": str(offset),
                        "Content-Type": "application/offset+octet-stream",
                        "Content-Length": str(most),
                    },
                    Throttled(self._core, file, offset, most),
                )
                if answer.status in (409, 460):
                    return 0.1
                if answer.status >= 500 or answer.status in _LATER:
                    raise OSError(f"status {answer.status}")
                if answer.status in _LOST:
                    return self._lost(name, tries)
                if answer.status >= 300:  # it does not take the file, and says why by message
                    raise MachineError(f"the companion does not take it (status {answer.status})")
                offset = answer.number("upload-offset") or offset + most
                tries = 0
        if offset >= size:
            self._set(name, state="sent", sent=size, due=_now() + KEPT_SECONDS, tries=0, said="")
            return 0.0
        self._set(name, sent=offset, tries=0)
        return 1.0

    def _goes_on(self) -> bool:
        return self._core.carries() and not self._core.ending

    def _offset(self, url: str, headers: dict[str, str]) -> int | None:
        """How much of it the companion has; None when it knows nothing of it any more."""
        answer = self._web.ask("HEAD", url, headers)
        if answer.status >= 500 or answer.status in _LATER:
            raise OSError(f"status {answer.status}")
        if answer.status >= 300 and answer.status not in _LOST:
            raise MachineError(f"the companion does not take it (status {answer.status})")
        return answer.number("upload-offset") if answer.status < 300 else None

    def _lost(self, name: str, tries: int) -> float:
        """The token or the upload is out of date: offer the file again, at first at once and then ever later."""
        wait = min(2.0**tries - 1, LONGEST_WAIT)
        self._set(name, state="put off", due=_now() + int(wait), tries=tries + 1, said="it has to be offered anew")
        self._offer_again(self._core.database.connection)
        return min(wait, 1.0)

    def _set(self, name: str, **values: Any) -> None:
        with self._core.database.writing() as connection:
            columns = ", ".join(f"{column} = ?" for column in values)
            connection.execute(
                f"UPDATE uploads SET {columns} WHERE hash = ? AND state NOT IN ('kept', 'refused')",
                (*values.values(), name),
            )
