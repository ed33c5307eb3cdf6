"""Builds files that are damaged, absurd, empty, or no music at all, and says what a user should read about each."""

import os
import random
import socket
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from device.engine.musicfile import MusicFile
from device.errors import InputError
from tests import audio_files

RATE = 44100
EXTENSIONS = ("wav", "aif", "aiff", "aifc", "flac", "mp3", "m4a", "mp4", "aac", "ogg", "oga", "opus")


@dataclass(frozen=True)
class Broken:
    """One file. `error` is part of the sentence it must give; `note` part of the note of what plays all the same.

    With neither, it must play without a note; `either` leaves open which of the three.
    """

    path: Path
    error: str = ""
    note: str = ""
    either: bool = False


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def no_music(folder: Path) -> Iterator[Broken]:
    """Files that never were music, under names of music."""
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 64, 64, 8, 2, 0, 0, 0) + bytes(200)
    yield Broken(_file(folder, "empty.mp3", b""), "empty.mp3 is empty")
    yield Broken(_file(folder, "one.flac", b"\0"), "one.flac is not a music file")
    yield Broken(_file(folder, "letter.wav", b"R"), "plain text")
    yield Broken(_file(folder, "notes.mp3", "Grüße an alle,\nbis morgen.\n".encode() * 40), "plain text")
    yield Broken(_file(folder, "photo.mp3", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(2000)), "a JPEG picture")
    yield Broken(_file(folder, "cover.flac", png), "a PNG picture")
    yield Broken(_file(folder, "page.ogg", b"<!doctype html><html><body>404</body></html>"), "a web page")
    yield Broken(_file(folder, "paper.wav", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500)), "a PDF document")
    yield Broken(_file(folder, "song.mid.mp3", b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + bytes(50)), "a MIDI file")
    archive = folder / "zipped.mp3"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inside.txt", "not music " * 500)
    yield Broken(archive, "a ZIP archive")
    target = folder / "target.wav"
    audio_files.wav(16)(target, audio_files.tune(RATE, 0.5), RATE)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
    yield Broken(_file(folder, "stream.mp3", playlist.encode()), "a playlist")
    yield Broken(_file(folder, "hidden.mp3", b"\n" + playlist.encode()), "plain text")
    yield Broken(_file(folder, "concat.mp3", f"ffconcat version 1.0\nfile '{target}'\n".encode()), "a playlist")
    yield Broken(_file(folder, "void.wav", bytes(100_000)), "void.wav is not a music file")
    for extension in EXTENSIONS:
        noise = random.Random(extension).randbytes(20_000)
        yield Broken(_file(folder, f"noise.{extension}", noise), "is not a music file")


def no_files(folder: Path) -> Iterator[Broken]:
    """Paths at which there is no regular file."""
    (folder / "album.wav").mkdir()
    yield Broken(folder / "album.wav", "is a folder")
    loop = folder / "loop.mp3"
    loop.symlink_to(loop)
    yield Broken(loop, "leads back to itself")
    yield Broken(folder / "gone.mp3", "is not there")
    yield Broken(folder / "album.wav" / "deeper" / "gone.mp3", "is not there")
    (folder / "device.wav").symlink_to("/dev/zero")
    yield Broken(folder / "device.wav", "is a device")
    yield Broken(folder / ("long" * 100), "too long")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.mp3"))
    yield Broken(folder / "socket.mp3", "is a socket")
    os.mkfifo(folder / "pipe.mp3")
    yield Broken(folder / "pipe.mp3", "is a pipe")
    secret = _file(folder, "secret.mp3", b"ID3")
    secret.chmod(0)
    if os.geteuid() != 0:  # root may read everything
        yield Broken(secret, "may not be read")


