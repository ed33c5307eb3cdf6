"""A WebSocket client for tests, as small as the protocol allows."""

import base64
import json
import os
import socket
import struct


class ClosedError(Exception):
    """The server closed; `code` is why."""

    def __init__(self, code):
        super().__init__(str(code))
        self.code = code


class Socket:
    """A connection to `port`. `receive` gives the next message as JSON."""

    def __init__(self, port, path, origin=None, host="127.0.0.1"):
        self._line = socket.create_connection((host, port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": f"{host}:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        }
        if origin:
            fields["Origin"] = origin
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._line.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        answer, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self.status = int(answer.split()[1])

    def _fill(self):
        piece = self._line.recv(65536)
        if not piece:
            raise ClosedError(1006)
        self._buffer += piece

    def _take(self, count):
        while len(self._buffer) < count:
            self._fill()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def receive(self):
        first, length = self._take(2)
        if length == 126:
            length = struct.unpack("!H", self._take(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self._take(8))[0]
        payload = self._take(length)
        if first & 15 == 8:
            raise ClosedError(struct.unpack("!H", payload[:2])[0] if payload else 1005)
        return json.loads(payload)

    def send(self, text):
        mask, raw = os.urandom(4), text.encode()
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(raw))
        self._line.sendall(struct.pack("!BB", 0x81, 0x80 | len(raw)) + mask + masked)

    def closed(self):
        """The code with which the server closes, after whatever it still says."""
        try:
            while True:
                self.receive()
        except ClosedError as end:
            return end.code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._line.close()
