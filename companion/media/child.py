"""The child process that reads a stranger's file: `python -I -m companion.media.child FORMAT`.

The file is its standard input. To its standard output it writes lines of JSON: `{"progress": 0.4}` now and then; at the
end `{"refused": sentence}`, `{"broken": text}`, or `{"facts": …, "blobs": [[name, bytes], …]}` and the blobs behind it.
"""

import encodings.cp437
import encodings.idna
import encodings.utf_16  # noqa: F401 - nothing can be imported later
import io
import json
import os
import pkgutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import Any

import av
from PIL import Image

from companion.media import archives, decoding, images
from companion.media.isolation import brisk, shut_in
from companion.media.kinds import FORMATS, Format, Refused
from companion.media.loudness import LoudnessMeter
from companion.media.spectrum import SpectrumMeter
from companion.media.waveform import WaveformMaker

INPUT = 0
TELL_SECONDS = 0.3
CUT_SECONDS = 0.2  # less than that may be missing by a codec's delay
MOST_SECONDS = 600  # of processor time, and one for each MiB; a small file, which may be made to take long, gets less
OPENING_SECONDS = 8  # of processor time for what stands before the sound
Facts = dict[str, Any]
Blobs = dict[str, bytes]


class Teller:
    """Writes progress, not too often."""

    def __init__(self, output: io.RawIOBase | io.BufferedIOBase):
        self._output = output
        self._last = 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._last >= TELL_SECONDS:
            self._last = now
            self.line({"progress": round(share, 3)})

    def line(self, content: dict[str, Any]) -> None:
        """Write one line."""
        self._output.write(json.dumps(content).encode() + b"\n")
        self._output.flush()


def read_audio(format_: Format, progress: Callable[[float], None]) -> tuple[Facts, Blobs]:
    """Facts, tags, loudness and spectrum of a sound; its waveform, and its cover if it has one.

    `cut_short` among the facts: the seconds that the file should have, where there are less.
    """
    _refuse_archives()
    with brisk(OPENING_SECONDS), decoding.open_file(format_, INPUT) as container:
        picture = decoding.cover(container)
    with brisk(OPENING_SECONDS):
        container = decoding.open_file(format_, INPUT)
    with container:
        stream = decoding.sound(container)
        facts, named = decoding.describe(stream), decoding.promised(format_, stream, INPUT)
        said = decoding.tags(container, stream)
        names = [channel.name for channel in stream.layout.channels]
        rate, size = facts["rate"], decoding.file_size(INPUT)
        loudness, waveform = LoudnessMeter(rate, names), WaveformMaker(rate)
        spectrum = SpectrumMeter(rate, len(names))
        expected = (container.duration or 0) / 1e6 * rate or size / 2
        frames = 0
        for samples in decoding.blocks(container, stream):
            frames += samples.shape[1]
            loudness.add(samples)
            waveform.add(samples)
            spectrum.add(samples)
            progress(min(frames / expected, 1.0))
    seconds = frames / rate
    facts |= {"seconds": round(seconds, 3), "frames": frames, "bitrate": round(8 * size / seconds)}
    if named is not None and seconds < named - CUT_SECONDS:
        facts["cut_short"] = round(named, 3)
    facts |= {"tags": said, "loudness": asdict(loudness.result()), "spectrum": spectrum.result()}
    blobs = {"waveform": waveform.result()}
    if picture and len(picture) <= images.LARGEST_COVER:
        try:
            facts["cover"], covers = images.look(picture)
            blobs |= covers
        except Refused as exc:
            facts["cover_refused"] = str(exc)
    return facts, blobs


def read_video(format_: Format, progress: Callable[[float], None]) -> tuple[Facts, Blobs]:
    """Facts of a video and its first picture; an MP4 without pictures is read as a sound."""
    _refuse_archives()
    with decoding.open_file(format_, INPUT) as container:
        if format_.demuxer == "mov" and container.streams.audio and not container.streams.video:
            sound = True
        else:
            sound = False
            facts, picture = decoding.picture(container)
            facts["sound"] = decoding.describe(container.streams.audio[0]) if container.streams.audio else None
    if sound:
        facts, blobs = read_audio(FORMATS["m4a"], progress)
        return facts | {"format": "m4a"}, blobs
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    facts["cover"], blobs = images.look(file.getvalue())
    return facts, blobs


def read_image(format_: Format, _progress: Callable[[float], None]) -> tuple[Facts, Blobs]:
    """Facts of a picture and smaller versions of it."""
    with open(INPUT, "rb", closefd=False) as file:
        facts, blobs = images.look(file.read())
    if facts["format"] != format_.name:
        raise Refused("the picture is damaged and cannot be read; save it again")
    return facts, blobs


def read_project(format_: Format, progress: Callable[[float], None]) -> tuple[Facts, Blobs]:
    """Facts of a project file."""
    with open(INPUT, "rb", closefd=False) as file:
        if format_.name == "json":
            return archives.look_into_json(file), {}
        return archives.look_into_zip(file, progress), {}


def _refuse_archives() -> None:
    with open(INPUT, "rb", closefd=False) as file:
        if archives.hides_archive(file):
            raise Refused("an archive hides at the end of this file; export it again")
    os.lseek(INPUT, 0, os.SEEK_SET)


def _import_all() -> None:
    """What the libraries load at first use, while files can still be opened."""
    Image.init()
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.startswith("av.__"):
            import_module(module.name)


READERS = {"audio": read_audio, "video": read_video, "image": read_image, "project": read_project}


def main() -> int:
    """Read what is at standard input and tell."""
    format_ = FORMATS[sys.argv[1]]
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    teller = Teller(output)
    _import_all()
    large = decoding.file_size(INPUT) >> 20
    gone = shut_in(min(MOST_SECONDS + large, 60 + 30 * large))
    try:
        facts, blobs = READERS[format_.kind](format_, teller)
    except Refused as exc:
        teller.line({"refused": str(exc)})
    except MemoryError:
        teller.line({"refused": "reading this file takes more memory than is allowed; make it smaller or simpler"})
    except Exception as exc:  # the parent logs it; the sentence for a person is there
        teller.line({"broken": f"{type(exc).__name__}: {exc}"[:500]})
    else:
        facts["apart"] = gone
        teller.line({"facts": facts, "blobs": [[name, len(data)] for name, data in blobs.items()]})
        for data in blobs.values():
            output.write(data)
    output.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
