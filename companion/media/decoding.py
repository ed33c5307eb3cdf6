"""Reading audio and video with libav: facts, tags, cover, and samples in blocks. Runs in the sandboxed child alone."""

import os
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from companion.media.kinds import Format, Refused

BLOCK = 1 << 16  # frames
LONGEST_SECONDS = 6 * 3600
_TOO_LONG = Refused(f"it is longer than {LONGEST_SECONDS // 3600} hours; cut it into parts")
MOST_CHANNELS = 8
MOST_SIDE = 8192
_LOUDEST = 64.0  # what a file of floats may hold above full scale
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
# our name: what formats call it
TAGS = {
    "title": ("title", "tit2", "inam"),
    "artist": ("artist", "tpe1", "iart"),
    "album": ("album", "talb", "iprd"),
    "album_artist": ("album_artist", "albumartist", "tpe2"),
    "year": ("date", "year", "tdrc", "tyer", "icrd"),
    "genre": ("genre", "tcon", "ignr"),
    "number": ("track", "tracknumber", "trck"),
    "isrc": ("isrc", "tsrc"),
    "composer": ("composer", "tcom"),
    "label": ("publisher", "organization", "label", "tpub"),
    "copyright": ("copyright", "tcop", "icop"),
    "tempo": ("tbpm", "bpm", "tmpo"),
    "key": ("tkey", "initialkey", "initial_key", "key"),
    "comment": ("comment", "icmt", "description"),
}
_HEAD = 4096
_MOST_CHUNKS = 1000
_OPEN = (0xFFFFFFFF, 0, 0x7FFFFFFF, 0x7FFFF000)  # what programs write that do not know the length yet
_LOSSLESS = ("pcm_", "flac", "alac", "wavpack")


def open_file(format_: Format, descriptor: int) -> Any:
    """The container at a descriptor, read as `format_` and nothing else, so that no playlist can name other files."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        return av.open(
            "fd:",
            format=format_.demuxer,
            options={"fd": str(descriptor), "protocol_whitelist": "fd"},
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError, OSError) as exc:
        raise Refused("the file is damaged and cannot be read; export or send it again") from exc


def sound(container: Any) -> Any:
    """The audio stream to use. Refused without one, or when it is of no use."""
    if not container.streams.audio:
        raise Refused("there is no sound in this file")
    stream = container.streams.audio[0]
    if not 8000 <= stream.rate <= 384_000 or not 1 <= stream.channels <= MOST_CHANNELS:
        raise Refused(f"the sound has {stream.channels} channels at {stream.rate} Hz; 8 at 8 to 384 kHz are the most")
    if (container.duration or 0) > 2 * LONGEST_SECONDS * 1_000_000:  # what a header says may be a little wrong
        raise _TOO_LONG
    return stream


def describe(stream: Any) -> dict[str, Any]:
    """Facts of an audio stream, as its header states them."""
    codec = stream.codec_context.codec.canonical_name
    lossless = codec.startswith(_LOSSLESS)
    width = re.match(r"pcm_[a-z]+(\d+)", codec)
    bits = int(width[1]) if width else 16 if "16" in stream.format.name else 24
    return {
        "codec": codec,
        "rate": stream.rate,
        "channels": stream.channels,
        "layout": stream.layout.name,
        "bits": bits if lossless else None,
        "lossless": lossless,
    }


def tags(container: Any, stream: Any) -> dict[str, str]:
    """What the file says about itself, by our names, cleaned and cut to 500 characters."""
    said: dict[str, str] = {}
    for source in (stream.metadata, container.metadata):
        said |= {key.lower(): value for key, value in source.items()}
    found = {}
    for name, keys in TAGS.items():
        value = next((said[key] for key in keys if said.get(key)), "")
        value = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", value)).split())[:500]
        if value:
            found[name] = value
    return found


def cover(container: Any) -> bytes | None:
    """The embedded picture's bytes, not looked at yet."""
    for stream in container.streams.video:
        if stream.disposition & av.stream.Disposition.attached_pic:
            for packet in container.demux(stream):
                return bytes(packet) or None
    return None


