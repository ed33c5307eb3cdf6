"""Says in words what a file is that a deck cannot play, from its name, its state on disk and its first bytes."""

import errno
import os
import stat
from pathlib import Path

PLAYS = "WAV, AIFF, FLAC, ALAC, MP3, M4A/AAC, OGG and Opus"
LONGEST_NAME = 80

#: First bytes, where they stand, and what such a file is.
SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a Windows program"),
    (0, b"SQLite format 3", "a database"),
    (0, b"\xd0\xcf\x11\xe0", "an Office document"),
    (0, b"MThd", "a MIDI file: notes, no sound"),
    (8, b"sfbk", "a soundfont"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"[playlist]", "a playlist"),
    (0, b"ffconcat", "a playlist"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"<?xml", "an XML document"),
    (8, b"AVI ", "an AVI video"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a Windows Media file"),
)
#: What the containers of music look like: a file with such a start that cannot be read is damaged, not foreign.
MUSIC: tuple[tuple[int, bytes], ...] = (
    (8, b"WAVE"), (8, b"AIFF"), (8, b"AIFC"), (0, b"fLaC"), (0, b"OggS"), (4, b"ftyp"), (4, b"moov"), (0, b"ID3"),
    (0, b"riff"), (0, b"\xff\xfb"), (0, b"\xff\xfa"), (0, b"\xff\xf3"), (0, b"\xff\xf1"), (0, b"\xff\xf9"),
)  # fmt: skip


def shown(path: Path) -> str:
    """The file's name as it can be printed on one line: no control characters, valid UTF-8, at most 80 characters."""
    text = os.fsencode(path.name).decode("utf-8", "replace")
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text) or str(path)
    if len(text) <= LONGEST_NAME:
        return text
    half = LONGEST_NAME // 2 - 1
    return f"{text[:half]}…{text[-half:]}"


def foreign(head: bytes) -> str:
    """What a file that begins with `head` (512 bytes do) surely is instead of music; empty when that is open."""
    for at, sign, words in SIGNS:
        if head[at : at + len(sign)].lower() == sign.lower():
            return words
    return "plain text" if _is_text(head) else ""


def looks_like_music(head: bytes) -> bool:
    """Whether the first bytes are those of a container that decks play."""
    return any(head[at : at + len(sign)] == sign for at, sign in MUSIC)


def not_music(name: str, words: str = "") -> str:
    """The sentence for a file that is no music."""
    return f"{name} is not a music file Rackdeck can read{f' ({words})' if words else ''}; it plays {PLAYS}"


def unreadable(name: str, mode: int) -> str:
    """The sentence for something that is not a regular file, by its mode; empty for a regular one."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return f"{name} is a folder, not a music file; open it and choose a file in it"
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    return f"{name} is {kind}, not a music file; choose a file"


def failed(name: str, error: OSError) -> str:
    """The sentence for a file that the system would not open or read."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"{name} is not there; it was moved or deleted, or its disk was removed"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{name} may not be read; change its permissions"
    if error.errno == errno.ELOOP:
        return f"{name} is a link that leads back to itself; choose the file itself"
    if error.errno == errno.ENAMETOOLONG:
        return f"{name} has a name that is too long for this system; rename it"
    return f"{name} could not be read ({os.strerror(error.errno or errno.EIO)}); check its disk"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as exc:
        if exc.start < len(head) - 4:  # not merely a character that was cut in half
            return False
        text = head[: exc.start].decode("utf-8")
    return bool(text) and all(letter.isprintable() or letter in "\t\r\n\f" for letter in text)
