"""`rackdeck engine`: the process that makes the sound."""

import argparse
import logging
import os
import signal
from types import FrameType

HELP = "run the sound engine (normally started by `rackdeck up`)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument("--server", default="", metavar="NAME", help="JACK server (default: JACK_DEFAULT_SERVER)")
    parser.add_argument("--name", default="rackdeck", help="name as a JACK client (default: rackdeck)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    from device.engine.service import EngineService
    from device.errors import MachineError

    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        service = EngineService(lambda: stopping, arguments.server, arguments.name)
    except (ConnectionError, MachineError) as exc:  # the server went while we opened: try again
        logging.error("%s", exc)
        return os.EX_TEMPFAIL
    service.run()
    return 0