def blocks(container: Any, stream: Any) -> Iterator[NDArray[np.float32]]:
    """All samples, in blocks of shape (channels, about BLOCK frames), at the stream's first rate and layout.

    Damaged packets are skipped. Refused when it is too long, or when nothing can be read.
    """
    stream.thread_type = "NONE"
    rate, layout = stream.rate, stream.layout.name
    resampler, source = AudioResampler("fltp", layout, rate), None
    waiting: list[NDArray[np.float32]] = []
    held = total = 0
    for frame in _frames(container, stream):
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != source:  # at the start, or where somebody glued two files together
            resampler, source = AudioResampler("fltp", layout, rate), kind
        for ready in resampler.resample(frame):
            waiting.append(np.asarray(ready.to_ndarray(), np.float32))
            held += ready.samples
        if held >= BLOCK:
            total += held
            if total > LONGEST_SECONDS * rate:
                raise _TOO_LONG
            yield _joined(waiting)
            waiting, held = [], 0
    if held:
        yield _joined(waiting)
    if not total + held:
        raise Refused("no sound could be read from this file; it may be damaged")


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except (av.error.InvalidDataError, av.error.EOFError):
                continue
    except (av.FFmpegError, OSError):
        return  # cut off: what was read counts


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    whole = np.concatenate(pieces, axis=1)
    np.nan_to_num(whole, copy=False, nan=0.0, posinf=_LOUDEST, neginf=-_LOUDEST)
    return np.clip(whole, -_LOUDEST, _LOUDEST, out=whole)


def promised(format_: Format, stream: Any, descriptor: int) -> float | None:
    """Seconds that the file's own head says it has; None for formats that do not say, or a head that leaves it open."""
    if format_.name == "wav":
        return _promised_wav(stream, descriptor)
    if format_.name == "mp3":
        head = os.pread(descriptor, _HEAD, 0)
        start = 0
        if head.startswith(b"ID3") and len(head) >= 10:
            start = 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        first = os.pread(descriptor, _HEAD, start)[:200]
        if b"Xing" not in first and b"Info" not in first:
            return None  # what libav says then is a guess by the file's size
    elif format_.name not in ("flac", "aiff", "m4a"):
        return None
    return float(stream.duration * stream.time_base) if stream.duration else None


def _promised_wav(stream: Any, descriptor: int) -> float | None:
    """The same of WAV and RF64, by the size of `data`: libav takes the file's own size where that is less."""
    at, long_size, width = 12, 0, 0
    for _ in range(_MOST_CHUNKS):
        head = os.pread(descriptor, 8, at)
        if len(head) < 8:
            return None
        size = int.from_bytes(head[4:], "little")
        if head[:4] == b"ds64":
            long_size = int.from_bytes(os.pread(descriptor, 8, at + 16), "little")
        elif head[:4] == b"fmt ":
            width = int.from_bytes(os.pread(descriptor, 2, at + 20), "little")  # bytes of one frame
        elif head[:4] == b"data":
            size = long_size if size == _OPEN[0] and long_size else size
            return None if size in _OPEN or not width else float(size / width / stream.rate)
        at += 8 + size + size % 2
    return None


def picture(container: Any) -> tuple[dict[str, Any], Any]:
    """Facts of the video stream, and its first picture as a PIL image. Refused when there is none."""
    stream = next(
        (one for one in container.streams.video if not one.disposition & av.stream.Disposition.attached_pic), None
    )
    if stream is None:
        raise Refused("there are no moving pictures in this file")
    if not 1 <= stream.width <= MOST_SIDE or not 1 <= stream.height <= MOST_SIDE:
        raise Refused(f"the video has {stream.width} x {stream.height} pixels; {MOST_SIDE} a side is the most")
    stream.thread_type = "NONE"
    facts = {
        "codec": stream.codec_context.codec.canonical_name,
        "width": stream.width,
        "height": stream.height,
        "frame_rate": round(float(stream.average_rate), 3) if stream.average_rate else None,
        "seconds": round(container.duration / av.time_base, 3) if container.duration else None,
    }
    for frame in _frames(container, stream):
        return facts, frame.to_image()
    raise Refused("no picture could be read from this video; it may be damaged")


def file_size(descriptor: int) -> int:
    """Bytes."""
    return os.fstat(descriptor).st_size
