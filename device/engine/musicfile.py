"""Opens one music file and yields its sound: stereo 32-bit float at the engine's rate, mended where it is damaged."""

import errno
import os
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from device.engine import filekind
from device.engine.resampler import Resampler
from device.errors import InputError

CONTAINERS = "wav,w64,aiff,flac,mp3,aac,mov,ogg"
CODECS = frozenset({
    "pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le",
    "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt",
    "flac", "alac", "aac", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "vorbis", "libvorbis", "opus",
    "libopus",
})  # fmt: skip
#: Nothing may be opened but the file that is already open; pictures and video in it are not decoded.
OPTIONS = {
    "format_whitelist": CONTAINERS,
    "protocol_whitelist": "none",
    "codec_whitelist": ",".join(sorted(CODECS)),
    "enable_drefs": "0",
}
READ_BYTES = 1 << 16
MOST_CHANNELS = 8
RATES = range(2_000, 768_001)
FIRST_FRAMES = 4096  # the first block is short, so that playing can begin
BLOCKS_PER_SECOND = 2
LEAST_BITS_PER_SECOND = 1000  # a claimed length with less than this a second is a broken header, not music
CEILING = 256.0  # +48 dBFS; beyond it a number is damage, and would poison the filters that follow
SHORT_SECONDS = 0.5  # a track that ends this much before its header says is cut short
MOST_LATE_FRAMES = 2  # of the codec, behind the end
LEAST_GAP_SECONDS, LONGEST_GAP_SECONDS = 0.005, 10.0
MOST_LETTERS = 200
OTHER_KIND = "what follows is sound of a kind that Rackdeck cannot read"

SCALES: dict[str, tuple[float, float]] = {  # sample format to what is taken off and what one step is
    "u8": (128.0, 2.0**-7), "s16": (0.0, 2.0**-15), "s32": (0.0, 2.0**-31), "flt": (0.0, 1.0), "dbl": (0.0, 1.0),
}  # fmt: skip
TYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}
#: ITU-R BS.775: how much of a channel goes to the left and to the right. LFE is left out.
DOWNMIX: dict[str, tuple[float, float]] = {
    "FL": (1.0, 0.0), "FR": (0.0, 1.0), "FC": (0.7071, 0.7071), "FLC": (1.0, 0.0), "FRC": (0.0, 1.0),
    "BL": (0.7071, 0.0), "BR": (0.0, 0.7071), "SL": (0.7071, 0.0), "SR": (0.0, 0.7071), "BC": (0.5, 0.5),
    "DL": (1.0, 0.0), "DR": (0.0, 1.0), "LFE": (0.0, 0.0), "LFE2": (0.0, 0.0),
}  # fmt: skip

Floats = NDArray[np.float32]
Shape = tuple[str, bool, int, tuple[str, ...]]  # sample format, planar, rate, channel names


