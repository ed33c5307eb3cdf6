"""`service`: what an artist waits for: the start, an upload, a library of 10,000 tracks, a search among a million.

The search is measured in this process against the database, the rest over HTTP, on the companion as it is started.
"""

import contextlib
import http.client
import json
import os
import random
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from companion import config, database, serving
from companion.accounts import service as accounts
from companion.accounts import sessions
from companion.accounts.acts import NOWHERE
from companion.accounts.models import User
from companion.bench import music, postgres, servers
from companion.bench.servers import Server, free_port
from companion.catalogue import listing
from companion.config import Settings
from companion.vault.service import Vault
from companion.web.identity import Access

TITLE = "The companion as an artist meets it"
COLUMNS = ()
Say = Callable[[str], None]
Case = dict[str, float | int | str | bool | None]

MB = 1_000_000
LIBRARY = 10_000
ARTISTS = 100  # who share the million of the search
_BLOCK = bytes(1 << 20)


class Bench:
    """A companion with one user. quick: less of everything, and no million."""

    def __init__(self, folder: Path, say: Say, quick: bool):
        self._folder, self._say, self._quick = folder, say, quick
        self._environ = {
            "COMPANION_FOLDER": str(folder / "home"),
            "COMPANION_LIMIT_FACTOR": "1000",
            "COMPANION_PORT": str(free_port()),
            "COMPANION_LIVE_PORT": str(free_port()),
            "COMPANION_LOG_LEVEL": "warning",
        }
        self._settings: Settings = config.load(os.environ | self._environ)
        serving.prepare(self._settings)
        with database.connection():
            user = accounts.create("bench@example.org", "Bench", access=Access.ARTIST, verified=True)
            User.update(tier="pro").execute()
            self._user = str(user.id)
            token = sessions.open_for_program(Vault(self._settings.folder), user, NOWHERE).token
        self._headers = {"Authorization": f"Bearer {token}"}

    @contextlib.contextmanager
    def _served(self) -> Iterator[Server]:
        command = [sys.executable, "-P", "-m", "companion.command"]
        with servers.running(command, self._settings.port, "/readyz", self._folder, self._environ) as server:
            yield server

    def start(self) -> Iterator[Case]:
        """From nothing to the first answer, and what all processes hold when nothing happens."""
        self._say("the start")
        times = []
        for _ in range(1 if self._quick else 5):
            began = time.monotonic()
            with self._served() as server:
                times.append(time.monotonic() - began)
                time.sleep(2 if self._quick else 5)
                memory = server.memory()
        yield {"of": "start", "median_s": sorted(times)[len(times) // 2], "longest_s": max(times), "memory_mb": memory}

    def upload(self) -> Iterator[Case]:
        """One large file, beside writing the same to the same disk."""
        size = (64 if self._quick else 512) * MB
        self._say(f"an upload of {size // MB} MB")
        disk = size / MB / self._written(size)
        with self._served() as server:
            memory = server.memory()
            peak, ends = [memory], threading.Event()
            watcher = threading.Thread(target=_watch, args=(server, peak, ends))
            watcher.start()
            try:
                seconds = self._sent(size)
            finally:
                ends.set()
                watcher.join()
        rate = size / MB / seconds
        yield {
            "of": "upload", "mb": size // MB, "mb_s": rate, "disk_mb_s": disk, "times_disk": disk / rate,
            "memory_mb": memory, "memory_more_mb": max(peak) - memory,
        }  # fmt: skip

    def _written(self, size: int) -> float:
        """Seconds that the disk takes for it, the sync at the end counted."""
        path = self._folder / "home" / "written"
        began = time.monotonic()
        with path.open("wb") as file:
            for _ in range(size // len(_BLOCK)):
                file.write(_BLOCK)
            os.fsync(file.fileno())
        path.unlink()
        return time.monotonic() - began

    def _sent(self, size: int) -> float:
        """Seconds from the first byte to the answer that all are kept."""
        line = http.client.HTTPConnection("127.0.0.1", self._settings.port, timeout=120)
        with contextlib.closing(line):
            tus = self._headers | {"Tus-Resumable": "1.0.0"}
            line.request("POST", "/api/v1/uploads", headers=tus | {
                "Upload-Length": str(size), "Upload-Metadata": "filename YS53YXY=", "Content-Length": "0",
            })  # fmt: skip
            number = _read(line, http.HTTPStatus.CREATED)["id"]
            began = time.monotonic()
            line.request("PATCH", f"/api/v1/uploads/{number}", _sound(size), tus | {
                "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": str(size),
            })  # fmt: skip
            answer = line.getresponse()
            answer.read()
            took = time.monotonic() - began
            if answer.status != http.HTTPStatus.NO_CONTENT:
                raise ChildProcessError(f"the upload was answered by {answer.status}")
            line.request("DELETE", f"/api/v1/uploads/{number}", headers=tus)
            line.getresponse().read()
        return took

    def library(self) -> Iterator[Case]:
        """The first page of a library, sorted, and what filters it offers."""
        self._say(f"a library of {LIBRARY} tracks")
        chance = random.Random(5)
        with database.connection():
            for _ in music.fill([self._user], LIBRARY, music.Vocabulary.of(5000, chance), chance):
                pass
        with self._served():
            for what, path in (("list", "/api/v1/tracks?limit=200&sort=title"), ("filters", "/api/v1/tracks/facets")):
                times = sorted(self._asked(path) for _ in range(10 if self._quick else 50))
                yield {"of": what, "tracks": LIBRARY, **_spread(times)}

    def _asked(self, path: str) -> float:
        line = http.client.HTTPConnection("127.0.0.1", self._settings.port, timeout=30)
        with contextlib.closing(line):
            began = time.monotonic()
            line.request("GET", path, headers=self._headers)
            _read(line, http.HTTPStatus.OK)
            return 1000 * (time.monotonic() - began)

    def searches(self) -> Iterator[Case]:
        """Among a million tracks of a hundred artists in PostgreSQL; a quick look takes fewer, in SQLite."""
        count = 100_000 if self._quick or not postgres.is_installed() else 1_000_000
        database.database.close()
        with contextlib.ExitStack() as stack:
            address = None
            if count > 100_000:
                server = postgres.Postgres()
                stack.callback(server.close)
                address = server.database()
            home = self._folder / "search"
            home.mkdir()
            database.bind(config.load({"PATH": os.environ["PATH"]}, folder=home, database_url=address))
            stack.callback(database.database.close)
            stack.enter_context(database.connection())
            database.runner().up()
            yield from self._searched(count, "PostgreSQL" if address else "SQLite")

    def _searched(self, count: int, kind: str) -> Iterator[Case]:
        chance = random.Random(7)
        owners = [str(accounts.create(f"{place}@example.org", "Artist").id) for place in range(ARTISTS)]
        vocabulary = music.Vocabulary.of(20_000, chance)
        said = time.monotonic()
        for done in music.fill(owners, count, vocabulary, chance):
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self._say(f"{done} of {count} tracks for the search")
        database.database.execute_sql("VACUUM ANALYZE" if kind == "PostgreSQL" else "ANALYZE")
        words = vocabulary.words
        typed = {
            "the most common word": words[0], "a rare word": words[8000], "two common words": f"{words[0]} {words[1]}",
            "two letters": words[60][:2], "no such word": "qqqqq",
        }  # fmt: skip
        for what, text in typed.items():
            times = sorted(self._one(chance.choice(owners), text) for _ in range(10 if self._quick else 50))
            yield {"of": "search", "for": what, "tracks": count, "in": kind, **_spread(times)}

    @staticmethod
    def _one(owner: str, text: str) -> float:
        began = time.monotonic()
        listing.tracks(owner, listing.Asked(words=text, limit=50))
        return 1000 * (time.monotonic() - began)


def _sound(size: int) -> Iterator[bytes]:
    """A WAV file of silence, of so many bytes."""
    shape = struct.pack("<IHHIIHH", 16, 1, 2, 44100, 44100 * 4, 4, 16)
    head = b"RIFF" + struct.pack("<I", size - 8) + b"WAVEfmt " + shape + b"data" + struct.pack("<I", size - 44)
    yield head
    left = size - len(head)
    while left:
        yield _BLOCK[: min(left, len(_BLOCK))]
        left -= min(left, len(_BLOCK))


def _read(line: http.client.HTTPConnection, wanted: int) -> Any:
    answer = line.getresponse()
    body = answer.read()
    if answer.status != wanted:
        raise ChildProcessError(f"answered by {answer.status}: {body[:200]!r}")
    return json.loads(body)


def _watch(server: Server, peak: list[float], ends: threading.Event) -> None:
    while not ends.wait(0.2):
        peak.append(server.memory())


def _spread(times: list[float]) -> Case:
    return {"p50_ms": times[len(times) // 2], "p95_ms": times[int(len(times) * 0.95)]}


def measure(settings: Any, say: Say) -> Iterator[Case]:
    """All cases. settings: those of the bench, of which `repeats` below three asks for a quick look."""
    with tempfile.TemporaryDirectory(prefix="rackdeck-bench-") as folder:
        bench = Bench(Path(folder), say, quick=settings.repeats < 3)
        try:
            yield from bench.start()
            yield from bench.upload()
            yield from bench.library()
            yield from bench.searches()
        finally:
            database.database.close()
