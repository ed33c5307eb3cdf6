"""`python -m device.bench.producing`: writes what happens on a box, as its parts do, for who measures the sync.

Says where the box's runtime folder is. Then it does what each line asks for, and answers with a line:
`plays FIRST COUNT EACH`: plays named by numbers from FIRST on, EACH in one transaction; when the last was committed.
`edit DOCUMENT TITLE`: a track of that title is put into a document; when that was committed.
`read DOCUMENT`: what is in it, as JSON; null where there is none.
Times are monotonic, in ns. A full disk it waits out.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from device.contracts import ids
from device.contracts.clock import Clock
from device.contracts.plays import Played
from device.contracts.values import Track
from device.documents import Entry
from device.sync import documents
from device.sync.core import BUILT_MS, Places
from device.sync.database import Database, DiskFullError
from device.sync.outbox import Outbox

FULL_SECONDS = 0.02


class Producer:
    """On the database of a box."""

    def __init__(self, database: Database):
        self._database = database
        self._outbox = Outbox(Clock(BUILT_MS, 0, lambda _ms: None))

    def answer(self, line: str) -> str:
        """Do what a line asks for."""
        match line.split():
            case ["plays", first, count, each]:
                last = int(first) + int(count)
                for start in range(int(first), last, int(each)):
                    self._play(range(start, min(last, start + int(each))))
            case ["edit", document, title]:
                entry = Entry(ids.make(documents.now(), os.urandom(ids.RANDOM_BYTES)), title)
                self._write(lambda db: documents.edit(db, document, lambda content: content.insert(entry)))
            case ["read", document]:
                return self._read(document)
        return str(time.monotonic_ns())

    def _play(self, numbers: range) -> None:
        rows = [Played(Track(str(number)), 1, time.time_ns() // 1_000_000, 200.0) for number in numbers]
        self._write(lambda db: [self._outbox.add(db, row) for row in rows])

    def _read(self, document: str) -> str:
        if not documents.rows(self._database.connection, document):
            return "null"
        found = documents.read(self._database.connection, document)
        told = {"about": found.about(), "tracks": [asdict(entry) for entry in found.entries()], "notes": found.notes}
        return json.dumps(told)

    def _write(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """One transaction, tried until the disk takes it."""
        while True:
            try:
                with self._database.writing() as connection:
                    change(connection)
                return
            except DiskFullError:
                time.sleep(FULL_SECONDS)


def main() -> None:
    """Until the end of the input."""
    places = Places.usual()
    database = Database(places.sync)
    producer = Producer(database)
    print(places.runtime, flush=True)
    for line in sys.stdin:
        print(producer.answer(line), flush=True)
    database.close()


if __name__ == "__main__":
    main()