class MusicFile:
    """One music file that is open. `title` and `artist` may be empty; `claim` is the length in engine frames that it
    seems to have (0: unknown), `certain` whether that is more than a guess. InputError says why it cannot be played.

    Mono goes to both sides. More than two channels are mixed down by BS.775, scaled so that they cannot clip; channels
    without a known place go to both sides.
    """

    def __init__(self, file: BinaryIO, name: str, samplerate: int):
        self.name, self.samplerate = name, samplerate
        self._file, self._size = file, os.fstat(file.fileno()).st_size
        self._open(os.pread(file.fileno(), 512, 0))
        stream = self._stream
        self._reckon()
        tags = {key.lower(): value for key, value in {**self._container.metadata, **stream.metadata}.items()}
        self.title, self.artist = _clean(tags.get("title", "")), _clean(tags.get("artist", ""))
        self.damaged_places = 0
        self.damaged_seconds = 0.0
        self.broken_off = ""
        self._read = 0
        self._first_rate = 0
        self._names: dict[str, tuple[str, ...]] = {}  # channel names by layout
        self._lost = 0.0  # source frames that could not be decoded since the last good one
        self._expected: float | None = None  # where the next frame should begin, in seconds

    def _open(self, head: bytes) -> None:
        name = self.name
        if not self._size:
            raise InputError(f"{name} is empty; copy it again from where it came")
        foreign = filekind.foreign(head)
        if foreign:
            raise InputError(filekind.not_music(name, foreign))
        damaged = f"{name} is damaged or cut short: it does not say how to read its sound; copy it again"
        try:
            self._container = av.open(
                self._file,
                "r",
                format=_kind_behind_tag(self._file),
                options=OPTIONS,
                metadata_errors="replace",
                buffer_size=READ_BYTES,
            )
        except MemoryError as exc:
            raise InputError(f"{name} is damaged: it asks for more memory than there is; copy it again") from exc
        except (av.FFmpegError, ValueError) as exc:  # these first: FFmpeg's own errors may be OSErrors as well
            raise InputError(damaged if filekind.looks_like_music(head) else filekind.not_music(name)) from exc
        except OSError as exc:
            raise InputError(filekind.failed(name, exc)) from exc
        if not self._container.streams.audio:
            raise InputError(f"{name} has no sound in it; choose another file")
        self._stream = self._container.streams.audio[0]
        codec: Any = self._stream.codec_context  # None when FFmpeg has no decoder
        if codec is None or codec.name not in CODECS:
            what = f" ({codec.name})" if codec is not None else ""
            raise InputError(f"{name} holds sound of a kind that Rackdeck cannot read{what}; it plays {filekind.PLAYS}")
        codec.thread_count = 1
        if codec.name == "flac":
            codec.options = {"err_detect": "crccheck+explode"}  # a damaged frame is silence then, not a burst of noise
        if not codec.sample_rate or not codec.channels:
            raise InputError(damaged)
        self._check(codec.sample_rate, codec.channels)

    def _check(self, rate: int, channels: int) -> None:
        if rate not in RATES:
            raise InputError(f"{self.name} claims {rate} Hz; rates from {RATES[0]} to {RATES[-1]} Hz can be played")
        if not 0 < channels <= MOST_CHANNELS:
            raise InputError(f"{self.name} claims {channels} channels; 1 to {MOST_CHANNELS} can be played")

    def _reckon(self) -> None:
        """Find out how long the file claims to be, and whether to believe it."""
        stream, kind = self._stream, self._container.format.name
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        self.certain = _counts_frames(self._file) if kind == "mp3" else kind != "aac"
        if seconds <= 0 or self._size * 8 / seconds < LEAST_BITS_PER_SECOND:
            seconds, self.certain = 0.0, False
        promised = max(seconds, _wav_seconds(self._file) if kind == "wav" else 0.0)
        if stream.codec_context.name.startswith("pcm_") and stream.bit_rate:
            seconds = min(seconds, self._size * 8 / stream.bit_rate)
        self.claim, self._promised = round(seconds * self.samplerate), round(promised * self.samplerate)
        self._trim = round(seconds * stream.rate) if kind.startswith("mov") else 0
        self._has_times = kind in ("flac", "ogg") or kind.startswith("mov")

    def estimate(self, frames: int) -> int:
        """How long the track will be, in engine frames, now that so many are decoded."""
        if self.certain or not self._read:
            return max(self.claim, frames)
        return max(frames, round(frames * self._size / min(self._read, self._size)))

    def blocks(self) -> Iterator[Floats]:
        """Yield (2, n) float32 at the engine's rate until the file ends or breaks off."""
        resampler: Resampler | None = None
        rate = 0
        for block, source_rate in self._stereo():
            if source_rate != rate:
                if resampler is not None:
                    yield from resampler.finish()
                rate = source_rate
                resampler = Resampler(rate, self.samplerate) if rate != self.samplerate else None
            if resampler is None:
                yield block
            else:
                yield from resampler.push(block)
        if resampler is not None:
            yield from resampler.finish()

    def note(self, frames: int) -> str:
        """A sentence on what is missing from the `frames` that were decoded; empty for a whole file."""
        short = (self._promised - frames) / self.samplerate
        if self.broken_off:
            return f"{self.name} broke off after {_length(frames / self.samplerate)}: {self.broken_off}"
        if self.certain and short > SHORT_SECONDS:
            had, whole = _length(frames / self.samplerate), _length(self._promised / self.samplerate)
            return f"{self.name} is cut short: {had} of {whole} could be read; copy it again"
        if self.damaged_places:
            places = f"{self.damaged_places} places" if self.damaged_places > 1 else "one place"
            silent = f" and silent there for {self.damaged_seconds:.2f} s in all" if self.damaged_seconds else ""
            return f"{self.name} is damaged in {places}{silent}; copy it again"
        return ""

    def _stereo(self) -> Iterator[tuple[Floats, int]]:
        """Blocks (2, n) at the file's own rate, with that rate."""
        parts: list[NDArray[Any]] = []
        shape: Shape | None = None
        size, wanted = 0, FIRST_FRAMES
        for samples, now in self._raw():
            if shape is not None and parts and (now != shape or size >= wanted):
                yield _stereo(parts, shape), shape[2]
                parts, size, wanted = [], 0, max(FIRST_FRAMES, shape[2] // BLOCKS_PER_SECOND)
            shape = now
            parts.append(samples)
            size += samples.shape[1] // (1 if now[1] else len(now[3]))
        if shape is not None and parts:
            yield _stereo(parts, shape), shape[2]

    def _raw(self) -> Iterator[tuple[NDArray[Any], Shape]]:
        """Decoded frames as they come, silence where some were lost, without what an M4A has behind its end."""
        given = 0
        late: list[tuple[NDArray[Any], Shape]] = []
        for frame in self._frames():
            try:
                shape = self._shape(frame)
            except InputError:
                if not given:
                    raise
                self.broken_off = OTHER_KIND
                return
            for samples in (_silence(self._missing(frame), shape), _samples(frame, shape)):
                width = 1 if shape[1] else len(shape[3])
                keep = samples.shape[1]
                if self._trim and given + keep // width > self._trim:
                    keep = max(0, self._trim - given) * width
                    late.append((samples[:, keep:], shape))
                given += samples.shape[1] // width
                if keep:
                    yield samples[:, :keep], shape
            if len(late) > MOST_LATE_FRAMES:  # more than padding: the length was wrong, this is music
                yield from late
                late, self._trim = [], 0

    def _frames(self) -> Iterator[av.AudioFrame]:
        for packet in self._packets():
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except av.FFmpegError:
                if packet.size and packet.duration:
                    self._lost += float(packet.duration * packet.time_base)
                continue
            yield from (frame for frame in frames if frame.samples and frame.sample_rate)

    def _shape(self, frame: av.AudioFrame) -> Shape:
        form, layout = frame.format, frame.layout
        self._check(frame.sample_rate, layout.nb_channels)
        names = self._names.get(layout.name)
        if names is None:
            names = self._names[layout.name] = tuple(channel.name for channel in layout.channels)
        return form.name.removesuffix("p"), form.is_planar, frame.sample_rate, names

    def _missing(self, frame: av.AudioFrame) -> int:
        """How many frames were lost before `frame`: silence for them keeps what follows in its place."""
        lost, self._lost = self._lost, 0.0
        self._first_rate = self._first_rate or frame.sample_rate
        self._has_times &= frame.sample_rate == self._first_rate  # FFmpeg goes on counting time at the first rate
        if self._has_times and frame.pts is not None and frame.time_base:
            start = float(frame.pts * frame.time_base)
            if self._expected is None:
                begin = self._stream.start_time
                self._expected = float(begin * self._stream.time_base) if begin and self._stream.time_base else 0.0
            lost = start - self._expected
            self._expected = start
        if self._expected is not None:
            self._expected += frame.samples / frame.sample_rate
        if lost <= LEAST_GAP_SECONDS:
            return 0
        self.damaged_places += 1
        room = self.claim / self.samplerate if self.certain else LONGEST_GAP_SECONDS
        count = round(min(lost, room, LONGEST_GAP_SECONDS) * frame.sample_rate)
        self.damaged_seconds += count / frame.sample_rate
        return count

    def _packets(self) -> Iterator[Any]:
        try:
            for packet in self._container.demux(self._stream):
                if packet.pos is not None:
                    self._read = max(self._read, packet.pos + packet.size)
                yield packet
        except MemoryError:
            raise
        except av.PatchWelcomeError:
            self.broken_off = OTHER_KIND
        except av.FFmpegError:
            self.broken_off = "it is damaged there; copy it again"
        except OSError as exc:
            self.broken_off = f"the disk could not be read ({os.strerror(exc.errno or errno.EIO)})"


def _samples(frame: av.AudioFrame, shape: Shape) -> NDArray[Any]:
    """The samples of a frame, one row a plane. Not by `to_ndarray`: that reads beyond the planes of eight channels."""
    kind, planar, _, channels = shape
    count = frame.samples * (1 if planar else len(channels))
    planes: tuple[Any, ...] = frame.planes[: len(channels) if planar else 1]
    rows = [np.frombuffer(plane, TYPES[kind], count) for plane in planes]
    return rows[0][None, :] if len(rows) == 1 else np.stack(rows)


def _silence(frames: int, shape: Shape) -> NDArray[Any]:
    kind, planar, _, channels = shape
    size = (len(channels), frames) if planar else (1, frames * len(channels))
    return np.full(size, SCALES[kind][0], TYPES[kind])


def _stereo(parts: list[NDArray[Any]], shape: Shape) -> Floats:
    """Samples of any kind as (2, n) float32; not-a-number and infinite become 0."""
    form, planar, _, channels = shape
    joined = np.concatenate(parts, axis=1)
    offset, step = SCALES[form]
    with np.errstate(over="ignore", invalid="ignore"):
        sound = np.ascontiguousarray(joined if planar else joined.reshape(-1, len(channels)).T, np.float32)
    if offset:
        sound -= np.float32(offset)
    if step != 1.0:
        sound *= np.float32(step)
    elif sound.size and not max(sound.max(), -sound.min()) <= CEILING:
        sound = np.clip(np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0), -CEILING, CEILING)
    if len(channels) == 1:
        return np.concatenate([sound, sound])
    if len(channels) == 2:
        return sound
    matrix = np.array([DOWNMIX.get(channel, (0.7071, 0.7071)) for channel in channels], np.float32).T
    return np.ascontiguousarray((matrix / max(1.0, float(matrix.sum(axis=1).max()))) @ sound, np.float32)


