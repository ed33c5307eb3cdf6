"""Play history: a track is told when it leaves its deck, with how long it was heard. Kept on disk while it runs."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from device.contracts.plays import Played
from device.sync import settings, tracks
from device.sync.core import Core
from device.sync.sight import Deck, Now

log = logging.getLogger(__name__)
LEAST_SECONDS = 10.0  # what was heard for less was not played
KEEP_SECONDS = 5.0  # how often a running play is written down: a kill loses no more
LONGEST_ROUND = 2.0  # a pause between two looks is no playing


@dataclass(slots=True)
class Play:
    """A track on a deck. started: ms since 1970 at its first sound, 0 before; heard: seconds. pid: of the engine."""

    deck: int
    pid: int
    serial: int
    path: str
    started: int = 0
    heard: float = 0.0
    tempo: float = 0.0

    def is_of(self, now: Now, deck: Deck) -> bool:
        """Whether it is what the deck still has."""
        return (self.pid, self.serial, self.path) == (now.pid, deck.serial, deck.path)


class Plays:
    """`look` is called several times a second."""

    def __init__(self, core: Core):
        self._core = core
        rows = core.database.connection.execute("SELECT body FROM playing")
        self._plays = {play.deck: play for play in (Play(**json.loads(row[0])) for row in rows)}
        self._kept: dict[int, float] = {deck: play.heard for deck, play in self._plays.items()}
        self._last = 0.0

    def look(self, now: Now, seconds: float) -> None:
        """What the panel says at a monotonic time. DiskFullError: a play could not be told and is kept."""
        passed = min(seconds - self._last, LONGEST_ROUND) if self._last else 0.0
        self._last = seconds
        decks = {deck.number: deck for deck in now.decks}
        for number, play in list(self._plays.items()):
            deck = decks.get(number)
            if deck is None or not play.is_of(now, deck):
                self._end(play)
        for number, deck in decks.items():
            running = self._plays.get(number)
            if running is None:
                running = self._plays[number] = Play(number, now.pid, deck.serial, deck.path)
                self._note(deck)
            if deck.heard:
                running.started = running.started or self._core.clock.now().ms
                running.tempo = deck.tempo if not running.heard else running.tempo
                running.heard += passed
        self._keep()

    def _note(self, deck: Deck) -> None:
        if deck.path:
            with self._core.database.writing() as connection:
                tracks.note(connection, Path(deck.path), deck.title, deck.artist, deck.seconds, deck.bpm, deck.key)

    def _keep(self) -> None:
        due = [play for play in self._plays.values() if play.heard - self._kept.get(play.deck, 0.0) >= KEEP_SECONDS]
        if due:
            with self._core.database.writing() as connection:
                for play in due:
                    connection.execute(
                        "INSERT OR REPLACE INTO playing VALUES (?, ?)", (play.deck, json.dumps(asdict(play)))
                    )
            for play in due:
                self._kept[play.deck] = play.heard

    def _end(self, play: Play) -> None:
        """Tell it once: the message, and that it no longer runs, are one transaction."""
        path = Path(play.path)
        connection = self._core.database.connection
        told = play.heard >= LEAST_SECONDS and bool(settings.get(connection, "plays.told"))
        fresh = tracks.hashed(path) if told and tracks.find(connection, path).hash is None else None
        if told or play.deck in self._kept:
            with self._core.database.writing() as connection:
                if fresh and fresh[0]:
                    tracks.keep_hash(connection, path, fresh)
                if told:
                    track = tracks.find(connection, path)
                    row = connection.execute(
                        "SELECT \"set\" FROM recordings WHERE state = 'started' AND name = ?",
                        (Path(self._core.now.recording).name,),
                    ).fetchone()
                    heard = round(play.heard, 2)
                    body = Played(track, play.deck, play.started, heard, play.tempo, row[0] if row else None)
                    self._core.outbox.add(connection, body)
                connection.execute("DELETE FROM playing WHERE deck = ?", (play.deck,))
            self._core.wake()
        self._plays.pop(play.deck, None)
        self._kept.pop(play.deck, None)
