"""Remote commands: what may be done from afar, by which right, until when; each is done once at most, and answered."""

import json
import logging
import os
import signal
import sqlite3
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

from device.contracts import codec, ids
from device.contracts.commands import Answered, Given, Permission, expired
from device.contracts.deeds import KNOWN
from device.contracts.files import Offered
from device.contracts.notices import Told
from device.contracts.values import FileRef
from device.errors import InputError, RackdeckError
from device.panel import controls
from device.panel.actions import check_argument
from device.sync import settings, tracks, uploads
from device.sync.core import Core, uptime
from device.sync.crashes import cleaned
from device.sync.sight import Sight

log = logging.getLogger(__name__)
IDLE_SECONDS = 5.0
IDENTIFY_MS = 30_000
LARGEST_LOG = 2 * 1024 * 1024
KEPT_BUNDLES = 3
_GIVEN = codec.both(Given)[0]
Result = Mapping[str, str | int | float | bool | None]


class Commands:
    """Carries out what `command.given` put into the database. One thread."""

    def __init__(self, core: Core):
        self._core = core
        self._sight = Sight(core.places.runtime)
        self._named: dict[str, Callable[[Given], Result]] = {
            "box.identify": self._identify,
            "track.load": self._load,
            "engine.restart": self._restart,
            "logs.send": self._send_logs,
        }
        self._answer_interrupted()

    def _answer_interrupted(self) -> None:
        """What was begun when this process was killed may have been done, so it is not done again."""
        with self._core.database.writing() as connection:
            for (name,) in connection.execute("SELECT command FROM commands WHERE state = 'begun'").fetchall():
                said = "the box was interrupted while doing this; look whether it was done"
                self._answer(connection, Answered(name, "failed", said))

    def step(self) -> float:
        """Do the next one; returns how long to wait."""
        row = self._core.database.connection.execute(
            "SELECT command, body FROM commands WHERE state = 'new' ORDER BY made, command LIMIT 1"
        ).fetchone()
        if row is None:
            return IDLE_SECONDS
        given: Given = _GIVEN(json.loads(row[1]))
        answer = self._objection(given)
        if answer is None:
            with self._core.database.writing() as connection:
                connection.execute("UPDATE commands SET state = 'begun' WHERE command = ?", (given.command,))
            answer = self._do(given)
        with self._core.database.writing() as connection:
            self._answer(connection, answer)
        if answer.outcome == "expired":
            self._core.born = True  # the companion may reckon with an uptime that it heard late: tell the present one
        self._core.wake()
        return 0.0

    def _answer(self, connection: sqlite3.Connection, answer: Answered) -> None:
        connection.execute("UPDATE commands SET state = 'answered', body = '' WHERE command = ?", (answer.command,))
        connection.execute(
            "DELETE FROM commands WHERE state = 'answered' AND command NOT IN "
            "(SELECT command FROM commands ORDER BY made DESC LIMIT 1000)"
        )
        self._core.outbox.add(connection, answer)

    def _objection(self, given: Given) -> Answered | None:
        """Why it is not done; None when it is."""
        clock = self._core.clock
        right = self.right(given.do)
        if right is None:
            return Answered(given.command, "refused", "this cannot be done from afar")
        if given.permission != right:
            return Answered(given.command, "refused", f"this needs the right to {right}")
        if not settings.get(self._core.database.connection, f"remote.{right}"):
            return Answered(given.command, "refused", "this box takes no such commands from afar")
        if expired(given, clock.now().ms, clock.quality == "set", self._core.boot, uptime()):
            return Answered(given.command, "expired", "it came too late")
        return None

    def right(self, name: str) -> Permission | None:
        """The right that a command needs; None for what is not done from afar."""
        return KNOWN[name].permission if name in KNOWN and (name in self._named or name in controls.table()) else None

    def _do(self, given: Given) -> Answered:
        log.info("%s does %s", given.by or "somebody", given.do)
        try:
            named = self._named.get(given.do)
            result = named(given) if named else self._turn(given)
        except RackdeckError as exc:
            return Answered(given.command, "refused" if isinstance(exc, InputError) else "failed", str(exc)[:500])
        except OSError as exc:
            return Answered(given.command, "failed", (exc.strerror or str(exc)).lower()[:500])
        return Answered(given.command, "done", "", result)

    def _turn(self, given: Given) -> Result:
        """A control of the panel; `value` is what it is set to, or what the action takes."""
        panel = self._sight.panel
        if panel is None:
            raise InputError("the engine does not run")
        row, value = controls.find(given.do), given.arguments.get("value")
        if row.kind == "value":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{row.name} takes a number")
            panel.set(row.name, value)
        else:
            panel.do(row.name, check_argument(row, value))
        return {}

    def _load(self, given: Given) -> Result:
        """Put a track that the companion sent on a deck: `deck`, `hash`."""
        panel, deck, name = self._sight.panel, given.arguments.get("deck"), given.arguments.get("hash")
        if panel is None:
            raise InputError("the engine does not run")
        row = self._core.database.connection.execute(
            "SELECT path FROM downloads WHERE hash = ? AND state = 'there'", (str(name),)
        ).fetchone()
        if row is None or not Path(row[0]).exists():
            raise InputError("the track is not on this box; send it first")
        if isinstance(deck, bool | str) or deck is None or deck not in range(1, controls.DECKS + 1):
            raise InputError(f"there are decks 1 to {controls.DECKS}")
        name = f"deck{int(deck)}"  # 1.0 is one of them
        if panel.get_number(f"{name}.play"):
            raise InputError(f"deck {deck:g} is playing; stop it first")
        panel.do(f"{name}.load", row[0])
        return {}

    def _identify(self, given: Given) -> Result:
        """Show on the screen which box this is."""
        stamp = self._core.clock.now()
        who = given.by or "somebody"
        told = Told(
            ids.make(stamp.ms, os.urandom(ids.RANDOM_BYTES)),
            "alarm",
            f"{who} is looking for this box",
            stamp.ms + IDENTIFY_MS,
        )
        with self._core.database.writing() as connection:
            connection.execute(
                "INSERT INTO copies VALUES ('notice', 'identify', ?, ?) ON CONFLICT DO UPDATE SET "
                "revision = excluded.revision, body = excluded.body",
                (stamp.ms, json.dumps(codec.plain(told))),
            )
        self._core.changed({"notices"})
        return {}

    def _restart(self, given: Given) -> Result:
        """End the engine, which the runner starts again; not while it plays unless `force` is true."""
        now = self._core.now
        if not now.pid:
            raise InputError("the engine does not run")
        if now.busy and given.arguments.get("force") is not True:
            raise InputError("a deck plays or a recording runs; stop it, or insist")
        os.kill(now.pid, signal.SIGTERM)
        return {"ended": now.pid}

    def _send_logs(self, given: Given) -> Result:
        """Bundle the logs, without what looks like a secret, and offer the bundle."""
        folder = self._core.places.sync / "bundles"
        folder.mkdir(exist_ok=True)
        name = f"logs-{given.command}.tar.gz"
        path = folder / name
        with tarfile.open(path, "w:gz") as bundle:
            for log_file in sorted(self._core.places.folder("logs").glob("*.log*")):
                self._pack(bundle, log_file, folder)
        for old in sorted(folder.glob("logs-*"))[:-KEPT_BUNDLES]:
            old.unlink()
        file = FileRef(tracks.digest(path), path.stat().st_size, name, "application/gzip")
        with self._core.database.writing() as connection:
            uploads.offer(connection, self._core.outbox, Offered(file, "bundle"), path)
        return {"hash": file.hash}

    @staticmethod
    def _pack(bundle: tarfile.TarFile, log_file: Path, folder: Path) -> None:
        clean = folder / "clean"
        with log_file.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - LARGEST_LOG))
            text = file.read().decode(errors="replace")
        clean.write_text("".join(f"{cleaned(row)}\n" for row in text.splitlines()), encoding="utf-8")
        bundle.add(clean, log_file.name)
        clean.unlink()
