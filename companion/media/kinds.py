"""Which kind of file this is, by its first bytes; never by its name."""

import re
from dataclasses import dataclass

HEAD = 4096  # bytes that are enough to tell
MIB = 1 << 20
OPAQUE = "opaque"  # a kind of file that nobody looks into, and that only its owner gets


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A file that is not taken; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is taken. demuxer: libavformat's name for it, empty where it is not asked."""

    name: str
    kind: str
    mime: str
    suffix: str
    demuxer: str = ""


FORMATS = {
    format_.name: format_
    for format_ in (
        Format("wav", "audio", "audio/wav", "wav", "wav"),
        Format("aiff", "audio", "audio/aiff", "aiff", "aiff"),
        Format("flac", "audio", "audio/flac", "flac", "flac"),
        Format("mp3", "audio", "audio/mpeg", "mp3", "mp3"),
        Format("aac", "audio", "audio/aac", "aac", "aac"),
        Format("ogg", "audio", "audio/ogg", "ogg", "ogg"),
        Format("m4a", "audio", "audio/mp4", "m4a", "mov"),
        Format("mp4", "video", "video/mp4", "mp4", "mov"),
        Format("mov", "video", "video/quicktime", "mov", "mov"),
        Format("mkv", "video", "video/x-matroska", "mkv", "matroska"),
        Format("avi", "video", "video/x-msvideo", "avi", "avi"),
        Format("jpeg", "image", "image/jpeg", "jpg"),
        Format("png", "image", "image/png", "png"),
        Format("gif", "image", "image/gif", "gif"),
        Format("webp", "image", "image/webp", "webp"),
        Format("zip", "project", "application/zip", "zip"),
        Format("json", "project", "application/json", "json"),
        Format("opaque", OPAQUE, "application/octet-stream", ""),
    )
}
KINDS = ("audio", "video", "image", "project")
ART_SIZES = (96, 320, 1200)  # pixels of the longer side of what is made of a picture
TAKEN = (
    "audio (wav, mp3, flac, aac, aiff, ogg), video (mp4, mov, avi, mkv), pictures (jpg, png, gif, webp) "
    "and projects (json, zip)"
)

_STARTS = {
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"\x1aE\xdf\xa3": "mkv",
    b"PK\x03\x04": "zip",
}
_RIFF = {b"WAVE": "wav", b"AVI ": "avi", b"WEBP": "webp", b"AIFF": "aiff", b"AIFC": "aiff"}
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"F4A ")
_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_REFUSED = {
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"#!": "a program",
    b"#EXTM3U": "a playlist",
    b"Rar!": "a RAR archive; pack it as zip",
    b"7z\xbc\xaf": "a 7z archive; pack it as zip",
    b"PK\x05\x06": "an empty archive",
    b"<": "a web page or an SVG drawing",
    b"\xef\xbb\xbf<": "a web page or an SVG drawing",
}
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[{\[][^\x00-\x08\x0b\x0c\x0e-\x1f]*")


def sniff(head: bytes, called: str = "") -> Format:
    """The format of a file that begins with `head` (its first HEAD bytes, or all of it).

    Refused says what it is, or that it is not what it is called.
    """
    name = _named(head)
    if name is not None:
        return FORMATS[name]
    for start, what in _REFUSED.items():
        if head.startswith(start):
            raise Refused(f"this is {what}; what is taken is {TAKEN}")
    ending = called.rpartition(".")[2].lower()
    if ending and any(ending == format_.suffix for format_ in FORMATS.values()):
        said = ending.upper()
        raise Refused(f"this is no {said} inside, whatever its name says; save it as {said} again and send that")
    raise Refused(f"this is not a kind of file that is known here; what is taken is {TAKEN}")


def _named(head: bytes) -> str | None:
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"FORM"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "m4a" if head[8:12] in _AUDIO_BRANDS else "mov" if head[8:12] == b"qt  " else "mp4"
    if head[4:8] in _QUICKTIME:
        return "mov"
    if head.startswith(b"ID3") and len(head) >= 10:
        return _after_id3(head)
    return _mpeg(head) or ("json" if _JSON.fullmatch(head) else None)


def _after_id3(head: bytes) -> str:
    """What follows an ID3 tag: mostly MP3, now and then ADTS or FLAC; a tag longer than `head` is an MP3's."""
    size = sum((value & 127) << shift for value, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)) + 10
    rest = head[size:]
    return "flac" if rest.startswith(b"fLaC") else _mpeg(rest) or "mp3"


def _mpeg(head: bytes) -> str | None:
    """A frame of MPEG audio or of ADTS, told from other bytes by the fields that may not be."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac" if head[2] >> 2 & 15 < 13 else None
    layer, rate, frequency, version = head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3, head[1] >> 3 & 3
    return "mp3" if layer and version != 1 and rate not in (0, 15) and frequency != 3 else None
