"""Downloads: tracks and other files for this box, resumed where they were cut, checked by their hash.

What is on the box already, whoever put it there, is known by its hash and not fetched.
"""

import heapq
import http.client
import json
import logging
import os
import time
from pathlib import Path
from typing import Any, Literal

from device.contracts import codec
from device.contracts.files import Received, Sent
from device.errors import MachineError
from device.library import crate
from device.sync import lists, tracks
from device.sync.ballast import free
from device.sync.core import Core
from device.sync.database import DiskFullError
from device.sync.music import Music
from device.sync.uploads import LONGEST_WAIT
from device.sync.web import Web

log = logging.getLogger(__name__)
IDLE_SECONDS = 30.0
FULL_SECONDS = 600
LONGEST_NAME = 240  # bytes; a disk takes 255, and a number may come behind it
MOST_LOOKED = 100  # files of which is asked at one time whether they are here
KEPT_SECONDS = 28 * 24 * 3600  # of a part whose token was refused; the companion's tokens live as long
RECORDING_ROOM = 256 * 1024 * 1024  # bytes that stay free for recordings
_SENT = codec.both(Sent)[0]
Outcome = Literal["there", "wanted", "disk full", "wrong hash", "not playable"]


class Downloads:
    """Fetches one file after the other. One thread. room: bytes of the disk that are left alone."""

    def __init__(self, core: Core, room: int = RECORDING_ROOM):
        self._core, self._room = core, room
        self._web = Web(core)
        self._folder = core.places.folder("music")
        self._music = Music(self._folder)
        self._looked: set[str] = set()  # hashes of what is not here
        self._incoming = core.places.sync / "incoming"
        self._incoming.mkdir(exist_ok=True)
        with core.database.writing() as connection:
            connection.execute("UPDATE downloads SET due = 0 WHERE due > 0")

    def step(self) -> float:
        """Fetch what is wanted; returns how long to wait."""
        core = self._core
        if self._recognise():
            return 0.0
        if not core.carries():
            return IDLE_SECONDS
        now = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        row = core.database.connection.execute(
            "SELECT hash, body, path, tries FROM downloads WHERE state IN ('wanted', 'disk full') AND due <= ? "
            "ORDER BY tries, hash LIMIT 1",
            (now,),
        ).fetchone()
        if row is None:
            self._web.close()
            self._tidy()
            return IDLE_SECONDS
        name, body, path, tries = row
        sent: Sent = _SENT(json.loads(body))
        try:
            return self._fetch(sent, Path(path) if path else None)
        except DiskFullError:
            return self._full(name)
        except MachineError as exc:
            return self._done(sent, None, "wanted", str(exc)[:300])
        except (OSError, http.client.HTTPException) as exc:
            wait: float = min(2.0**tries, LONGEST_WAIT)
            self._set(name, due=now + int(wait), tries=tries + 1, said=f"the companion is not reached ({exc})"[:300])
            return min(wait, 1.0)

    def _recognise(self) -> bool:
        """Look for some of the wanted files on this box, which costs no connection. Whether one is here."""
        core = self._core
        if core.access is None:
            return False
        waiting = "SELECT hash FROM downloads WHERE state IN ('wanted', 'disk full')"
        fresh = {row[0] for row in core.database.connection.execute(waiting)}
        self._looked &= fresh
        for name in heapq.nsmallest(MOST_LOOKED, fresh - self._looked):
            self._looked.add(name)
            row = core.database.connection.execute("SELECT body FROM downloads WHERE hash = ?", (name,)).fetchone()
            sent: Sent | None = _SENT(json.loads(row[0])) if row else None
            if sent is None or sent.purpose not in ("track", "stem"):
                continue
            path = self._music.find(core.database, name, sent.file.size)
            if path is not None:
                self._done(sent, path, "there")
                return True
        return False

    def _fetch(self, sent: Sent, path: Path | None) -> float:
        name, size = sent.file.hash, sent.file.size
        if path is not None and path.exists() and tracks.digest(path) == name:  # killed after it was put there
            return self._arrived(sent, path)
        if not self._is_fitting(sent):
            return self._done(sent, None, "not playable", "its name is not that of a music file, or too long")
        part = self._incoming / f"{name}.part"
        there = part.stat().st_size if part.exists() else 0
        if free(self._incoming) - (size - there) < self._room:
            return self._full(name)
        if there < size or size == 0:
            status = self._receive(sent, part, there)
            if status in (404, 410):
                part.unlink(missing_ok=True)  # deleted there: should it be sent again, it comes from the start
            if status in (401, 403, 404, 410):
                return self._done(sent, None, "wanted", f"the companion says status {status}")
            if (now := part.stat().st_size) < size:  # the companion sends so much at one time; or the line was cut
                return 0.0 if now > there else 0.5
        if tracks.digest(part) != name:
            part.unlink()
            return self._done(sent, None, "wrong hash", "what came is not the file that was meant")
        place = path or self._place(sent)
        if not self._set(name, path=str(place)):  # before it is there, so that after a kill it is found
            part.unlink()  # the box is another's since
            return 0.0
        place.parent.mkdir(exist_ok=True)
        part.replace(place)
        _sync(place.parent)
        return self._arrived(sent, place)

    def _arrived(self, sent: Sent, path: Path) -> float:
        if sent.track is not None:
            self._name(path, sent)
        return self._done(sent, path, "there")

    def _receive(self, sent: Sent, part: Path, there: int) -> int:
        answer = self._web.ask("GET", sent.url, {"Authorization": f"Bearer {sent.token}", "Range": f"bytes={there}-"})
        if answer.status in (401, 403, 404, 410):
            return answer.status
        if answer.status == 416:
            part.unlink(missing_ok=True)
        if answer.status not in (200, 206):
            raise OSError(f"status {answer.status}")
        begins = there if answer.status == 206 else 0
        with part.open("r+b" if part.exists() else "wb") as file:
            file.truncate(begins)
            file.seek(begins)
            for piece in self._web.body():
                file.write(piece[: sent.file.size - file.tell()])
                if file.tell() >= sent.file.size or self._core.ending or not self._core.carries():
                    break
            file.flush()
            os.fsync(file.fileno())
        self._web.close()
        return answer.status

    @staticmethod
    def _is_fitting(sent: Sent) -> bool:
        name = sent.file.name
        if sent.purpose not in ("track", "stem"):
            return True
        is_short = len(name.encode()) <= LONGEST_NAME
        return is_short and not name.startswith(".") and Path(name).suffix.lower() in crate.SUFFIXES

    def _place(self, sent: Sent) -> Path:
        """A free name in the music folder; other files lie with the sync's own."""
        if sent.purpose not in ("track", "stem"):
            return self._incoming / f"{sent.file.hash}.kept"
        wished = self._folder / sent.file.name
        found, number = wished, 2
        while found.exists():
            found, number = wished.with_name(f"{wished.stem} ({number}){wished.suffix}"), number + 1
        return found

    def _done(self, sent: Sent, path: Path | None, outcome: Outcome, said: str = "") -> float:
        state = "there" if outcome == "there" else "asked" if outcome == "wanted" else "refused"
        with self._core.database.writing() as connection:
            connection.execute(
                "UPDATE downloads SET state = ?, path = ?, said = ?, due = 0, tries = 0 WHERE hash = ?",
                (state, str(path or ""), said, sent.file.hash),
            )
            self._core.outbox.add(connection, Received(sent.file.hash, outcome, said))
            for ready in lists.needing(connection, sent.file.hash):
                self._core.outbox.add(connection, ready)
        self._core.changed({"lists"})
        return 0.0

    def _name(self, path: Path, sent: Sent) -> None:
        """Write into the folder's crate what the companion knows of the track."""
        track = sent.track
        assert track is not None
        _, entries = crate.list_folder(path.parent)
        fresh = crate.Entry(path, track.title, track.artist, track.tempo or 0.0, 0.0, track.key, track.seconds or 0.0)
        crate.write(path.parent, [*(entry for entry in entries if entry.path.name != path.name), fresh])
        seconds, tempo = track.seconds or 0.0, track.tempo or 0.0
        with self._core.database.writing() as connection:
            tracks.note(connection, path, track.title, track.artist, seconds, tempo, track.key)
            found = path.stat()
            tracks.keep_hash(connection, path, (sent.file.hash, found.st_size, found.st_mtime_ns))

    def _tidy(self) -> None:
        """Parts of what nobody waits for any more go: of a former owner, or sent in vain."""
        parts = {part.stem: part for part in self._incoming.glob("*.part")}
        waiting = "SELECT hash, state FROM downloads WHERE state IN ('wanted', 'disk full', 'asked')"
        for name, state in self._core.database.connection.execute(waiting).fetchall() if parts else ():
            if name in parts and (state != "asked" or time.time() - parts[name].stat().st_mtime < KEPT_SECONDS):
                del parts[name]
        for part in parts.values():
            part.unlink(missing_ok=True)

    def _full(self, name: str) -> float:
        """It waits; the companion is told once."""
        connection = self._core.database.connection
        known = connection.execute("SELECT state FROM downloads WHERE hash = ?", (name,)).fetchone()[0]
        due = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + FULL_SECONDS
        self._set(name, state="disk full", due=due, said="the disk is full: free space, and it comes")
        if known != "disk full":
            self._core.tell(Received(name, "disk full", "the disk is full"))
        return 0.0

    def _set(self, name: str, **values: Any) -> bool:
        """Note something of a file; whether it is still waited for."""
        with self._core.database.writing() as connection:
            columns = ", ".join(f"{column} = ?" for column in values)
            done = connection.execute(f"UPDATE downloads SET {columns} WHERE hash = ?", (*values.values(), name))
            return done.rowcount > 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
