"""Closing connections on which nothing moves: who stops in the middle of a body would keep a thread for good.

The server itself ends those that say nothing before a request. Downloads that nobody takes any more end just so.
"""

import os
import socket
import struct
import threading
from pathlib import Path

SILENT_SECONDS = 60.0
LOOK_SECONDS = 10.0
_TIMES = struct.Struct("=I4xI")  # of Linux's tcp_info: ms since the last data was sent, and since some came
_OFFSET = 44


class Silence(threading.Thread):
    """Looks at the connections to this process's port now and then, from `start` to the end of the process."""

    def __init__(self, port: int, seconds: float = SILENT_SECONDS):
        super().__init__(name="silence", daemon=True)
        self._port, self._ms = port, int(1000 * seconds)
        self._over = threading.Event()

    def run(self) -> None:
        """Until `end`."""
        while not self._over.wait(min(LOOK_SECONDS, self._ms / 2000)):
            self.look()

    def look(self) -> int:
        """Close those that are silent; returns how many."""
        closed = 0
        for entry in Path("/proc/self/fd").iterdir():
            try:
                if entry.is_socket():
                    with socket.socket(fileno=os.dup(int(entry.name))) as line:
                        closed += self._close_silent(line)
            except OSError:  # it ended meanwhile, or listens
                continue
        return closed

    def _close_silent(self, line: socket.socket) -> bool:
        if line.family not in (socket.AF_INET, socket.AF_INET6) or line.type != socket.SOCK_STREAM:
            return False
        line.getpeername()
        if line.getsockname()[1] != self._port:
            return False
        told = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _OFFSET + _TIMES.size)
        if min(_TIMES.unpack_from(told, _OFFSET)) < self._ms:
            return False
        line.shutdown(socket.SHUT_RDWR)
        return True

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()
