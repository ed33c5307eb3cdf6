"""The session: drives link, sender and receiver in one thread, and says on the board how things stand."""

import contextlib
import logging
import os
import sqlite3
import time
from dataclasses import replace
from typing import Any

from device.contracts import status
from device.contracts.errors import Malformed
from device.contracts.receipts import Receipt
from device.errors import InputError, MachineError
from device.panel import board
from device.sync import screen
from device.sync.access import Door
from device.sync.core import Core, uptime
from device.sync.database import DiskFullError, get, put
from device.sync.effects import Effects
from device.sync.link import Link
from device.sync.receiver import Receiver
from device.sync.sender import Sender
from device.sync.state import State, judge

log = logging.getLogger(__name__)
POLL_SECONDS = 0.05  # how soon a row of another process is seen while there is a link
IDLE_SECONDS = 1.0
ACCESS_SECONDS = 2.0
STATE_SECONDS = 0.2
PROBE_SECONDS = 5.0
_OF_AN_OWNER = (
    "cursors", "held", "dead", "copies", "commands", "documents", "document_updates", "document_parts",
    "document_hashes", "uploads", "downloads", "playing",
)  # fmt: skip


class Session:
    """Call `step` again and again."""

    def __init__(self, core: Core, door: Door, writer: board.Writer):
        self._core, self._door, self._writer = core, door, writer
        self._epoch = ""
        self.link = Link(self._will)
        core.wake = self.link.wake
        self._effects = Effects(core.outbox)
        documents = self._effects.documents
        self._receiver = Receiver(core.database, self._effects.apply, core.clock, documents.say_all)
        self._sender = Sender(core.database, core.outbox, self.link.publish, self._renumbered)
        self._version = -1  # of the database when it was last looked at
        self._access_due = self._state_due = self._probe_due = self._again_due = 0.0
        self._untaken = False  # something came that could not be kept
        self._state = State("connecting", pid=os.getpid(), beat=board.beat())
        self._birth: Any = None
        self._fresh: set[str] = set()
        core.changed = self._note
        self._said = core.database.said
        self._writer.show("sync", self._state.as_dict())
        self._look()
        self._show(set(screen.NAMES))

    def step(self) -> None:
        """One round; waits for something to happen."""
        now = time.monotonic()
        if self.link.step(self._timeout(now)):
            self._connected(time.monotonic())
        try:
            if now >= self._access_due:
                self._access_due = now + ACCESS_SECONDS
                self._look()
            self._take()
            self._ask_again(now)
            self._refresh()
            self._sender.settle(time.monotonic())
        except DiskFullError as exc:
            log.warning("%s", exc)
        except sqlite3.OperationalError as exc:
            log.warning("the database is busy: %s", exc)
        if self.link.up:
            self._sender.pump(time.monotonic())
            opening = self._sender.opening()
            if opening is not None:
                self._send("receipts", opening)
            self._pass()
        self._tell(time.monotonic())

    def _timeout(self, now: float) -> float:
        if not self.link.up:
            return IDLE_SECONDS
        due = self._sender.due()
        return POLL_SECONDS if due is None else max(0.0, min(POLL_SECONDS, due - now))

    def _look(self) -> None:
        """Whose box is this now?"""
        try:
            access, self._said = self._door.look(), self._core.database.said
        except MachineError as exc:
            access, self._said = None, str(exc)
        core = self._core
        if access is not None and (core.access is None or core.access.owner != access.owner):
            self._belong(access.owner)
        was, core.access = core.access, access
        if access != was and core.out:
            core.out = ""
            self._show(set(screen.NAMES))
        if (access is None) != (was is None) or (access and was and access.owner != was.owner):
            self._show(set(screen.NAMES))
        self.link.use(access)

    def _belong(self, owner: str) -> None:
        """What is on its way for one owner is nothing for the next."""
        with self._core.database.writing() as connection:
            former = get(connection, "owner")
            if former and former != owner:
                log.warning("this box has another owner: what waited for the former one is given up")
                self._core.outbox.forget(connection)
                for table in _OF_AN_OWNER:
                    connection.execute(f"DELETE FROM {table}")
            if former != owner:
                put(connection, "owner", owner)
        self._sender.refresh()

    def _will(self) -> bytes:
        """The will of a new connection, whose epoch begins here."""
        self._epoch = self._core.new_id()
        return self._core.unnumbered("status", self._epoch, status.Offline("lost"))

    def _connected(self, now: float) -> None:
        log.info("connected")
        self._sender.refresh()
        self._sender.connect(now)
        if self._birth is not None:
            self._send("status", replace(self._birth, uptime=uptime()), retain=True)
        self._core.born = True

    def _send(self, stream: str, body: Any, retain: bool = False) -> None:
        """Say something without a number."""
        try:
            payload = self._core.unnumbered(stream, self._epoch, body)
            self.link.publish(stream, payload, 0 if stream == "live" else 1, retain)
        except OSError as exc:
            log.warning("nothing can be said: %s", exc)
        except Malformed as exc:
            log.error("%s could not be said: %s", stream, exc)

    def _take(self) -> None:
        packets = self.link.take()
        if not packets:
            return
        now = time.monotonic()
        try:
            taken = self._receiver.take(packets)
        except (DiskFullError, sqlite3.OperationalError):
            self._untaken = True
            raise
        finally:
            self.link.done()
        receipt = taken.receipt()
        if receipt is not None:
            self._send("receipts", receipt)
        elif taken.opened:
            self._send("receipts", Receipt(()))
        if taken.receipts:
            self._sender.heard(taken.receipts, now)
        if taken.opened:
            self._sender.opened(now)
        if taken.lost:
            log.error("%d messages of the companion are lost: this box lost its memory of having had them", taken.lost)
        if taken.older:
            log.warning("the companion knows less than it said before: what this box has of documents is told anew")
        if taken.lost or taken.older:
            self._sender.refresh()
        if taken.watched is not None:
            self._core.watched = now + taken.watched.seconds, taken.watched
            self._core.ring({"live"})
        if self._effects.changed:
            changed, self._effects.changed = self._effects.changed, set()
            self._show(changed)
            self._core.ring(changed)
            self._sender.refresh()

    def _ask_again(self, now: float) -> None:
        """Have the companion send again what could not be kept; by itself it would wait up to three minutes."""
        if self._untaken and not self._core.database.refused and now >= self._again_due:
            self._untaken, self._again_due = False, now + PROBE_SECONDS
            self.link.again()

    def _note(self, names: set[str]) -> None:
        """Another thread changed what the screen shows."""
        self._fresh = self._fresh | names
        self.link.wake()

    def _refresh(self) -> None:
        if self._fresh:
            fresh, self._fresh = self._fresh, set()
            self._show(fresh)
        version = self._core.database.version()
        if version != self._version:
            self._tell_edits()
            self._sender.refresh()
            self._version = version  # not before: on a full disk it is looked at again

    def _tell_edits(self) -> None:
        """What was edited here, by whichever process, is for the companion."""
        documents, database = self._effects.documents, self._core.database
        if documents.untold(database.connection):
            with database.writing() as connection:
                documents.tell(connection)
            self._show({"lists"})

    def _renumbered(self, connection: sqlite3.Connection, streams: list[str]) -> None:
        """The companion has more of these than this box remembers: say what is here of every document, get the rest."""
        if "documents" in streams:
            self._effects.documents.say_all(connection)

    def _pass(self) -> None:
        passing = self._core.passing
        while passing:
            stream, body, retain = passing.popleft()
            if isinstance(body, status.Online):
                self._birth = body
            self._send(stream, body, retain)

    def _show(self, names: set[str]) -> None:
        """Pin up what the companion said; nothing of a former owner."""
        try:
            if self._core.access is not None and not self._core.out:
                screen.show(self._core.database.connection, self._writer, names, self._core.clock.now().ms)
            else:
                for name in screen.NAMES:
                    self._writer.remove(name)
        except (OSError, InputError) as exc:
            log.warning("the board could not be written: %s", exc)

    def _tell(self, now: float) -> None:
        if now < self._state_due:
            return
        self._state_due = now + STATE_SECONDS
        if self._core.database.refused and now >= self._probe_due:
            self._probe_due = now + PROBE_SECONDS
            self._core.database.probe()
        self._state = self.state()
        taken_down = not self._writer.stands("sync")
        try:
            self._writer.show("sync", self._state.as_dict())
            if taken_down:
                self._show(set(screen.NAMES))
        except OSError as exc:
            log.warning("the board could not be written: %s", exc)

    def state(self) -> State:
        """How things stand."""
        core = self._core
        connection = core.database.connection
        waiting, behind = core.outbox.waiting(connection), core.behind()
        files, size = connection.execute(
            "SELECT count(*), ifnull(sum(json_extract(body, '$.size')), 0) FROM uploads "
            "WHERE state NOT IN ('kept', 'refused', 'gone')"
        ).fetchone()
        (held_up,) = connection.execute(
            "SELECT ifnull(max(said), '') FROM (SELECT said FROM uploads WHERE state IN ('wanted', 'put off') "
            "UNION ALL SELECT said FROM downloads WHERE state IN ('wanted', 'disk full'))"
        ).fetchone()
        access, out, quality = core.access, core.out, core.clock.quality
        word = judge(
            access is not None and bool(access.owner) and not out,
            self.link.up,
            self.link.refused,
            self._sender.answered,
            behind,
            core.database.refused,
        )
        since = self._state.since
        if word != self._state.state:
            since = self._changed(word, core.clock.now().ms if quality == "set" else 0)
        return State(
            word,
            behind,
            files,
            size,
            since,
            out or self.link.said or self._said or held_up,
            access.companion if access and not out else "",
            access.name if access else "",
            quality,
            waiting.oldest,
            self._state.pid,
            board.beat(),
        )

    def _changed(self, word: str, now: int) -> int:
        """Since when the new word is true; being offline outlives the process."""
        connection = self._core.database.connection
        kept = get(connection, "offline since")
        try:
            if word == "offline":
                if kept:
                    return int(kept)
                with self._core.database.writing() as connection:
                    put(connection, "offline since", str(now))
            elif kept and self.link.up:
                with self._core.database.writing() as connection:
                    put(connection, "offline since", "")
        except (sqlite3.Error, DiskFullError):
            pass
        return now

    def close(self, reason: Any = "stopped") -> None:
        """Say goodbye and end the connection."""
        with contextlib.suppress(DiskFullError, sqlite3.Error):
            self._sender.settle(time.monotonic(), at_once=True)
        if self.link.up:
            self._send("status", status.Offline(reason), retain=True)
        self.link.close()
        for name in ("sync", *screen.NAMES):
            self._writer.remove(name)
