"""Pictures: what they are, that nothing hides behind them, and smaller versions of them."""

import io
import re
from typing import Any

from PIL import Image, ImageOps

from companion.media.kinds import ART_SIZES, MIB, Refused

MOST_PIXELS = 64_000_000
MOST_SIDE = 16_000
LARGEST_COVER = 20 * MIB
_BEHIND = "there is something else behind the picture in this file; open it in an image program and save it again"
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ZEROS = re.compile(rb"\0*")
_KINDS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}  # MPO: a JPEG with more behind it
_ORIENTATION = 0x0112  # in EXIF
_CUT = "the picture is cut off; save or send it again"


def look(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Facts (format, width, height, colour) and WebP versions by name, such as `art-320`.

    They carry no metadata, so not where a photograph was taken. Refused when it is damaged, huge, or more than a
    picture.
    """
    Image.MAX_IMAGE_PIXELS = None  # the size is checked before anything is unpacked, with a sentence
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP")) as image:
            width, height = image.size
            kind = _KINDS[str(image.format)]
            if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
                raise Refused(
                    f"the picture has {width} x {height} pixels; {MOST_SIDE} a side and 64 million are the most"
                )
            check_end(kind, data)
            image.draft("RGB", (2 * ART_SIZES[-1], 2 * ART_SIZES[-1]))
            image.load()
            upright = ImageOps.exif_transpose(image)
            whole = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Refused, MemoryError):
        raise
    except Exception as exc:  # a decoder raises whatever a stranger's bytes lead it to
        raise Refused("the picture is damaged and cannot be read; save it again") from exc
    if image.getexif().get(_ORIENTATION, 1) > 4:  # lies on its side
        width, height = height, width
    made = {}
    for size in sorted(ART_SIZES, reverse=True):
        whole.thumbnail((size, size), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        whole.save(file, "WEBP", quality=86)
        made[f"art-{size}"] = file.getvalue()
    red, green, blue = whole.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
    return {"format": kind, "width": width, "height": height, "colour": f"#{red:02x}{green:02x}{blue:02x}"}, made


def check_end(kind: str, data: bytes) -> None:
    """Refused when a file goes on behind its picture: so hide archives and pages in what looks like a photograph."""
    find = {"jpeg": _jpeg_end, "png": _png_end, "gif": _gif_end, "webp": _webp_end}[kind]
    end = _padded(data, find(data))
    while kind == "jpeg" and data.startswith(b"\xff\xd8\xff", end):  # telephones put further pictures behind the first
        end = _padded(data, _jpeg_end(data, end))
    if end < len(data):
        raise Refused(_BEHIND)


def _padded(data: bytes, end: int) -> int:
    """Where the zeros behind an end are over."""
    zeros = _ZEROS.match(data, end)
    return zeros.end() if zeros else end


def _jpeg_end(data: bytes, start: int = 0) -> int:
    at = start + 2
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise Refused(_CUT)
        at, marker = found.end(), data[found.start() + 1]
        if marker == 0xD9:
            return at
        if marker not in (0x01, 0xD8):
            at += int.from_bytes(data[at : at + 2], "big")


def _png_end(data: bytes) -> int:
    at = 8
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + size
        if name == b"IEND":
            return at
    raise Refused(_CUT)


def _webp_end(data: bytes) -> int:
    size = int.from_bytes(data[4:8], "little") + 8
    return size + (size & 1 if len(data) > size else 0)


def _gif_end(data: bytes) -> int:
    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    try:
        at = 13 + table(data[10])
        while True:
            block = data[at]
            if block == 0x3B:
                return at + 1
            at += 2 if block == 0x21 else 11 + table(data[at + 9])
            if block not in (0x21, 0x2C):
                raise Refused("the picture is damaged and cannot be read; save it again")
            while data[at]:
                at += data[at] + 1
            at += 1
    except IndexError:
        raise Refused(_CUT) from None