def headers(folder: Path) -> Iterator[Broken]:
    """Headers that promise what cannot be."""
    second = audio_files.pcm(audio_files.tune(RATE, 1.0), 16)
    good = audio_files.wav_bytes(second, RATE, 2, 16)

    def wav(name: str, **fields: int) -> Path:
        places = {"code": (20, "<H"), "channels": (22, "<H"), "rate": (24, "<I"), "per_second": (28, "<I")}
        places |= {"align": (32, "<H"), "bits": (34, "<H"), "riff": (4, "<I"), "data": (40, "<I"), "fmt": (16, "<I")}
        raw = bytearray(good)
        for field, value in fields.items():
            at, form = places[field]
            struct.pack_into(form, raw, at, value)
        return _file(folder, name, bytes(raw))

    yield Broken(wav("0-hz.wav", rate=0), "0-hz.wav")
    yield Broken(wav("4-ghz.wav", rate=4_000_000_000), "4-ghz.wav")
    yield Broken(wav("2-mhz.wav", rate=2_000_000, per_second=8_000_000), "2000000 Hz")
    yield Broken(wav("0-channels.wav", channels=0), "0-channels.wav")
    yield Broken(wav("255-channels.wav", channels=255, align=510), "255 channels")
    yield Broken(wav("9-channels.wav", channels=9, align=18), "9 channels")
    yield Broken(wav("65535-channels.wav", channels=65535), "65535-channels.wav")
    yield Broken(wav("0-bits.wav", bits=0), either=True)
    yield Broken(wav("200-bits.wav", bits=200, align=50), "200-bits.wav")
    yield Broken(wav("odd-code.wav", code=0x4242), "odd-code.wav")
    yield Broken(wav("streamed.wav", riff=0xFFFFFFFF, data=0xFFFFFFFF))
    yield Broken(wav("unfinished.wav", riff=0, data=0))
    yield Broken(wav("2-gigabytes.wav", data=0x7FFFFFFF), note="is cut short: 1.0 s of 12174 s")
    yield Broken(wav("huge-chunk.wav", fmt=0xFFFFFFF0), "huge-chunk.wav")
    nested = good
    for _ in range(200):
        nested = b"RIFF" + struct.pack("<I", len(nested) + 4) + b"WAVE" + nested
    yield Broken(_file(folder, "nested.wav", nested), "nested.wav")
    yield Broken(_file(folder, "lists.wav", good[:12] + b"LIST\4\0\0\0INFO" * 20_000), "lists.wav")
    aiff = audio_files.write(folder, "16-bit.aiff", audio_files.tune(RATE, 1.0), RATE).read_bytes()
    at = aiff.index(b"COMM") + 10
    many = aiff[:at] + struct.pack(">I", 0xFFFFFFFF) + aiff[at + 4 :]
    yield Broken(_file(folder, "many-frames.aiff", many), either=True)
    yield Broken(_file(folder, "no-rate.aiff", aiff[: at + 6] + bytes(10) + aiff[at + 16 :]), "no-rate.aiff")
    flac = audio_files.write(folder, "16-bit.flac", audio_files.tune(RATE, 1.0), RATE).read_bytes()
    forever = bytearray(flac)
    forever[21] |= 0x0F
    forever[22:26] = b"\xff" * 4
    yield Broken(_file(folder, "18-days.flac", bytes(forever)))
    mp3 = audio_files.write(folder, "lame.mp3", audio_files.tune(RATE, 1.0), RATE).read_bytes()
    sign = mp3.index(b"Info") if b"Info" in mp3 else mp3.index(b"Xing")
    yield Broken(_file(folder, "xing.mp3", mp3[: sign + 8] + b"\x7f\xff\xff\xff" + mp3[sign + 12 :]), either=True)
    yield Broken(_file(folder, "tag-only.mp3", b"ID3\4\0\0\0\0\x0f\x76" + bytes(2038)), "tag-only.mp3")
    yield Broken(_file(folder, "tag-lies.mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(2038)), "tag-lies.mp3")


def mended(folder: Path) -> Iterator[Broken]:
    """Files with damage in the middle: they play, in time, and the note says what is missing."""
    sound = audio_files.clicks(RATE, 3.0, [RATE // 2, 2 * RATE])
    flac = bytearray(audio_files.write(folder, "16-bit.flac", sound + 0.01 * noise(sound), RATE).read_bytes())
    middle = len(flac) // 2
    flac[middle : middle + 6000] = random.Random(5).randbytes(6000)
    yield Broken(_file(folder, "bad-crc.flac", bytes(flac)), note="is damaged in")
    mp3 = audio_files.write(folder, "headless.mp3", sound, RATE).read_bytes()
    cut = mp3.index(mp3[:2], len(mp3) // 2)
    yield Broken(_file(folder, "garbage.mp3", mp3[:cut] + bytes(5000) + mp3[cut:]), either=True)


def noise(sound: audio_files.Sound) -> audio_files.Sound:
    """White noise of the shape of `sound`, so that lossless codecs do not shrink it to nothing."""
    return np.random.default_rng(7).standard_normal(sound.shape)


def unusual(folder: Path) -> Iterator[Broken]:
    """Files that are odd, yet most of them play."""
    sound = audio_files.tune(RATE, 1.0)
    whole = audio_files.wav_bytes(audio_files.pcm(sound, 16), RATE, 2, 16)
    for name in ("two\nlines.wav", "🎧 ünïcode.wav", "-rf .wav", "%s{0}.wav", "a:b.wav", "wrong.mp3", "no extension"):
        yield Broken(_file(folder, name, whole))
    raw_name = folder / b"caf\xe9\xff.wav".decode("utf-8", "surrogateescape")
    raw_name.write_bytes(whole)
    yield Broken(raw_name)
    for name, note in (("ogg.oga", ""), ("vorbis.ogg", "broke off after 1.0 s")):
        first = audio_files.write(folder, name, sound, RATE).read_bytes()
        second = audio_files.write(folder, name, audio_files.tune(48000, 1.0), 48000).read_bytes()
        yield Broken(_file(folder, f"chained-{name}", first + second), note=note)
    video(folder / "clip.mp4", sound)
    yield Broken(folder / "clip.mp4")
    video(folder / "silent.mp4", None)
    yield Broken(folder / "silent.mp4", "has no sound in it")
    audio_files.write(folder, "lame.mp3", sound, RATE)
    tagged = picture_tag() + (folder / "lame.mp3").read_bytes()
    yield Broken(_file(folder, "picture.mp3", tagged))
    yield Broken(_file(folder, "picture-only.mp3", picture_tag()), "picture-only.mp3")
    (folder / "linked.wav").symlink_to(folder / "no extension")
    yield Broken(folder / "linked.wav")


def picture_tag() -> bytes:
    """An ID3 tag with a PNG in it."""
    rows = b"".join(b"\0" + bytes(3 * 16) for _ in range(16))
    picture = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        picture += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    frame = b"\0image/png\0\3\0" + picture
    body = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body


def video(path: Path, sound: audio_files.Sound | None) -> None:
    """A short MPEG-4 video, with or without sound."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        stream = None
        if sound is not None:
            stream = container.add_stream("aac", rate=RATE, layout="stereo", format="fltp")
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 10, np.uint8), "rgb24")
            frame.pts = number
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if stream is not None and sound is not None:
            for part in audio_files.frames(sound, RATE, "fltp", "stereo", stream):
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))


def truncated(whole: bytes, points: int) -> Iterator[bytes]:
    """`whole` cut off at many places, most of them near the start where headers are."""
    for point in range(points):
        share = (point + 1) / (points + 1)
        yield whole[: int(len(whole) * share**3)]


def flipped(whole: bytes, count: int, chance: random.Random) -> Iterator[bytes]:
    """`whole` with one to fifty bits turned over, half of the time within the first kilobyte."""
    for number in range(count):
        raw = bytearray(whole)
        reach = min(len(raw), 1024) if number % 2 else len(raw)
        for _ in range(chance.choice((1, 3, 10, 50))):
            raw[chance.randrange(reach)] ^= 1 << chance.randrange(8)
        yield bytes(raw)


def hammer(folder: Path, kinds: list[str], points: int, flips: int) -> Iterator[tuple[str, bytes]]:
    """Damaged variants of half a second of each of `kinds`, each with a name that says how to make it again."""
    for kind in kinds:
        rate = 48000 if kind == "opus.opus" else RATE
        whole = audio_files.write(folder, kind, audio_files.tune(rate, 0.5), rate).read_bytes()
        chance = random.Random(kind)
        for number, raw in enumerate([*truncated(whole, points), *flipped(whole, flips, chance)]):
            yield f"{kind} {number}", raw


def main(folder: Path, points: int, flips: int) -> None:
    """Read every damaged variant in this process; one line for each that is neither read nor refused with a sentence.

    The last line says how many there were. Should one of them kill this process, it lies in `folder` as `now`.
    """
    av.logging.set_level(None)
    played = refused = 0
    for name, raw in hammer(folder, [*audio_files.EXACT, *audio_files.LOSSY], points, flips):
        (folder / "now").write_bytes(raw)
        try:
            with (folder / "now").open("rb", buffering=0) as file:
                music = MusicFile(file, name, 48000)
                whole = all(np.isfinite(block).all() for block in music.blocks())
            played += 1
            if not whole:
                print(f"{name}: gave what is no number", flush=True)
        except InputError:
            refused += 1
        except Exception as exc:
            print(f"{name}: {exc!r}", flush=True)
    print(f"{played} played, {refused} refused", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
