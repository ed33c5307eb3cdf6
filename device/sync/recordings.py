"""Recordings become sets: each file in the folder is told once, however often this is killed on the way.

A `.journal` beside a sound file says that a recording runs, or was cut off; a `.json` that it is whole.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from device.contracts import ids
from device.contracts.files import Offered
from device.contracts.sets import MOST_ENTRIES, Finished, Started
from device.contracts.values import FileRef
from device.decks import setlog
from device.errors import InputError
from device.sync import playlists, tracklist, tracks, uploads
from device.sync.core import Core

log = logging.getLogger(__name__)
MIMES = {".wav": "audio/wav", ".flac": "audio/flac"}
LOOK_SECONDS = 2.0


def set_id(seed: str, name: str, started: int, again: str = "") -> str:
    """The id of a recording's set: the same even after the database was lost. seed: what names this box's home."""
    digest = hashlib.sha256(f"{seed}\n{name}\n{again}".encode()).digest()
    return ids.make(min(max(0, started), 2**48 - 1), digest[: ids.RANDOM_BYTES])


def started_at(audio: Path, seconds: float = 0.0) -> int:
    """When a recording began, ms since 1970 by the clock that it was made with: from its name, else from the file."""
    try:
        return int(datetime.strptime(audio.stem[:19], "%Y-%m-%d %H-%M-%S").timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return max(0, int((audio.stat().st_mtime - seconds) * 1000))


class Recordings:
    """Looks at the folder; `step` is called now and then."""

    def __init__(self, core: Core, killed: Callable[[str], None] = lambda _point: None):
        self._core, self._killed = core, killed
        self._folder = core.places.folder("recordings")
        machine = Path("/etc/machine-id")
        self._seed = f"{machine.read_text().strip() if machine.exists() else ''}\n{core.places.home}"
        self._unreadable: dict[str, int] = {}

    def step(self) -> float:
        """Tell what is new. DiskFullError, OSError: nothing of the recording at hand was told, and it comes again."""
        self._note_end()
        connection = self._core.database.connection
        told = {row[0]: row[1:] for row in connection.execute("SELECT name, state, size FROM recordings")}
        for audio in sorted(self._folder.iterdir()):
            if audio.suffix not in MIMES:
                continue
            state, size = told.get(audio.name, ("", 0))
            if audio.with_suffix(".journal").exists():
                if state != "started":
                    self._start(audio)
            elif audio.with_suffix(".json").exists() and (state != "finished" or size != audio.stat().st_size):
                self._finish(audio)
        return LOOK_SECONDS

    def _note_end(self) -> None:
        """What the panel says of the recording that runs is gone once the next one starts."""
        now = self._core.now
        if not now.recording or not (now.dropped or now.said):
            return
        name, ended = Path(now.recording).name, _ending(now.said)
        row = self._core.database.connection.execute(
            "SELECT ended, dropped FROM recordings WHERE name = ? AND state = 'started'", (name,)
        ).fetchone()
        if row is not None and row != (ended, now.dropped):
            with self._core.database.writing() as connection:
                connection.execute(
                    "UPDATE recordings SET ended = ?, dropped = ? WHERE name = ?", (ended, now.dropped, name)
                )

    def _name(self) -> str:
        return tracks.line(self._core.access.name) if self._core.access else ""

    def _start(self, audio: Path) -> None:
        started = started_at(audio)
        with self._core.database.writing() as connection:
            known = connection.execute("SELECT hash FROM recordings WHERE name = ?", (audio.name,)).fetchone()
            made = set_id(self._seed, audio.name, started, known[0] if known else "")
            connection.execute(
                'INSERT OR REPLACE INTO recordings (name, "set", state) VALUES (?, ?, ?)', (audio.name, made, "started")
            )
            body = Started(made, tracks.line(audio.stem), self._name(), started, recording=True)
            self._core.outbox.add(connection, body)
        self._core.wake()

    def _finish(self, audio: Path) -> None:
        path = audio.with_suffix(".json")
        version = path.stat().st_mtime_ns
        if self._unreadable.get(audio.name) == version:
            return
        try:
            set_log = setlog.read(path)
        except InputError as exc:
            log.warning("%s is no set: %s", audio.name, exc)
            self._unreadable[audio.name] = version
            self._core.unreadable.add(audio.name)
            return
        self._core.unreadable.discard(audio.name)
        size = audio.stat().st_size
        sound = FileRef(tracks.digest(audio), size, audio.name, MIMES[audio.suffix])
        played = FileRef(tracks.digest(path), path.stat().st_size, path.name, "application/json")
        self._hash_tracks(set_log)
        self._killed("before the set")
        with self._core.database.writing() as connection:
            if self._is_told(connection, audio.name, sound):
                return
            body = self._body(connection, audio, set_log, sound, played)
            connection.execute(
                'INSERT OR REPLACE INTO recordings (name, "set", state, size, hash) VALUES (?, ?, ?, ?, ?)',
                (audio.name, body.set, "finished", size, sound.hash),
            )
            self._killed("within the set")
            self._core.outbox.add(connection, body)
            playlists.of_set(connection, body)
            for file, where, purpose in ((sound, audio, "recording"), (played, path, "set log")):
                uploads.offer(connection, self._core.outbox, Offered(file, purpose, body.set), where)  # type: ignore[arg-type]
        self._killed("after the set")
        self._core.wake()
        log.info("%s is told as a set of %d tracks", audio.name, body.tracks)

    @staticmethod
    def _is_told(connection: sqlite3.Connection, name: str, sound: FileRef) -> bool:
        """The same sound again, touched or under another name, is no other set."""
        found = connection.execute("SELECT name FROM recordings WHERE hash = ?", (sound.hash,)).fetchone()
        if found is None:
            return False
        connection.execute(
            'INSERT OR REPLACE INTO recordings (name, "set", state, size, hash) '
            "SELECT ?, \"set\", 'finished', ?, hash FROM recordings WHERE name = ?",
            (name, sound.size, found[0]),
        )
        return True

    def _body(
        self, connection: sqlite3.Connection, audio: Path, log_: setlog.SetLog, sound: FileRef, played: FileRef
    ) -> Finished:
        started = started_at(audio, log_.seconds)
        row = connection.execute(
            'SELECT "set", state, ended, dropped, hash FROM recordings WHERE name = ?', (audio.name,)
        ).fetchone()
        going_on = row is not None and row[1] == "started"
        made = row[0] if going_on else set_id(self._seed, audio.name, started, row[4] if row else "")
        found = tracklist.entries(log_, self._folder, lambda path: tracks.find(connection, path))
        return Finished(
            made,
            tracks.line(audio.stem),
            self._name(),
            started,
            log_.seconds,
            len(found),
            tuple(found[:MOST_ENTRIES]),
            # the log says it, unless the disk had no room for that: then the panel did, and was noted
            row[2] if going_on and row[2] != "stopped" else log_.ended,
            sound,
            played,
            log_.samplerate,
            max(row[3] if going_on else 0, log_.dropped),
        )

    def _hash_tracks(self, set_log: setlog.SetLog) -> None:
        """Outside the transaction: it takes a while."""
        connection = self._core.database.connection
        for path in set_log.tracks(self._folder):
            if tracks.find(connection, path).hash is None:
                found = tracks.hashed(path)
                if found[0]:
                    with self._core.database.writing() as writing:
                        known = tracks.find(writing, path)
                        tracks.note(
                            writing, path, known.title, known.artist, known.seconds or 0, known.tempo or 0, known.key
                        )
                        tracks.keep_hash(writing, path, found)


def _ending(said: str) -> setlog.Ending:
    if "full" in said:
        return "disk full"
    return "disk failed" if "disk" in said else "stopped"
