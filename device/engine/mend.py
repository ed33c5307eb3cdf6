"""Making left-over recordings whole after a crash or a power cut."""

import contextlib
import os
import struct
from pathlib import Path
from typing import BinaryIO

from device.engine.journal import compile_log, read_journal
from dsp_cython.recorder import WAV_HEADER_BYTES, wav_header

FLAC_BLOCK = 4096
_COUNT_AT = 18  # 64 bits of STREAMINFO: rate, channels, depth, total samples
_MOST_TAIL = 256 * 1024  # a FLAC frame of ours is at most about 30 kB


def mend_folder(folder: Path) -> list[str]:
    """Mend every recording that has a journal left; returns a sentence for each."""
    said = []
    for journal in sorted(folder.glob("*.journal")):
        try:
            said.append(mend(journal))
        except (FileNotFoundError, ValueError, KeyError, TypeError) as exc:
            with contextlib.suppress(OSError):  # a folder that cannot be written keeps it for the next start
                journal.rename(journal.with_suffix(".unreadable"))
            said.append(f"{journal.name} could not be read ({exc}); the recording beside it was left as it is")
        except OSError as exc:  # the disk is full or the folder read-only: nothing is wrong with the journal
            said.append(f"{journal.name} waits to be mended at the next start: {(exc.strerror or str(exc)).lower()}")
    return said


def mend(journal: Path) -> str:
    """Mend one recording by its journal and write its set log."""
    name, rate, take = read_journal(journal)
    audio = journal.with_name(name)
    frames = mend_wav(audio, rate) if audio.suffix == ".wav" else mend_flac(audio)
    log = compile_log(take, rate, take.started + frames)
    log.ended = "power lost"
    write_whole(journal.with_suffix(".json"), log.as_json())
    journal.unlink()
    return f"{audio.name} was cut off; it is mended and {frames / rate:.1f} s long"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def mend_wav(path: Path, samplerate: int) -> int:
    """Make a recording's header say what is in the file; a torn last frame goes. Returns the frames."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        frames = max(0, size - WAV_HEADER_BYTES) // 6
        file.truncate(WAV_HEADER_BYTES + 6 * frames)
        file.seek(0)
        file.write(wav_header(samplerate, frames))
        file.flush()
        os.fsync(file.fileno())
    return int(frames)


def mend_flac(path: Path) -> int:
    """Set a recording's length to its whole frames and cut a torn last one. Returns the frames (samples a side)."""
    with path.open("r+b") as file:
        head = file.read(_COUNT_AT + 8)
        if len(head) < _COUNT_AT + 8 or head[:4] != b"fLaC":
            raise ValueError("its first bytes are missing")
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_TAIL))
        base = file.tell()
        end, count = _last_whole_frame(file.read())
        file.truncate(base + end if count else _metadata_end(file))
        bits = struct.unpack(">Q", head[_COUNT_AT:])[0]
        file.seek(_COUNT_AT)
        file.write(struct.pack(">Q", bits >> 36 << 36 | count))
        file.flush()
        os.fsync(file.fileno())
    return count


def _metadata_end(file: BinaryIO) -> int:
    """Where the sound of a FLAC file would begin."""
    at, last = 4, False
    while not last:
        file.seek(at)
        head = file.read(4)
        if len(head) < 4:
            return at
        last = bool(head[0] & 0x80)
        at += 4 + int.from_bytes(head[1:], "big")
    return at


def _last_whole_frame(tail: bytes) -> tuple[int, int]:
    """(where the last whole FLAC frame ends, samples a side up to there); (0, 0) with none.

    A frame is whole when the CRC-16 over it comes out at 0 (FLAC format, frame footer).
    """
    starts = []
    at = tail.find(b"\xff\xf8")
    while at >= 0:
        count = _samples_through(tail, at)
        if count is not None:
            starts.append((at, count))
        at = tail.find(b"\xff\xf8", at + 1)
    if not starts:
        return 0, 0
    ends = [start for start, _ in starts[1:]] + [len(tail)]
    for (start, count), end in reversed(list(zip(starts, ends, strict=True))):
        if _crc16(tail[start:end]) == 0:
            return end, count
    return 0, 0


def _samples_through(data: bytes, at: int) -> int | None:
    """Samples a side up to the end of the frame whose header is at `at`; None when its CRC-8 is not right."""
    if at + 16 > len(data):
        return None
    first = data[at + 4]
    length = 1 if first < 0x80 else 8 - (first ^ 0xFF).bit_length()
    if length > 6 or (first >= 0x80 and length < 2):
        return None
    number = first if length == 1 else first & (0x7F >> length)
    for byte in data[at + 5 : at + 4 + length]:
        number = number << 6 | (byte & 0x3F)
    end = at + 4 + length
    extra = {6: 1, 7: 2}.get(data[at + 2] >> 4, 0)  # the last block says its own, shorter size
    size = int.from_bytes(data[end : end + extra], "big") + 1 if extra else FLAC_BLOCK
    end += extra
    end += {12: 1, 13: 2, 14: 2}.get(data[at + 2] & 15, 0)
    crc = 0
    for byte in data[at:end]:
        crc = _CRC8[crc ^ byte]
    return number * FLAC_BLOCK + size if end < len(data) and crc == data[end] else None


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
    return crc


def _table(polynomial: int, width: int) -> list[int]:
    rows = []
    for value in range(256):
        crc = value << (width - 8)
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc >> (width - 1) else crc << 1) & ((1 << width) - 1)
        rows.append(crc)
    return rows


_CRC8 = _table(0x07, 8)
_CRC16 = _table(0x8005, 16)
