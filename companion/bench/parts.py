"""Processes that can be ended, killed and started again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from companion.bench.servers import Server

PATIENCE = 60.0


def wait_until(said: Callable[[], Any], what: str, seconds: float = PATIENCE, every: float = 0.01) -> None:
    """Until something is so. ChildProcessError, which says what was waited for, when it does not come to be."""
    end = time.monotonic() + seconds
    while not said():
        if time.monotonic() > end:
            raise ChildProcessError(f"this did not happen within {seconds:.0f} s: {what}")
        time.sleep(every)


class Part:
    """One process that can be ended, killed and started again."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], folder: Path):
        self.name, self._command, self._environ = name, list(command), dict(environ)
        self._log = folder / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, before: Sequence[str] = ()) -> None:
        """Start it. before: words that go before its own, such as faketime."""
        words = [*before, "setpriv", "--pdeathsig", "TERM", "--", *self._command]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(words, env=self._environ, stdout=log, stderr=log, start_new_session=True)

    @property
    def server(self) -> Server:
        """Its processor time and memory."""
        assert self._child is not None
        return Server(self._child.pid, 0)

    @property
    def runs(self) -> bool:
        """Whether it was started and did not end."""
        return self._child is not None and self._child.poll() is None

    @property
    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._child is not None and self._child.poll() is not None

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
            self._child = None

    def stop(self) -> None:
        """Ask it to end; make it end."""
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
            self._child = None

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-600:]
