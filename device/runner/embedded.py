"""The companion on the box itself: web service, broker, and the way in, while no other companion has the box."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from device.errors import MachineError
from device.runner.programs import Program, rackdeck
from device.sync import access

PORT = 8000  # of the page; live events take the next one
BROKER_PORT = 8883  # for boxes; the companion's own listener is the next one
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the companion and its broker listen."""

    page: int = PORT
    broker: int = BROKER_PORT

    @property
    def address(self) -> str:
        """Of the page, on this machine."""
        return f"http://localhost:{self.page}"


def elsewhere() -> str:
    """The address of the companion that this box belongs to, where that is another machine's; else empty."""
    try:
        held = access.door().look()
    except MachineError:  # a damaged membership is the sync's to tell
        return ""
    if held is None or urlsplit(held.companion).hostname in HERE:
        return ""
    return held.companion


def programs(home: Path, ports: Ports) -> list[Program]:
    """The box's own companion, its broker, and joining them. Each waits for what it needs of the others."""
    folder = home / "companion"
    companion = ("companion", "--port", str(ports.page), "--folder", str(folder))
    broker = ("broker", "--folder", str(folder / "broker"), "--port", str(ports.broker))
    house = ("box", "house", "--companion", ports.address, "--folder", str(folder))
    return [
        Program("companion", rackdeck(*companion), 20, stop_seconds=20, shown="^(The companion|rackdeck)", vital=False),
        Program(
            "broker", rackdeck(*broker, "--local-port", str(ports.broker + 1)), 20, shown="^rackdeck ", vital=False
        ),
        Program("house", rackdeck(*house), 20, shown="^rackdeck ", vital=False, once=True),
    ]


def sync() -> Program:
    """What keeps the box in step with whichever companion it belongs to. It says goodbye before its broker goes."""
    return Program("sync", rackdeck("sync"), 30, shown="^rackdeck ", vital=False, board="sync")
