"""HTTP for large files: one connection that is kept, to a companion whose certificate is known, in small pieces."""

import hashlib
import hmac
import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from device.errors import MachineError
from device.sync.access import is_here
from device.sync.core import Core

TIMEOUT_SECONDS = 30.0
PIECE = 64 * 1024
FAST_PIECE = 1024 * 1024
_NO_CHECK_TIME = 0x200000  # of OpenSSL: a machine without a clock cannot judge dates


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. The body of a GET is read by `Web.body`."""

    status: int
    headers: Mapping[str, str]

    def number(self, name: str) -> int | None:
        """A header that is a whole number."""
        text = self.headers.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class Web:
    """Sends and fetches files. One thread. OSError or http.client.HTTPException when the way there fails."""

    def __init__(self, core: Core):
        self._core = core
        self._line: http.client.HTTPConnection | None = None
        self._place: tuple[str, str, int | None] = ("", "", None)
        self._answer: http.client.HTTPResponse | None = None

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: "Throttled | None" = None) -> Answer:
        """One request. url: a path is at the companion's own address. MachineError where no token is sent."""
        access = self._core.access
        found = urlsplit(f"{access.companion.rstrip('/')}{url}" if url.startswith("/") and access else url)
        place = found.scheme, found.hostname or "", found.port
        if self._answer is not None and not self._answer.isclosed():
            self.close()
        if place != self._place or self._line is None:
            self.close()
            self._line, self._place = self._connect(*place), place
        target = f"{found.path or '/'}{f'?{found.query}' if found.query else ''}"
        try:
            if self._line.sock is None:
                self._line.connect()
                self._check_pin(self._line)
            self._line.request(method, target, body, dict(headers))
            self._answer = self._line.getresponse()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        answer = Answer(self._answer.status, {name.lower(): value for name, value in self._answer.getheaders()})
        if method != "GET" or answer.status >= 300:
            self._answer.read(PIECE)
        return answer

    def body(self) -> Iterator[bytes]:
        """The body of the last GET, in pieces, as slowly as is right now."""
        assert self._answer is not None
        pace = Pace(self._core)
        while piece := self._answer.read(PIECE):
            yield piece
            pace.passed(len(piece))

    def close(self) -> None:
        """End the connection."""
        if self._line is not None:
            self._line.close()
        self._line, self._answer = None, None

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        access = self._core.access
        companion = urlsplit(access.companion) if access else None
        if scheme == "http" and (
            is_here(host) or (companion and (companion.scheme, companion.hostname) == (scheme, host))
        ):
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        if scheme != "https" or not host:
            raise MachineError(f"no file is sent to {scheme}://{host}: the way there is not encrypted")
        context = ssl.create_default_context()
        if self._pin(host):  # the certificate itself is known: nothing else about it matters
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self._core.clock.quality == "unset":
            context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)

    def _pin(self, host: str) -> str:
        access = self._core.access
        return access.pin if access and urlsplit(access.companion).hostname == host else ""

    def _check_pin(self, line: http.client.HTTPConnection) -> None:
        pin = self._pin(self._place[1])
        if pin and isinstance(line.sock, ssl.SSLSocket):
            shown = hashlib.sha256(line.sock.getpeercert(True) or b"").hexdigest()
            if not hmac.compare_digest(shown, pin):
                self.close()  # it may be a network with a page of its own in between: later it is the companion again
                raise ConnectionError("it shows another certificate than when this box was claimed")


class Pace:
    """Waits so long that sound which is playing keeps the disk and the network to itself."""

    def __init__(self, core: Core):
        self._core = core
        self._rate = 0

    def passed(self, size: int) -> None:
        """So many bytes went by."""
        if self._core.now.busy:
            self._rate = self._rate or self._core.playing_rate()
            time.sleep(size / self._rate)
        else:
            self._rate = 0


class Throttled:
    """A part of a file as the body of a request. offset, size: bytes."""

    def __init__(self, core: Core, file: IO[bytes], offset: int, size: int):
        self._file, self._left, self._pace = file, size, Pace(core)
        file.seek(offset)

    def read(self, most: int = PIECE) -> bytes:
        """The next piece."""
        piece = self._file.read(min(most, PIECE, self._left))
        self._left -= len(piece)
        self._pace.passed(len(piece))
        return piece
