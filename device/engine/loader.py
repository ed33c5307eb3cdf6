"""Getting tracks onto decks: decode in a child, hand over at the first block, keep what is asked for meanwhile."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from device.engine.tracks import DecoderPool, Track
from device.errors import InputError
from device.library import crate
from device.panel.client import Argument
from dsp_cython.engine import Engine, TrackMemory
from dsp_cython.names import OPS

log = logging.getLogger(__name__)
_LOAD, _EJECT = OPS.index("load"), OPS.index("eject")
FIRST_FRAMES = 1  # a track goes onto its deck as soon as anything of it can be played

Say = Callable[[str, str], None]  # a panel text's name, the text
Act = Callable[[str, Argument], None]


@dataclass(slots=True)
class _Loading:
    track: Track
    waiting: list[tuple[str, Argument]] = field(default_factory=list)


class Loader:
    """Loads for four decks. `say` sets panel texts, `act` performs a deck's action once its track is there."""

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
        file = Path(path).expanduser()
        if not file.is_absolute():
            raise InputError(f"{deck}.load takes an absolute path, not {path}")
        if not file.exists():
            raise InputError(f"there is no file {file}")
        previous = self._loading.pop(deck, None)
        if previous is not None:
            self._drop(previous.track)
        self._serial += 1
        self._say(f"{deck}.message", f"loading {file.name}")
        track = self._pool.load(file, self._serial)
        self._tracks[track.serial] = track
        self._loading[deck] = _Loading(track)

    def pending(self, deck: str) -> list[tuple[str, Argument]] | None:
        """Where actions for a deck wait while its track is on the way; None when it is not."""
        loading = self._loading.get(deck)
        return loading.waiting if loading else None

    @property
    def busy(self) -> bool:
        """Whether any deck waits for its first block."""
        return bool(self._loading)

    def eject(self, deck: str) -> None:
        """Empty a deck, or give up loading it."""
        loading = self._loading.pop(deck, None)
        if loading is not None:
            self._drop(loading.track)
        self._engine.command(_EJECT, int(deck[4:]) - 1)
        self.on_deck.discard(deck)
        self.gridded.discard(deck)
        for name in ("title", "artist", "key_name", "path", "message"):
            self._say(f"{deck}.{name}", "")

    def pump(self) -> None:
        """Take what the decoders made; free what the engine let go of."""
        for track in self._pool.pump():
            memory = self._memory.get(track.serial)
            deck = next((name for name, loading in self._loading.items() if loading.track is track), None)
            if memory is None and deck is not None:
                if track.error:
                    self._loading.pop(deck)
                    self._say(f"{deck}.message", track.error)
                    log.warning("%s: %s", deck, track.error)
                    self._drop(track)
                    continue
                if track.memory is not None and (track.ready >= FIRST_FRAMES or track.done):
                    memory = self._hand_over(deck, track)
            if memory is not None:
                if track.done:
                    memory.finish(track.frames)
                    self._tell_note(track)
                else:
                    memory.advance(track.ready, track.frames)
        for serial in [serial for serial in self._memory if serial not in self._engine.holding]:
            del self._memory[serial]
            self._drop(self._tracks[serial])

    def _hand_over(self, deck: str, track: Track) -> TrackMemory:
        memory = TrackMemory(track.samples, track.stride, 0, track.serial, False)
        memory.advance(track.ready, track.frames)
        number = int(deck[4:]) - 1
        if not self._engine.command(_LOAD, number, 0, 0.0, 0.0, memory):
            raise InputError("too many actions at one time")
        self._memory[track.serial] = memory
        self.on_deck.add(deck)
        self._serials[deck] = track.serial
        self.gridded.discard(deck)
        self.paths[track.serial] = str(track.path)
        entry = crate.describe(track.path)
        titled = entry.title != track.path.stem
        self._say(f"{deck}.title", entry.title if titled else track.title or track.path.stem)
        self._say(f"{deck}.artist", entry.artist or track.artist)
        self._say(f"{deck}.key_name", entry.key)
        self._say(f"{deck}.path", str(track.path))
        self._say(f"{deck}.message", "")
        waiting = self._loading.pop(deck).waiting
        if entry.bpm > 0:
            self._act(f"{deck}.grid", [entry.bpm, entry.first_beat])
        for name, argument in waiting:
            self._act(name, argument)
        return memory

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
