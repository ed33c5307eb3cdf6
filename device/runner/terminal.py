"""What `rackdeck up` writes on the terminal: one line at a time, never waiting for a terminal that is stopped."""

import os
import select
import sys

LONGEST = 2000  # bytes; below PIPE_BUF, so that a pipe takes a line whole or not at all


class Terminal:
    """Writes prefixed lines. A line that the terminal has no room for is left out: the logs have them all."""

    def __init__(self, file: int = 1, width: int = 8):
        self._file, self._width = file, width
        self._poll = select.poll()
        self._poll.register(file, select.POLLOUT)
        self._partial: dict[str, bytes] = {}

    def line(self, name: str, text: str) -> None:
        """One line, with who says it in front."""
        raw = f"{name:<{self._width}}| {text}".encode(errors="replace")[:LONGEST]
        self._write(raw.decode(errors="ignore").encode() + b"\n")

    def lines(self, name: str, chunk: bytes) -> list[str]:
        """The whole lines in a piece of a program's output; the rest waits for the next piece."""
        *whole, rest = (self._partial.get(name, b"") + chunk).split(b"\n")
        self._partial[name] = rest[-LONGEST:]
        return [line.decode(errors="replace").rstrip() for line in whole if line.strip()]

    def _write(self, raw: bytes) -> None:
        try:
            if any(event & select.POLLOUT for _, event in self._poll.poll(0)):
                os.write(self._file, raw)
        except OSError:
            pass  # the terminal is gone; the hang-up signal that comes with it ends the box


def say(text: str = "") -> None:
    """A line of the summary, before anything runs."""
    print(text, file=sys.stdout, flush=True)
