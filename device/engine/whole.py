"""Decoding whole files and waiting for them, for work that is not live."""

import selectors
import tempfile
from collections.abc import Iterable
from pathlib import Path

from device.engine.tracks import DecoderPool, Track
from device.errors import InputError


def load_whole(files: Iterable[Path], samplerate: int) -> dict[Path, Track]:
    """Decode files one after another. InputError with the decoder's sentence for the first that cannot be."""
    tracks: dict[Path, Track] = {}
    with tempfile.TemporaryDirectory() as folder:  # for the waveforms, which nobody looks at
        pool = DecoderPool(samplerate, Path(folder))
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(pool, selectors.EVENT_READ)
                for serial, path in enumerate(files, 1):
                    if path.exists():
                        tracks[path] = _wait(pool, pool.load(path, serial), selector)
                    else:
                        raise InputError(f"there is no file {path}")
        finally:
            pool.close()
    return tracks


def _wait(pool: DecoderPool, track: Track, selector: selectors.BaseSelector) -> Track:
    while not track.done and not track.error:
        selector.select(1.0)
        pool.pump()
    if track.error:
        raise InputError(track.error)
    return track
