"""Project files: zip archives and JSON, checked without unpacking anything to disk."""

import json
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from companion.media.kinds import MIB, Refused

MOST_FILES = 10_000
MOST_UNPACKED = 4096 * MIB
MOST_RATIO = 200  # unpacked to packed; what compresses better is a bomb, not work
LARGEST_JSON = 50_000_000
_CHUNK = 1 << 20
_LOCAL_HEAD = 30
_END = b"PK\x05\x06"
_UNSAFE = re.compile(r'^[a-zA-Z]:|[\x00-\x1f\x7f\\<>"|?*]')
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def hides_archive(file: BinaryIO) -> bool:
    """Whether a file of another kind ends as a zip archive, so that unpackers take it for one."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(_END)
    while at >= 0:
        if len(tail) - at >= 22 and len(tail) - at == 22 + int.from_bytes(tail[at + 20 : at + 22], "little"):
            return True
        at = tail.rfind(_END, 0, at)
    return False


def look_into_zip(file: BinaryIO, progress: Callable[[float], None]) -> dict[str, Any]:
    """Facts (files, unpacked bytes, names). Refused for bombs, path tricks, links, passwords, damage, hidden things."""
    size = file.seek(0, 2)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_layout(file, archive, entries, size)
            total = sum(entry.file_size for entry in entries)
            if len(entries) > MOST_FILES:
                raise Refused(f"the archive holds {len(entries)} files; {MOST_FILES} are the most")
            if total > MOST_UNPACKED or total > max(MOST_RATIO * size, 10 * MIB):
                raise Refused("the archive would unpack to far more than it is; pack the project's own files only")
            seen: set[str] = set()
            for entry in entries:
                _check_entry(entry, seen)
            _read_all(archive, entries, total, progress)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as exc:
        raise Refused("the archive is damaged; pack it again") from exc
    names = [entry.filename for entry in entries if not entry.is_dir()]
    if not names:
        raise Refused("the archive is empty")
    return {"files": len(names), "unpacked": total, "names": names[:200]}


def _check_layout(file: BinaryIO, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], size: int) -> None:
    """Entries lie one after the other from the first byte on, and nothing comes before, between twice, or after."""
    if size > _LOCAL_HEAD and file.seek(0) == 0 and file.read(4) != b"PK\x03\x04":
        raise Refused("the archive does not begin as one; pack it again")
    file.seek(max(0, size - 22 - len(archive.comment)))
    if file.read(4) != _END:
        raise Refused("there is something else behind the archive; pack it again")
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < end:
            raise Refused("files in the archive overlap, as in a bomb; pack it again")
        end = entry.header_offset + _LOCAL_HEAD + entry.compress_size


def _check_entry(entry: zipfile.ZipInfo, seen: set[str]) -> None:
    name = entry.filename
    shown = repr(name[:60])
    parts = name.rstrip("/").split("/")
    if _UNSAFE.search(entry.orig_filename) or name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise Refused(f"the archive holds a file with an unsafe name, {shown}; rename it")
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(f"the archive holds a link or device, {shown}; pack the file itself")
    if entry.flag_bits & 0x41:
        raise Refused("the archive has a password; pack it without one")
    if entry.compress_type not in _METHODS:
        raise Refused("the archive is packed in an unusual way; pack it as plain zip")
    folded = unicodedata.normalize("NFC", name).casefold().rstrip("/")
    if folded in seen:
        raise Refused(f"the archive holds {shown} twice; rename one")
    seen.add(folded)


def _read_all(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], total: int, progress: Callable[[float], None]
) -> None:
    """Unpack into nothing: sizes that lie and wrong checksums come out."""
    done = 0
    for entry in entries:
        with archive.open(entry) as file:
            own = 0
            while piece := file.read(_CHUNK):
                own += len(piece)
                done += len(piece)
                if own > entry.file_size:
                    raise Refused("a file in the archive is larger than it says, as in a bomb; pack it again")
                progress(min(done / max(total, 1), 1.0))
            if own != entry.file_size:
                raise Refused("the archive is damaged; pack it again")


def look_into_json(file: BinaryIO) -> dict[str, Any]:
    """Facts (members). Refused when it is no JSON, nested too deeply, or too large to be read whole."""
    size = file.seek(0, 2)
    if size > LARGEST_JSON:
        raise Refused(f"a JSON project may have {LARGEST_JSON // 1_000_000} MB; pack it as zip")
    file.seek(0)
    try:
        content = json.loads(file.read())
    except RecursionError:
        raise Refused("the JSON is nested too deeply") from None
    except ValueError as exc:
        raise Refused(f"this is no valid JSON: {str(exc)[:100]}") from exc
    return {"members": len(content)}
