"""The tus 1.0.0 protocol's headers, read and written."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from email.utils import formatdate

from werkzeug.datastructures import Headers

from companion.errors import Problem

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
ALGORITHMS = ("sha256", "sha1", "md5")
BODY = "application/offset+octet-stream"
MOST_METADATA = 4096
_LONGEST_NUMBER = 18


class OtherVersion(Problem):
    """The Tus-Resumable header names a version that is not spoken here, or is missing."""

    status, slug = 412, "other-tus-version"


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request should amount to."""

    algorithm: str
    digest: bytes


def check_version(headers: Headers) -> None:
    """OtherVersion unless the client speaks ours."""
    if headers.get("Tus-Resumable") != VERSION:
        raise OtherVersion(f"send Tus-Resumable: {VERSION}", {"Tus-Version": VERSION, "Tus-Resumable": VERSION})


def number(headers: Headers, name: str) -> int:
    """A header that is a whole number, 0 or more. Problem (400) when it is missing or none."""
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise Problem(f"{name} must be a whole number of bytes")
    return int(text)


def metadata(headers: Headers) -> dict[str, str]:
    """Upload-Metadata: names to texts. Problem (400) when it cannot be read."""
    text = headers.get("Upload-Metadata", "")
    if len(text) > MOST_METADATA:
        raise Problem(f"Upload-Metadata may have {MOST_METADATA} characters")
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise Problem(f"Upload-Metadata: {name[:40]!r} is not base64 of UTF-8") from exc
        if "\0" in found[name]:
            raise Problem("Upload-Metadata must not contain NUL characters")
    return found


def checksum(headers: Headers) -> Checksum | None:
    """Upload-Checksum, None without one. Problem (400) when it cannot be read or its algorithm is not known."""
    text = headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error as exc:
        raise Problem("Upload-Checksum is not base64") from exc
    if algorithm not in ALGORITHMS or len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise Problem(f"Upload-Checksum: send one of {', '.join(ALGORITHMS)}, then a space and its base64")
    return Checksum(algorithm, digest)


def date(ms: int) -> str:
    """A time as Upload-Expires has it."""
    return formatdate(ms / 1000, usegmt=True)


def capabilities(most: int) -> dict[str, str]:
    """What OPTIONS answers."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(most),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
