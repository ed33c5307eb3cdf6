"""Runs supervisord on the file given, which acts at once here, not at its next look, a second later."""

import contextlib
import importlib
import os
import signal
import sys
from typing import Any


class EagerPoller:
    """supervisord's poller. The first round does not wait, so that it goes on to start the programs, and neither do
    two rounds after a signal: the first sees who ended, or that all are to stop; the second acts on it.
    """

    def __init__(self, poller: Any):
        self._poller, self._rounds = poller, 1
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        poller.register_readable(self._read)

    def poll(self, timeout: float) -> Any:
        """As the poller's own."""
        readable, writable = self._poller.poll(0 if self._rounds else timeout)
        self._rounds = max(0, self._rounds - 1)
        if self._read in readable:
            os.read(self._read, 4096)
            readable = [file for file in readable if file != self._read]
            self._rounds = 2
        return readable, writable

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)


def main(file: str) -> None:
    """Run until a signal ends it."""
    options = importlib.import_module("supervisor.options").ServerOptions()
    options.realize(["-n", "-c", file], doc="")
    options.first, options.test = True, False
    options.poller = EagerPoller(options.poller)
    over = importlib.import_module("supervisor.medusa.asyncore_25").ExitNow
    with contextlib.suppress(over):
        importlib.import_module("supervisor.supervisord").Supervisor(options).main()


if __name__ == "__main__":
    main(sys.argv[1])
