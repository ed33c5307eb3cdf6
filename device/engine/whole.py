"""Decoding whole files and waiting for them, for work that is not live."""

import itertools
import selectors
import tempfile
from pathlib import Path
from types import TracebackType

from device.engine.tracks import DecoderPool, Track
from device.errors import InputError


class WholeTracks:
    """Decodes one file at a time, each when it is asked for. Close it, or use it as a context."""

    def __init__(self, samplerate: int):
        self._folder = tempfile.TemporaryDirectory()  # for the waveforms, which nobody looks at
        self._selector = selectors.DefaultSelector()
        self._serials = itertools.count(1)
        self._pool = DecoderPool(samplerate, Path(self._folder.name))
        self._selector.register(self._pool, selectors.EVENT_READ)

    def load(self, path: Path) -> Track:
        """The whole track. InputError with a sentence that says why it cannot be had."""
        if not path.exists():
            raise InputError(f"there is no file {path}")
        track = self._pool.load(path, next(self._serials))
        while not track.done and not track.error:
            self._selector.select(1.0)
            self._pool.pump()
        if track.error:
            raise InputError(track.error)
        return track

    def close(self) -> None:
        """End the decoders. Tracks stay."""
        self._selector.close()
        self._pool.close()
        self._folder.cleanup()

    def __enter__(self) -> "WholeTracks":
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.close()
