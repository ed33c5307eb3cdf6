"""Makes the music files that tests read: every format, with sound whose samples are known."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
Writer = Callable[[Path, Sound, int], None]

GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # after the two bytes of the format code
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def sine(hertz: float, rate: int, seconds: float, level: float = 0.5) -> Sound:
    """A stereo sine, (2, n): the right channel is at half the level of the left."""
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
    return np.stack([wave, 0.5 * wave])


def clicks(rate: int, seconds: float, at: list[int], level: float = 0.9) -> Sound:
    """Stereo silence with short band-limited clicks whose peaks are at the frames `at`."""
    sound = np.zeros((2, round(rate * seconds)))
    shape = level * np.hanning(33)[None, :] * np.cos(np.arange(-16, 17) * 2 * np.pi * 3000 / rate)
    for frame in at:
        sound[:, frame - 16 : frame + 17] += shape
    return sound


def tune(rate: int, seconds: float, seed: int = 1) -> Sound:
    """Something that no codec finds trivial: tones that move, and noise, below full scale."""
    random = np.random.default_rng(seed)
    time = np.arange(round(rate * seconds)) / rate
    tones = sum(
        0.12 * np.sin(2 * np.pi * hertz * time + 3 * np.sin(time * k)) for k, hertz in enumerate((55, 220, 990, 4400))
    )
    return np.stack([tones, -tones[::-1]]) + 0.05 * random.standard_normal((2, time.size))


def whole_numbers(sound: Sound, bits: int) -> NDArray[np.int64]:
    """`sound` as whole numbers of `bits` bits, full scale 1.0."""
    top = 2 ** (bits - 1)
    return np.clip(np.rint(sound * top), -top, top - 1).astype(np.int64)


def pcm(sound: Sound, bits: int, big: bool = False, offset: bool = False) -> bytes:
    """Interleaved whole numbers of 8, 16, 24 or 32 bits; `offset`: unsigned, as 8-bit WAV has them."""
    numbers = whole_numbers(sound, bits).T
    if offset:
        numbers = numbers + 2 ** (bits - 1)
    raw = numbers.astype("<i8").tobytes()
    octets = np.frombuffer(raw, np.uint8).reshape(-1, 8)[:, : bits // 8]
    return bytes((octets[:, ::-1] if big else octets).tobytes())


def wav_bytes(data: bytes, rate: int, channels: int, bits: int, code: int = 1, extensible: bool = False) -> bytes:
    """A WAV file around `data`; code 1 is whole numbers, 3 is float."""
    align = channels * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else code, channels, rate, rate * align, align, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, {1: 4, 2: 3, 6: 0x3F}.get(channels, 0), code) + GUID_TAIL
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav(bits: int = 16, floating: bool = False, extensible: bool = False) -> Writer:
    """A writer of one kind of WAV."""

    def write(path: Path, sound: Sound, rate: int) -> None:
        data = sound.T.astype(f"<f{bits // 8}").tobytes() if floating else pcm(sound, bits, offset=bits == 8)
        path.write_bytes(wav_bytes(data, rate, len(sound), bits, 3 if floating else 1, extensible))

    return write


def eighty_bits(number: int) -> bytes:
    """A positive whole number as AIFF's 80-bit float."""
    exponent = number.bit_length() - 1
    return struct.pack(">HQ", 16383 + exponent, number << (63 - exponent))


def aiff(bits: int = 16, kind: bytes = b"") -> Writer:
    """A writer of AIFF, or of AIFC when `kind` names a compression (sowt, fl32)."""

    def write(path: Path, sound: Sound, rate: int) -> None:
        data = sound.T.astype(">f4").tobytes() if kind == b"fl32" else pcm(sound, bits, big=kind != b"sowt")
        common = struct.pack(">hIh", len(sound), sound.shape[1], bits) + eighty_bits(rate)
        common += kind + b"\0\0" if kind else b""
        chunks = b"FVER" + struct.pack(">II", 4, 0xA2805140) if kind else b""
        chunks += b"COMM" + struct.pack(">I", len(common)) + common
        chunks += b"SSND" + struct.pack(">III", 8 + len(data), 0, 0) + data
        path.write_bytes(b"FORM" + struct.pack(">I", 4 + len(chunks)) + (b"AIFC" if kind else b"AIFF") + chunks)

    return write


