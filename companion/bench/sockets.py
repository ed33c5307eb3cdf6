"""Pages that listen to live events: as small as the protocol allows, all in one thread."""

import base64
import json
import os
import selectors
import socket
import struct
import time
from typing import Any


class Listener:
    """One page. `times` gets the ms that each event took from being published to being here."""

    def __init__(self, port: int, path: str, kind: str):
        self.line = socket.create_connection(("127.0.0.1", port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._buffer, self._kind, self._shaken = b"", kind, False
        self.times: list[float] = []

    def read(self) -> None:
        """Take what has come."""
        self._buffer += self.line.recv(65536)
        if not self._shaken:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                raise ConnectionError(head.decode("latin-1").splitlines()[0])
            self._buffer, self._shaken = rest, True
        while len(self._buffer) >= 2:
            length, start = self._buffer[1] & 127, 2
            if length == 126:
                if len(self._buffer) < 4:
                    return
                length, start = struct.unpack_from("!H", self._buffer, 2)[0], 4
            if len(self._buffer) < start + length:
                return
            payload, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
            self._take(payload)

    def _take(self, payload: bytes) -> None:
        message: dict[str, Any] = json.loads(payload)
        if message.get("kind") == self._kind:
            self.times.append((time.time_ns() - message["body"]["ns"]) / 1e6)


def listen(listeners: list[Listener], until: float, wanted: int) -> None:
    """Read for all until a time (monotonic), or until each has `wanted` events."""
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener.line, selectors.EVENT_READ, listener)
        while time.monotonic() < until and any(len(listener.times) < wanted for listener in listeners):
            for key, _ in selector.select(0.1):
                key.data.read()
