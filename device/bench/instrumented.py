"""The engine process with two things added: it tells its longest callback, and can hog its own GIL."""

import gc
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from device.bench.mailbox import Mailbox
from device.engine.service import EngineService

_HOGGED = 200_000  # numbers to sort in one call that never lets go of the GIL


def _hog(mailbox: Mailbox) -> None:
    while True:
        if mailbox.hog:
            sorted(range(_HOGGED, 0, -1), key=float)
            gc.collect()
        else:
            time.sleep(0.05)


def main(path: Path) -> int:
    """Run an engine until SIGINT or SIGTERM, with the mailbox at `path`."""
    mailbox = Mailbox(path)
    threading.Thread(target=_hog, args=(mailbox,), daemon=True).start()
    stopping = False
    services: list[EngineService] = []

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    def stop() -> bool:  # the engine asks at every round of its control thread
        for service in services:
            mailbox.worst_us = max(mailbox.worst_us, service._connection.worst())
        return stopping

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    service = EngineService(stop)
    services.append(service)
    service.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