def _clean(text: str) -> str:
    """A tag on one line, without control characters or broken letters."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text.partition("\0")[0])
    return " ".join(kept.split())[:MOST_LETTERS]


def _length(seconds: float) -> str:
    """A length as people say it."""
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _wav_seconds(file: BinaryIO) -> float:
    """The length that a WAV's header gives, whatever of it is there; 0 when the header leaves it open."""
    at, per_second, end = 12, 0, os.fstat(file.fileno()).st_size
    while at + 8 <= end:
        name, size = struct.unpack("<4sI", os.pread(file.fileno(), 8, at))
        if name == b"fmt " and size >= 16:
            per_second = struct.unpack("<I", os.pread(file.fileno(), 4, at + 16))[0]
        if name == b"data":
            return size / per_second if per_second and size < 0xFFFF0000 else 0.0
        at += 8 + size + size % 2
    return 0.0


def _tag_bytes(file: BinaryIO) -> int:
    """The size of the ID3v2 tag that the file begins with; 0 without one."""
    head = os.pread(file.fileno(), 10, 0)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((octet & 0x7F) << shift for octet, shift in zip(head[6:], (21, 14, 7, 0), strict=True))


def _kind_behind_tag(file: BinaryIO) -> str | None:
    """The format behind a large ID3v2 tag: FFmpeg does not look beyond a picture of more than some MB, and says MP3."""
    size = _tag_bytes(file)
    start = os.pread(file.fileno(), 4, size) if size else b""
    return "flac" if start == b"fLaC" else "aac" if start[:2] in (b"\xff\xf1", b"\xff\xf9") else None


def _counts_frames(file: BinaryIO) -> bool:
    """Whether an MP3's first frame says how many follow (a Xing, Info or VBRI header)."""
    frame = os.pread(file.fileno(), 4096, _tag_bytes(file))
    return any(sign in frame for sign in (b"Xing", b"Info", b"VBRI"))
