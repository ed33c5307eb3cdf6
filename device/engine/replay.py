"""Playing a set log through an offline engine."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.decks.setlog import BLOCK_EVENT, ENGINE_EVENTS, Event, SetLog
from device.engine.offline import OfflineEngine, Planes
from device.engine.tracks import Track
from device.engine.whole import WholeTracks
from device.errors import InputError
from device.panel import controls
from dsp_cython.engine import TrackMemory

CHUNK_SECONDS = 1.0
MOST_ACTIONS = 1024  # on one block: so many commands the engine's ring holds


class Replay:
    """One pass through a log. Close it when it is done.

    Each track is decoded when a deck is first given it and let go of after the last time, so that a night of music
    needs no more memory than the decks.
    """

    def __init__(self, log: SetLog, beside: Path):
        if not any(log.block % block == 0 for block in range(16, 65)):
            raise InputError(f'"block" must be a multiple of a number from 16 to 64, not {log.block}')
        self.log = log
        self.done = 0.0
        self._engine = OfflineEngine(log.samplerate, log.block)
        self._serials = itertools.count(1)
        self._beside = beside
        self._check_actions()
        self._loads = Counter(log.load.values()) + Counter(str(event.value) for event in log.events if _is_load(event))
        self._check_files()
        self._decoded: dict[str, Track] = {}
        self._whole = WholeTracks(log.samplerate)
        try:
            for deck, name in log.load.items():
                self._load(deck, name)
        except InputError:
            self.close()
            raise
        for deck, grid in log.grid.items():
            self._engine.do(f"{deck}.grid", [grid.bpm, grid.first_beat])

    def close(self) -> None:
        """End what decodes."""
        self._whole.close()

    def _check_files(self) -> None:
        """InputError for the first file that is not there, before anything is played."""
        for path in self.log.tracks(self._beside):
            try:
                found = path.exists()
            except (OSError, ValueError) as exc:
                reason = (getattr(exc, "strerror", None) or str(exc)).lower()
                raise InputError(f"a track of the log cannot be read: {reason}") from exc
            if not found:
                raise InputError(f"there is no file {path}")

    def _load(self, deck: str, name: str) -> None:
        track = self._decoded.get(name)
        if track is None:
            track = self._decoded[name] = self._whole.load(self._beside / name)
        self._loads[name] -= 1
        if not self._loads[name]:
            del self._decoded[name]  # the deck has it now
        memory = TrackMemory(track.samples, track.stride, track.frames, next(self._serials))
        self._engine.load(int(deck.removeprefix("deck")), memory)

    def _check_actions(self) -> None:
        already = len(self.log.load) + len(self.log.grid)
        for frame, events in self._steps():
            actions = already + sum(_is_action(event) for event in events)
            if actions > MOST_ACTIONS:
                at = frame / self.log.samplerate
                raise InputError(f"{actions} actions fall on the block at {at:g} s; the engine takes {MOST_ACTIONS}")
            already = 0

    def _steps(self) -> Iterator[tuple[int, list[Event]]]:
        """(frame, events) of every block that begins with events, in order; the first is at frame 0."""
        frame, block, due = 0, self.log.block, list[Event]()
        for event in self.log.events:
            ahead = round(event.seconds * self.log.samplerate) - frame
            if ahead > 0:
                yield frame, due
                frame, due = frame + -(-ahead // block) * block, []
            due.append(event)
            if event.name == BLOCK_EVENT:
                block = int(float(str(event.value)))
        yield frame, due

    def _perform(self, event: Event) -> None:
        if event.name == BLOCK_EVENT:
            self._engine.period = int(float(str(event.value)))
        elif _is_load(event):
            self._load(event.name.removesuffix(".load"), str(event.value))
        elif _is_action(event):
            self._engine.do(event.name, event.value)
        else:
            self._engine.set(event.name, float(str(event.value)))

    def chunks(self) -> Iterator[Planes]:
        """Main, (2, n) at a time, exactly `seconds` long in all, without the limiter's delay and the lead-in.

        While the lead-in is played, n is 0; `done` tells how far it all is, from 0 to 1.
        """
        log, engine, rate = self.log, self._engine, self.log.samplerate
        skip = round(log.start * rate) + engine.engine.delay
        left = round(log.seconds * rate)
        total = skip + left
        frame = 0
        for at, events in itertools.chain(self._steps(), [(total, [])]):
            while frame < at and left > 0:
                block = engine.period
                steps = min(max(1, int(CHUNK_SECONDS * rate / block)), -(-(at - frame) // block))
                planes = engine.render(steps * block)[:2]
                engine.engine.drain()
                frame += planes.shape[1]
                gone = min(skip, planes.shape[1])
                skip -= gone
                planes = np.ascontiguousarray(planes[:, gone:][:, :left])
                left -= planes.shape[1]
                self.done = min(1.0, frame / total)
                yield planes
            for event in events:
                self._perform(event)


def _is_load(event: Event) -> bool:
    return event.name.endswith(".load")


def _is_action(event: Event) -> bool:
    """Whether it takes a command of the engine, rather than a value of the panel."""
    if event.name == BLOCK_EVENT:
        return False
    return event.name in ENGINE_EVENTS or controls.table()[event.name].kind != "value"