def coded(codec: str, muxer: str, form: str, bit_rate: int = 0, **options: str) -> Writer:
    """A writer by FFmpeg's encoder `codec` from samples of the form `form` into the container `muxer`.

    Options that start with `mux_` go to the container, `tag_` into its tags, the rest to the encoder.
    """
    to_muxer = {key[4:]: value for key, value in options.items() if key.startswith("mux_")}
    tags = {key[4:]: value for key, value in options.items() if key.startswith("tag_")}
    to_encoder = {key: value for key, value in options.items() if key[:4] not in ("mux_", "tag_")}

    def write(path: Path, sound: Sound, rate: int) -> None:
        with path.open("wb") as file, av.open(file, "w", muxer, options=to_muxer) as container:
            container.metadata.update(tags)
            layout = LAYOUTS[len(sound)]
            stream = container.add_stream(codec, rate=rate, options=to_encoder, layout=layout, format=form)
            if bit_rate:
                stream.bit_rate = bit_rate
            for frame in frames(sound, rate, form, layout, stream):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    return write


def frames(sound: Sound, rate: int, form: str, layout: str, stream: av.AudioStream) -> list[av.AudioFrame]:
    """`sound` cut into frames of the size that the encoder wants."""
    stream.codec_context.open(strict=False)  # it may be open already
    size = stream.codec_context.frame_size or 1024
    bits = {"s16": 16, "s32": 32}.get(form.rstrip("p"))
    made = []
    for start in range(0, sound.shape[1], size):
        part = sound[:, start : start + size]
        samples = whole_numbers(part, bits).astype(f"i{bits // 8}") if bits else part.astype(np.float32)
        if not form.endswith("p"):
            samples = samples.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), form, layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        made.append(frame)
    return made


#: Formats that keep every sample: name, writer, step between neighbouring values (0 for float).
EXACT: dict[str, tuple[Writer, float]] = {
    "8-bit.wav": (wav(8), 2.0**-7),
    "16-bit.wav": (wav(16), 2.0**-15),
    "24-bit.wav": (wav(24), 2.0**-23),
    "32-bit.wav": (wav(32), 2.0**-31),
    "float.wav": (wav(32, floating=True), 0.0),
    "double.wav": (wav(64, floating=True), 0.0),
    "extensible.wav": (wav(24, extensible=True), 2.0**-23),
    "16-bit.aiff": (aiff(16), 2.0**-15),
    "24-bit.aif": (aiff(24), 2.0**-23),
    "little.aifc": (aiff(16, b"sowt"), 2.0**-15),
    "float.aifc": (aiff(32, b"fl32"), 0.0),
    "16-bit.flac": (coded("flac", "flac", "s16"), 2.0**-15),
    "24-bit.flac": (coded("flac", "flac", "s32", bits_per_raw_sample="24"), 2.0**-23),
    "ogg.oga": (coded("flac", "ogg", "s16"), 2.0**-15),
    "alac.m4a": (coded("alac", "ipod", "s16p"), 2.0**-15),
}

#: Formats that lose something: name and writer.
LOSSY: dict[str, Writer] = {
    "lame.mp3": coded("libmp3lame", "mp3", "s16p", 192000),
    "variable.mp3": coded("libmp3lame", "mp3", "s16p", global_quality="236", flags="+qscale"),
    "headless.mp3": coded("libmp3lame", "mp3", "s16p", 192000, mux_write_xing="0", mux_id3v2_version="0"),
    "itunes.m4a": coded("aac", "ipod", "fltp", 192000),
    "fast.m4a": coded("aac", "ipod", "fltp", 192000, mux_movflags="+faststart"),
    "raw.aac": coded("aac", "adts", "fltp", 192000),
    "vorbis.ogg": coded("vorbis", "ogg", "fltp", 192000, strict="experimental"),
    "opus.opus": coded("libopus", "opus", "flt", 192000),
}


def write(path: Path, name: str, sound: Sound, rate: int) -> Path:
    """Write `sound` in the format called `name` (a key of EXACT or LOSSY) into the folder `path`."""
    writer = EXACT[name][0] if name in EXACT else LOSSY[name]
    writer(path / name, sound, rate)
    return path / name
