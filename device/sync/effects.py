"""What messages of the companion do: they become rows, in the transaction that moves the cursor."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from device.contracts import codec, commands, configuration, documents, earnings, files, lists, notices, releases
from device.contracts.envelope import Message
from device.contracts.files import Received
from device.sync import settings
from device.sync.core import uptime
from device.sync.documents import Merging
from device.sync.inbox import RefusedError
from device.sync.lists import progress
from device.sync.outbox import Outbox
from device.sync.uploads import AGAIN_SECONDS

MOST_WAITING = 20_000  # files that are to come; one that is sent beyond that is answered with why it is not taken
KEPT = {"release": 200, "notice": 100, "list": 500}  # copies of a kind, the latest
Handler = Callable[[sqlite3.Connection, Message], None]


class Effects:
    """One handler for each kind. changed: the parts of the box that should look at the database again."""

    def __init__(self, outbox: Outbox):
        self._outbox = outbox
        self.changed: set[str] = set()
        self.documents = Merging(outbox)
        self._handlers: dict[type[Any], Handler] = {
            releases.Changed: self._release,
            earnings.Cards: self._earnings,
            notices.Told: self._told,
            notices.Gone: self._gone,
            configuration.Wanted: self._configuration,
            commands.Given: self._command,
            lists.Sent: self._list,
            lists.Withdrawn: self._withdrawn,
            files.Wanted: self._wanted,
            files.Kept: self._kept,
            files.Refused: self._refused,
            files.Sent: self._sent,
            documents.Update: self._document(self.documents.update),
            documents.State: self._document(self.documents.state),
            documents.Gone: self._document(self.documents.gone),
        }

    def apply(self, connection: sqlite3.Connection, message: Message) -> None:
        """Let a message take effect. RefusedError when it can have none here."""
        handler = self._handlers.get(type(message.body))
        if handler is None:
            raise RefusedError(f"{message.head.kind} has no effect on a box")
        handler(connection, message)

    def _copy(self, connection: sqlite3.Connection, kind: str, key: str, revision: int, body: Any) -> None:
        """Keep what was said unless it is out of date."""
        connection.execute(
            "INSERT INTO copies VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision, "
            "body = excluded.body WHERE excluded.revision >= revision",
            (kind, key, revision, json.dumps(codec.plain(body))),
        )
        connection.execute(
            "DELETE FROM copies WHERE kind = ? AND revision < (SELECT revision FROM copies WHERE kind = ? "
            "ORDER BY revision DESC LIMIT 1 OFFSET ?)",
            (kind, kind, KEPT.get(kind, 1) - 1),
        )

    def _release(self, connection: sqlite3.Connection, message: Message) -> None:
        self._copy(connection, "release", message.body.release, message.head.at.ms, message.body)
        self.changed.add("releases")

    def _earnings(self, connection: sqlite3.Connection, message: Message) -> None:
        self._copy(connection, "earnings", "", message.body.revision, message.body)
        self.changed.add("earnings")

    def _told(self, connection: sqlite3.Connection, message: Message) -> None:
        self._copy(connection, "notice", message.body.notice, message.head.at.ms, message.body)
        self.changed.add("notices")

    def _gone(self, connection: sqlite3.Connection, message: Message) -> None:
        connection.execute("DELETE FROM copies WHERE kind = 'notice' AND key = ?", (message.body.notice,))
        self.changed.add("notices")

    def _configuration(self, connection: sqlite3.Connection, message: Message) -> None:
        applied = settings.apply(connection, message.body)
        if applied is not None:
            self._outbox.add(connection, applied)
            self.changed |= {"outbox", "configuration"}

    def _command(self, connection: sqlite3.Connection, message: Message) -> None:
        given = message.body
        connection.execute(
            "INSERT OR IGNORE INTO commands VALUES (?, 'new', ?, ?)",
            (given.command, message.head.at.ms, json.dumps(codec.plain(given))),
        )
        self.changed.add("commands")

    def _list(self, connection: sqlite3.Connection, message: Message) -> None:
        self._copy(connection, "list", message.body.list, message.head.at.ms, message.body)
        self._outbox.add(connection, progress(connection, codec.plain(message.body)))
        self.changed |= {"lists", "downloads", "outbox"}

    def _withdrawn(self, connection: sqlite3.Connection, message: Message) -> None:
        connection.execute("DELETE FROM copies WHERE kind = 'list' AND key = ?", (message.body.list,))
        self.changed |= {"lists", "downloads"}

    def _wanted(self, connection: sqlite3.Connection, message: Message) -> None:
        wanted = message.body
        connection.execute(
            "UPDATE uploads SET state = 'wanted', url = ?, token = ?, sent = ?, due = 0, said = '' "
            "WHERE hash = ? AND state NOT IN ('kept', 'refused')",
            (wanted.url, wanted.token, wanted.offset, wanted.hash),
        )
        self.changed.add("uploads")

    def _kept(self, connection: sqlite3.Connection, message: Message) -> None:
        connection.execute(
            "UPDATE uploads SET state = 'kept', url = '', token = '', said = '' WHERE hash = ?", (message.body.hash,)
        )
        self.changed.add("uploads")

    def _refused(self, connection: sqlite3.Connection, message: Message) -> None:
        refused = message.body
        connection.execute(
            "UPDATE uploads SET state = ?, said = ?, due = ? WHERE hash = ? AND state <> 'kept'",
            ("refused" if refused.for_good else "put off", refused.said, int(uptime()) + AGAIN_SECONDS, refused.hash),
        )
        self.changed.add("uploads")

    def _sent(self, connection: sqlite3.Connection, message: Message) -> None:
        name = message.body.file.hash
        waiting = connection.execute(
            "SELECT count(*) FROM downloads WHERE state IN ('wanted', 'disk full') AND hash <> ?", (name,)
        ).fetchone()[0]
        if waiting >= MOST_WAITING:
            said = f"{MOST_WAITING:,} files wait for this box already; send it again when some have come"
            self._outbox.add(connection, Received(name, "disk full", said))
            self.changed.add("outbox")
            return
        connection.execute(
            "INSERT INTO downloads (hash, body, state) VALUES (?, ?, 'wanted') ON CONFLICT DO UPDATE SET "
            "body = excluded.body, state = 'wanted', due = 0, tries = 0, said = ''",
            (name, json.dumps(codec.plain(message.body))),
        )
        self.changed.add("downloads")

    def _document(self, work: Callable[[sqlite3.Connection, Any], None]) -> Handler:
        def handle(connection: sqlite3.Connection, message: Message) -> None:
            work(connection, message.body)
            self.changed |= {"lists", "outbox"}

        return handle
