"""Getting tracks onto decks: decode in a child, hand over at the first block, keep what is asked for meanwhile."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from device.engine.tracks import DecoderPool, Track
from device.errors import InputError, RackdeckError
from device.library import crate
from device.panel.client import Argument
from device.panel.controls import SLOWEST_BPM
from dsp_cython.engine import Engine, TrackMemory
from dsp_cython.names import OPS

log = logging.getLogger(__name__)
_LOAD, _EJECT = OPS.index("load"), OPS.index("eject")
FIRST_FRAMES = 1  # a track goes onto its deck as soon as anything of it can be played

MOST_WAITING = 256  # actions kept for a track that is on its way

Say = Callable[[str, str], None]  # a panel text's name, the text
Act = Callable[[str, Argument], None]


class QueueFullError(InputError):
    """The audio thread has not yet taken what was asked before."""

    def __init__(self) -> None:
        super().__init__("too many actions at one time; try again")


@dataclass(slots=True)
class _Loading:
    track: Track
    handed_over: bool = False
    waiting: deque[tuple[str, Argument]] = field(default_factory=deque)

    @property
    def playable(self) -> bool:
        return self.track.memory is not None and (self.track.ready >= FIRST_FRAMES or self.track.done)


class Loader:
    """Loads for four decks. `say` sets panel texts, `act` performs a deck's action once its track is there.

    `act` raises QueueFullError to be asked again later.
    """

    def __init__(self, engine: Engine, pool: DecoderPool, say: Say, act: Act, first_serial: int = 1):
        self._engine, self._pool, self._say, self._act = engine, pool, say, act
        self._serial = first_serial - 1
        self._loading: dict[str, _Loading] = {}
        self._tracks: dict[int, Track] = {}
        self._memory: dict[int, TrackMemory] = {}
        self.paths: dict[int, str] = {}
        self.on_deck: set[str] = set()
        self._serials: dict[str, int] = {}
        self.gridded: set[str] = set()

    def load(self, deck: str, path: str) -> None:
        """Start loading; InputError at once for what is no readable file. What plays goes on until the first block."""
        file = Path(path)
        if not file.is_absolute():
            raise InputError(f"{deck}.load takes an absolute path, not {path[:200]}")
        try:
            found = file.exists()
        except OSError:  # a name longer than any can be
            found = False
        if not found:
            raise InputError(f"there is no file {path[:200]}")
        self._give_up(deck)
        self._serial += 1
        self._say(f"{deck}.message", f"loading {file.name}")
        track = self._pool.load(file, self._serial)
        self._tracks[track.serial] = track
        self._loading[deck] = _Loading(track)

    def postpone(self, deck: str, actions: Iterable[tuple[str, Argument]]) -> bool:
        """Keep actions for a track that is on its way; False when none is. InputError when too many wait."""
        loading = self._loading.get(deck)
        if loading is None:
            return False
        for action in actions:
            if len(loading.waiting) >= MOST_WAITING:
                raise InputError(f"{deck} is still loading, and too much waits for it already; try again")
            loading.waiting.append(action)
        return True

    @property
    def busy(self) -> bool:
        """Whether any deck waits for its first block."""
        return bool(self._loading)

    def eject(self, deck: str) -> None:
        """Empty a deck, or give up loading it."""
        if not self._engine.command(_EJECT, int(deck[4:]) - 1):
            raise QueueFullError
        self._give_up(deck)
        self.on_deck.discard(deck)
        self.gridded.discard(deck)
        for name in ("title", "artist", "key_name", "path", "message"):
            self._say(f"{deck}.{name}", "")

    def _give_up(self, deck: str) -> None:
        """Forget what is on its way to a deck; what it handed over already stays."""
        loading = self._loading.pop(deck, None)
        if loading is not None and not loading.handed_over:
            self._drop(loading.track)

    def pump(self) -> None:
        """Take what the decoders made, hand it over, free what the engine let go of."""
        for track in self._pool.pump():
            if track.serial in self._memory:
                self._advance(track)
        for deck, loading in list(self._loading.items()):
            if loading.track.error and not loading.handed_over:
                self._loading.pop(deck)
                self._say(f"{deck}.message", loading.track.error)
                log.warning("%s: %s", deck, loading.track.error)
                self._drop(loading.track)
            elif loading.playable:
                self._hand_over(deck, loading)
        for serial in [serial for serial in self._memory if serial not in self._engine.holding]:
            del self._memory[serial]
            self._drop(self._tracks[serial])

    def _advance(self, track: Track) -> None:
        memory = self._memory[track.serial]
        if track.done:
            memory.finish(track.frames)
            self._tell_note(track)
        else:
            memory.advance(track.ready, track.frames)

    def _hand_over(self, deck: str, loading: _Loading) -> None:
        """Put the track onto its deck and do what waited for it; what finds the queue full comes at the next call."""
        if not loading.handed_over:
            if not self._put_on_deck(deck, loading.track):
                return
            loading.handed_over = True
            entry = crate.describe(loading.track.path)
            self._describe(deck, loading.track, entry)
            if entry.bpm >= SLOWEST_BPM:
                loading.waiting.appendleft((f"{deck}.grid", [entry.bpm, entry.first_beat]))
        while loading.waiting:
            try:
                self._act(*loading.waiting[0])
            except QueueFullError:
                return
            except RackdeckError as exc:
                self._say(f"{deck}.message", str(exc))
            loading.waiting.popleft()
        del self._loading[deck]

    def _put_on_deck(self, deck: str, track: Track) -> bool:
        memory = TrackMemory(track.samples, track.stride, 0, track.serial, False)
        if not self._engine.command(_LOAD, int(deck[4:]) - 1, 0, 0.0, 0.0, memory):
            return False
        self._memory[track.serial] = memory
        self.on_deck.add(deck)
        self._serials[deck] = track.serial
        self.gridded.discard(deck)
        self.paths[track.serial] = str(track.path)
        self._advance(track)
        return True

    def _describe(self, deck: str, track: Track, entry: crate.Entry) -> None:
        titled = entry.title != track.path.stem
        self._say(f"{deck}.title", entry.title if titled else track.title or track.path.stem)
        self._say(f"{deck}.artist", entry.artist or track.artist)
        self._say(f"{deck}.key_name", entry.key)
        self._say(f"{deck}.path", str(track.path))
        if not track.note:
            self._say(f"{deck}.message", "")

    def _tell_note(self, track: Track) -> None:
        """Say what is missing of a track that plays all the same, where it is loaded."""
        if track.note:
            log.warning("%s", track.note)
        for deck, serial in self._serials.items():
            if serial == track.serial and track.note:
                self._say(f"{deck}.message", track.note)

    def _drop(self, track: Track) -> None:
        track.close()
        self._tracks.pop(track.serial, None)

    def close(self) -> None:
        """End all decoding and free all tracks; the audio must have stopped."""
        self._pool.close()
        self._engine.forget_tracks()
        self._memory.clear()
        for track in list(self._tracks.values()):
            track.close()
