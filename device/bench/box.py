"""A whole box for the bench: a JACK server of its own (dummy driver, private name), a home of its own, an engine."""

import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from device import paths
from device.bench.children import Child, wait_until
from device.bench.mailbox import Mailbox
from device.errors import MachineError, RackdeckError
from device.panel.client import Panel
from device.soundserver import jackd
from device.soundserver.cards import Backend
from device.soundserver.rights import realtime_allowed
from device.soundserver.server import find

RATE = 48000
_QUIET_SECONDS = 0.06  # after a stop: its fade, the limiter's release and a few periods


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set these for this process (libjack reads them here too) and put back what was."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True, slots=True)
class Server:
    """A running JACK server of the bench's own."""

    name: str
    period: int
    realtime: bool
    log: Path
    folder: Path

    def xruns(self) -> int:
        """How many times the server has named a client that came too late."""
        return self.log.read_text(errors="replace").count("XRun: client")


@contextmanager
def jack_server(period: int) -> Iterator[Server]:
    """Start a server that nobody else knows; while it lives, it is the default of this process and its children."""
    if shutil.which("jackd") is None:
        raise MachineError("jackd is not installed; run provisioning/install.sh")
    name, realtime = f"bench-{uuid.uuid4().hex[:10]}", realtime_allowed()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rackdeck-bench-")))
        settings = jackd.Settings(name, RATE, period)
        words = jackd.jackd_command(Backend("dummy", "", "the bench wants no card"), settings, realtime)
        server = Server(name, period, realtime, folder / "jackd.log", folder)
        stack.enter_context(
            environment(JACK_DEFAULT_SERVER=name, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1")
        )
        child = stack.enter_context(Child(words[words.index("--") + 1 :], server.log))
        child.wait_until(lambda: find(name).running, "the JACK server answers")
        yield server


class Box:
    """An engine on a server. `panel` talks to it; `mailbox`, when `instrumented`, tells what the panel does not."""

    def __init__(self, child: Child, panel: Panel, mailbox: Mailbox):
        self._child, self.panel, self.mailbox = child, panel, mailbox

    @property
    def pid(self) -> int:
        """The engine's process."""
        return self._child.pid

    def number(self, name: str) -> float:
        """A value or state."""
        return self.panel.get_number(name)

    def wait_until(self, name: str, low: float) -> None:
        """Wait until a state is at least `low`."""
        self._child.wait_until(lambda: self.number(name) >= low, f"{name} reaches {low:g}")

    def load(self, deck: int, path: Path) -> None:
        """Load a file and wait until all of it is there. MachineError with the engine's sentence when it cannot be."""
        name = f"deck{deck}"
        serial = self.number(f"{name}.serial")
        self.panel.do(f"{name}.load", str(path))

        def there() -> bool:
            message = str(self.panel.get(f"{name}.message"))
            if message and not message.startswith("loading"):
                raise MachineError(message)
            return self.number(f"{name}.serial") != serial and self.number(f"{name}.ready") == 1

        self._child.wait_until(there, f"{path.name} is loaded")

    def quiet(self, deck: int) -> None:
        """Stop a deck and wait until nothing of it sounds any more."""
        self.panel.set(f"deck{deck}.play", 0)
        wait_until(lambda: self.number(f"deck{deck}.play") == 0, f"deck{deck} stops")
        time.sleep(_QUIET_SECONDS)

    def loop(self, deck: int, grid: float) -> None:
        """Go on for ever within the first beats of a track."""
        self.panel.do(f"deck{deck}.grid", [grid, 0.0])
        self.panel.do(f"deck{deck}.seek", 0.0)
        self.panel.do(f"deck{deck}.loop.beats", 32)


@contextmanager
def engine(server: Server, instrumented: bool = False) -> Iterator[Box]:
    """Start an engine on `server` and wait until it plays; `instrumented` as in device.bench.instrumented."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="home-", dir=server.folder)))
        stack.enter_context(environment(RACKDECK_HOME=str(home), RACKDECK_LOG="WARNING"))
        folder = paths.runtime()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        mailbox = Mailbox.create(home / "mailbox")
        words = [sys.executable, "-m", *(["device.bench.instrumented", str(mailbox.path)] if instrumented else [])]
        child = Child(words if instrumented else [*words, "device.cli", "engine"], home / "engine.log")
        stack.callback(child.stop, signal.SIGINT)
        panel = _open_panel(child, folder)
        stack.callback(panel.close)
        yield Box(child, panel, mailbox)


def _open_panel(child: Child, folder: Path) -> Panel:
    opened: list[Panel] = []

    def alive() -> bool:
        try:
            panel = opened[0] if opened else Panel(folder)
        except RackdeckError:
            return False
        opened[:] = [panel]
        return (
            panel.memory.writer_pid == child.pid
            and panel.get_number("engine.frame") > 0
            and (folder / "actions").exists()
        )

    child.wait_until(alive, "the engine plays")
    return opened[0]
