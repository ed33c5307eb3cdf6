"""Status: what the box is doing, said to the companion when it changes and now and then while something plays."""

from pathlib import Path

from device.contracts.status import Deck, Online, Progress
from device.sync import health, tracks
from device.sync.core import Core, uptime
from device.sync.sight import Now
from device.sync.tracks import line

BUSY_SECONDS = 30.0  # how often positions are said while something plays
IDLE_SECONDS = 120.0  # a companion takes a box for lost that said nothing for five minutes
SHORTEST_SECONDS = 1.0
STORAGE_STEP = 256 * 1024 * 1024


class Status:
    """`look` is called several times a second; it says what changed."""

    def __init__(self, core: Core):
        self._core = core
        self._said: object = None
        self._at = 0.0
        self._versions = health.versions()
        self._tracks: dict[str, set[str]] = {}
        self._waited = False

    def look(self, now: Now, seconds: float) -> None:
        """What the panel says at a monotonic time."""
        passed = seconds - self._at
        if self._at and passed < SHORTEST_SECONDS:
            return
        born, self._core.born = self._core.born, False
        settled = self._waited and not self._core.behind()  # the companion would go on showing that something waits
        due = born or settled or passed >= (BUSY_SECONDS if now.busy else IDLE_SECONDS)
        key = self._key(now)
        if key != self._said or due or not self._at:
            self._said, self._at, self._waited = key, seconds, self._core.behind() > 0
            self._core.say("status", self._online(now), True)

    def _key(self, now: Now) -> object:
        """What is news when it changes."""
        access = self._core.access
        return (
            now.pid,
            self._set(now),
            now.said,
            tuple((deck.number, deck.title, deck.playing) for deck in now.decks),
            health.storage(self._core.places.home).free // STORAGE_STEP,
            access.name if access else "",
        )

    def _online(self, now: Now) -> Online:
        access = self._core.access
        return Online(
            line(access.name) if access else "",
            line(access.model) if access else "",
            self._core.boot,
            uptime(),
            self._versions,
            health.storage(self._core.places.home),
            "running" if now.pid else "stopped",
            self._core.behind(),
            tuple(
                Deck(
                    deck.number,
                    line(deck.title),
                    line(deck.artist),
                    deck.playing,
                    round(deck.position, 1),
                    round(deck.seconds, 1),
                    round(deck.bpm, 2) if 0 < deck.bpm <= 1000 else None,
                )
                for deck in now.decks
            ),
            self._progress(now),
            line(now.said),
        )

    def _progress(self, now: Now) -> Progress | None:
        if not now.recording:
            self._tracks.clear()
            return None
        number, name = self._set(now), Path(now.recording).name
        if not number:
            return None
        heard = self._tracks.setdefault(name, set())
        heard |= {deck.path for deck in now.decks if deck.heard}
        return Progress(number, tracks.line(Path(name).stem), now.recorded, len(heard), True, max(0.0, now.room))

    def _set(self, now: Now) -> str:
        """The set that is recorded, once it has its number."""
        row = self._core.database.connection.execute(
            "SELECT \"set\" FROM recordings WHERE name = ? AND state = 'started'", (Path(now.recording).name,)
        ).fetchone()
        return str(row[0]) if row else ""
