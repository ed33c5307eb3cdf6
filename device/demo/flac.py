"""FLAC files of the demo crate: written whole with their tags, and checked without decoding them."""

import os
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from device.demo.score import RATE

_BLOCK = 4096
_NEAR_END = 4 * _BLOCK


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says of itself: its length in frames and its tags, in lower case."""

    frames: int
    tags: dict[str, str]


def write(path: Path, samples: npt.NDArray[np.int16], tags: dict[str, str]) -> None:
    """Write (2, frames) of 16 bits at `score.RATE`, and wait until the disk has it. Raises OSError.

    Equal samples and tags give an equal file.
    """
    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as out:
        stream = out.add_stream("flac", rate=RATE, layout="stereo", format="s16")
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        out.metadata.update(tags)
        for start in range(0, samples.shape[1], _BLOCK):
            block = np.ascontiguousarray(samples[:, start : start + _BLOCK].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
            frame.sample_rate = RATE
            frame.pts = start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with path.open("rb") as file:
        os.fsync(file.fileno())


def look(path: Path) -> Sheet | None:
    """What the file's header says; None when there is no such file, it is no FLAC file or its end is missing."""
    try:
        with av.open(str(path), format="flac") as file:
            stream = file.streams.audio[0]
            if stream.duration is None or stream.time_base is None:
                return None
            file.seek(max(0, stream.duration - _NEAR_END), stream=stream)
            last = [packet.pts + (packet.duration or 0) for packet in file.demux(stream) if packet.pts is not None]
            if not last or last[-1] != stream.duration:  # cut off
                return None
            tags = {name.lower(): text for name, text in file.metadata.items()}
            return Sheet(round(stream.duration * stream.time_base * RATE), tags)
    except (OSError, av.FFmpegError, IndexError, ValueError):
        return None
