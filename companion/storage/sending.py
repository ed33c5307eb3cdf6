"""Answering with a stored file, or a range of it, so that players can seek and downloads go on where they stopped."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from flask import Response, request

from companion.installed import Installed
from companion.storage.places import Places
from companion.storage.service import CHUNK, Storage
from companion.web.identity import who

PLAYED = 4 << 20  # bytes of one answer to a player, which asks for the rest when it comes to it
FOREVER = "private, max-age=31536000, immutable"
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)
_UNSAFE = re.compile(r"[^\w .,()\[\]&+-]")
_places = Installed(Places(4))


def install(places: int) -> None:
    """Let so many be sent at one time."""
    _places.put(Places(places))


def send(
    storage: Storage,
    key: str,
    mime: str,
    name: str = "",
    attach: bool = False,
    most: int | None = None,
    whose: str = "",
) -> Response:
    """The file as an answer to this request: 200, 206 for one range, 416 when there is nothing in it. NotFound.

    What a key names never changes, so it may be kept for ever. name: for saving; attach: do not show it in the page.
    most: bytes of a range that is sent at one time; whoever asked asks for the rest. whose: who takes it, where that is
    no user. Unavailable while they, or all together, take too much at one time.
    """
    size, tag = storage.size(key), f'"{key.replace("/", "-")}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": FOREVER,
        "Vary": "Cookie",  # kept for who is signed in alone, on a machine that several use
        "ETag": tag,
        "Content-Type": mime,
        "Content-Disposition": disposition(name, attach),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers={"ETag": tag, "Cache-Control": FOREVER, "Vary": "Cookie"})
    start, end, status = 0, size, 200
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found and request.headers.get("If-Range", tag) == tag:
        start, end = _bounds(found, size)
        if request.headers.get("Sec-Fetch-Dest") in ("audio", "video"):  # it would read on for as long as it plays
            most = PLAYED if most is None else min(most, PLAYED)
        end = end if most is None else min(end, start + most)
        if start >= end:
            return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        headers["Content-Range"], status = f"bytes {start}-{end - 1}/{size}", 206
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response((), status, headers, direct_passthrough=True)
    body: Iterable[bytes]
    if end - start <= CHUNK:  # the server takes one piece at once
        body = storage.read(key, start, end - start)
    else:
        taker = whose or who().user or request.remote_addr or ""
        body = _places().hold(taker, lambda: storage.read(key, start, end - start))
    return Response(body, status, headers, direct_passthrough=True)


def _bounds(found: re.Match[str], size: int) -> tuple[int, int]:
    first, last, tail = found.groups()
    if tail is not None:
        return max(0, size - int(tail)), size if int(tail) else 0
    return int(first), min(int(last) + 1, size) if last else size


def disposition(name: str, attach: bool) -> str:
    """Content-Disposition with a name that no header or file system can misread."""
    kind = "attachment" if attach else "inline"
    plain = _UNSAFE.sub("_", name).encode("ascii", "replace").decode().replace("?", "_")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}" if name else kind
