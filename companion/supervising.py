"""Runs supervisord on the file given, without the second that it waits before the first start."""

import contextlib
import importlib
import sys
from typing import Any


class EagerPoller:
    """supervisord's poller; the first round does not wait, so that it goes on to start the programs."""

    def __init__(self, poller: Any):
        self._poller, self._first = poller, True

    def poll(self, timeout: float) -> Any:
        """As the poller's own."""
        first, self._first = self._first, False
        return self._poller.poll(0 if first else timeout)

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
