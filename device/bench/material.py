"""The music that the bench plays: loud from its first frame, the same each time."""

import os
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bench.measurement import Say

Planes = NDArray[np.float32]  # (2, frames)

RATE = 48000
BEATS_A_MINUTE = 120.0
_VERSION = 1  # of the music; made files of another are not used
_LOOP_SECONDS = 8.0
_FRAMES_AT_ONCE = 1 << 16

# Suffix: encoder, container, form of samples, bits a second (0: does not apply).
FORMATS = {
    "wav": ("pcm_s16le", "wav", "s16", 0),
    "aiff": ("pcm_s16be", "aiff", "s16", 0),
    "flac": ("flac", "flac", "s16", 0),
    "mp3": ("libmp3lame", "mp3", "s16p", 320_000),
    "m4a": ("aac", "ipod", "fltp", 256_000),
    "ogg": ("vorbis", "ogg", "fltp", 256_000),
    "opus": ("libopus", "opus", "s16", 192_000),
}
_OPTIONS = {"mp3": {"compression_level": "7"}, "ogg": {"strict": "experimental"}}  # half LAME's time; allow Vorbis


@cache
def _loop(rate: int) -> Planes:
    """Eight seconds of kicks, chords and hiss that peak near full scale, as a mastered track does."""
    random = np.random.default_rng(20)
    at = np.arange(round(_LOOP_SECONDS * rate)) / rate
    beat = at % (60 / BEATS_A_MINUTE)
    kick = np.exp(-9 * beat) * np.cos(2 * np.pi * (50 * beat + 30 * np.exp(-30 * beat)))
    chord = sum(
        np.sin(2 * np.pi * hertz * at + phase) for phase, hertz in enumerate((110, 220, 277.5, 330, 554.5, 880))
    )
    left, right = 0.15 * chord + 0.06 * random.standard_normal((2, at.size))
    planes = np.stack([0.6 * kick + left, 0.6 * kick + right])
    return np.asarray(np.tanh(1.6 * planes) * 0.95, np.float32)


def pieces(seconds: float, rate: int = RATE) -> Iterator[Planes]:
    """Music of that length, (2, n) at a time."""
    loop, left = _loop(rate), round(seconds * rate)
    while left > 0:
        piece = loop[:, :left]
        left -= piece.shape[1]
        yield piece


def music(seconds: float, rate: int = RATE) -> Planes:
    """Music of that length."""
    found: Planes = np.concatenate(list(pieces(seconds, rate)), axis=1)
    return found


def sine(hertz: float, seconds: float, level: float = 0.5, rate: int = RATE) -> Planes:
    """A sine, the same on both sides."""
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.asarray([wave, wave], np.float32)


def file(cache: Path, suffix: str, seconds: float, say: Say, rate: int = RATE, name: str = "music") -> Path:
    """A music file of that length (a key of FORMATS), made when it is not there yet."""
    path = cache / f"{name}{_VERSION}-{seconds:g}s-{rate}.{suffix}"
    if not path.exists():
        if seconds >= 120:
            say(f"making {path.name}, once")
        write(path, pieces(seconds, rate), rate)
    return path


def write(path: Path, sound: Iterator[Planes], rate: int) -> None:
    """Encode `sound`; the file appears when it is whole."""
    import av

    encoder, container_name, form, bits = FORMATS[path.suffix[1:]]
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as raw, av.open(raw, "w", container_name) as container:
            stream = container.add_stream(encoder, rate=rate, options=_OPTIONS.get(path.suffix[1:]))
            assert isinstance(stream, av.AudioStream)
            stream.codec_context.layout = "stereo"
            stream.codec_context.format = form
            if bits:
                stream.codec_context.bit_rate = bits
            resampler = av.AudioResampler(form, "stereo", rate)
            queue = av.AudioFifo()
            stream.codec_context.open(strict=False)
            size = stream.codec_context.frame_size or _FRAMES_AT_ONCE
            at = 0
            for planes in sound:
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), "fltp", "stereo")
                frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
                at += planes.shape[1]
                for fitting in resampler.resample(frame):
                    queue.write(fitting)
                    for part in queue.read_many(size):
                        container.mux(stream.encode(part))
            rest = queue.read()
            if rest is not None:
                container.mux(stream.encode(rest))
            container.mux(stream.encode(None))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
