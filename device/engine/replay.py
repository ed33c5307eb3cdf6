"""Playing a set log through an offline engine."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.decks.setlog import Event, SetLog
from device.engine.offline import OfflineEngine, Planes
from device.engine.whole import load_whole
from device.errors import InputError
from device.panel import controls
from dsp_cython.engine import TrackMemory

CHUNK_SECONDS = 1.0


class Replay:
    """One pass through a log. Tracks are decoded first, so nothing is waited for while playing."""

    def __init__(self, log: SetLog, beside: Path):
        if not any(log.block % block == 0 for block in range(16, 65)):
            raise InputError(f'"block" must be a multiple of a number from 16 to 64, not {log.block}')
        self.log = log
        self.done = 0.0
        self._engine = OfflineEngine(log.samplerate, log.block)
        self._serials = itertools.count(1)
        self._beside = beside
        self._tracks = load_whole(log.tracks(beside), log.samplerate)
        for deck, name in log.load.items():
            self._load(deck, name)
        for deck, grid in log.grid.items():
            self._engine.do(f"{deck}.grid", [grid.bpm, grid.first_beat])

    def _load(self, deck: str, name: str) -> None:
        track = self._tracks[self._beside / name]
        memory = TrackMemory(track.samples, track.stride, track.frames, next(self._serials))
        self._engine.load(int(deck.removeprefix("deck")), memory)

    def _perform(self, event: Event) -> None:
        deck, _, what = event.name.partition(".")
        if what == "load":
            self._load(deck, str(event.value))
        elif what in ("hold", "late") or controls.table()[event.name].kind != "value":
            self._engine.do(event.name, event.value)
        else:
            self._engine.set(event.name, float(str(event.value)))

    def chunks(self) -> Iterator[Planes]:
        """Main, (2, n) at a time, exactly `seconds` long in all, without the limiter's delay and the lead-in."""
        log, engine, rate = self.log, self._engine, self.log.samplerate
        skip = round(log.start * rate) + engine.engine.delay
        left = round(log.seconds * rate)
        total = skip + left
        frame, next_event = 0, 0
        frames = [round(event.seconds * rate) for event in log.events]
        chunk = max(1, int(CHUNK_SECONDS * rate / log.block))
        while left > 0:
            while next_event < len(frames) and frames[next_event] <= frame:
                self._perform(log.events[next_event])
                next_event += 1
            steps = chunk
            if next_event < len(frames):
                steps = min(steps, -(-(frames[next_event] - frame) // log.block))
            planes = engine.render(steps * log.block)[:2]
            engine.engine.drain()
            frame += planes.shape[1]
            if skip:
                gone = min(skip, planes.shape[1])
                planes, skip = planes[:, gone:], skip - gone
            planes = np.ascontiguousarray(planes[:, :left])
            left -= planes.shape[1]
            self.done = 1 - left / total
            if planes.shape[1]:
                yield planes
