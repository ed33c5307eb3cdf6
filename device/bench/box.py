"""A whole box for the bench: a JACK server of its own (dummy driver, private name), a home, an engine, an ear."""

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
from typing import TYPE_CHECKING

from device import paths
from device.bench.process import Child, wait_until
from device.errors import MachineError, RackdeckError
from device.panel.client import Panel
from device.soundserver import jackd
from device.soundserver.cards import Backend
from device.soundserver.rights import realtime_allowed
from device.soundserver.server import find

if TYPE_CHECKING:
    from dsp_cython.listener import Listener

RATE = 48000
ENGINE = ("device.cli", "engine")
HEARING_SECONDS = 20.0
_QUIET_SECONDS = 0.06  # after a stop: its fade, the limiter's release and a few periods
_SILENT_SECONDS = 0.02  # enough for a few periods to have come even where the machine stalls for a while
_LOOP_BEATS = 32


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
    """A running JACK server of the bench's own; `folder` is gone with it."""

    period: int
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
    name = f"bench-{uuid.uuid4().hex[:10]}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rackdeck-bench-")))
        settings = jackd.Settings(name, RATE, period)
        words = jackd.jackd_command(Backend("dummy", "", "the bench wants no card"), settings, realtime_allowed())
        stack.enter_context(
            environment(JACK_DEFAULT_SERVER=name, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1")
        )
        child = stack.enter_context(Child(words[words.index("--") + 1 :], folder / "jackd.log"))
        child.wait_until(lambda: find(name).running, "the JACK server answers")
        yield Server(period, child.log, folder)


class Ear:
    """Listens to one port, in a JACK client of this process. Times are milliseconds on JACK's clock."""

    def __init__(self, listener: "Listener", port: str):
        self._listener, self._port = listener, port

    @staticmethod
    def now() -> float:
        """JACK's clock. It runs only while this process is a client of a server."""
        from dsp_cython.listener import now_us

        return now_us() / 1000

    def arm(self, threshold: float = 0.0) -> None:
        """Listen for the next sample whose magnitude exceeds the threshold."""
        self._listener.arm(threshold)

    def arm_in_silence(self, threshold: float = 0.0) -> None:
        """The same once the port is silent, so that nothing older is heard. MachineError when it does not get so."""

        def silent() -> bool:
            self.arm(threshold)
            time.sleep(_SILENT_SECONDS)
            return not self.heard

        wait_until(silent, f"silence at {self._port}", HEARING_SECONDS)

    @property
    def heard(self) -> bool:
        """Whether it was heard."""
        return self._listener.heard_us is not None

    def wait(self, since: float, patience: float = HEARING_SECONDS) -> float:
        """Milliseconds from `since` to the sample that was heard. MachineError when none is."""
        wait_until(lambda: self.heard, f"a sound at {self._port}", patience)
        assert self._listener.heard_us is not None
        return self._listener.heard_us / 1000 - since


@contextmanager
def listening(port: str) -> Iterator[Ear]:
    """Listen to `port` of the default server. MachineError when the build lacks JACK or the port is not there."""
    try:
        from dsp_cython.listener import Listener
    except ImportError as exc:
        raise MachineError("the engine was built without libjack; run provisioning/install.sh, `make setup`") from exc
    try:
        listener = Listener(port, "bench-ear")
    except ConnectionError as exc:
        raise MachineError(str(exc)) from exc
    try:
        yield Ear(listener, port)
    finally:
        listener.close()


class Box:
    """An engine on a server; `panel` talks to it."""

    def __init__(self, child: Child, panel: Panel):
        self._child, self.panel = child, panel

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

    def play_for_ever(self, deck: int, beats_a_minute: float) -> None:
        """Play the first beats of a track again and again."""
        self.panel.do(f"deck{deck}.grid", [beats_a_minute, 0.0])
        self.panel.do(f"deck{deck}.seek", 0.0)
        self.panel.do(f"deck{deck}.loop.beats", _LOOP_BEATS)
        self.panel.set(f"deck{deck}.play", 1)


@contextmanager
def start_box(server: Server, program: tuple[str, ...] = ENGINE) -> Iterator[Box]:
    """Start an engine on `server` (Python's words after `-m`) and wait until it plays."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="home-", dir=server.folder)))
        stack.enter_context(environment(RACKDECK_HOME=str(home), RACKDECK_LOG="WARNING"))
        folder = paths.runtime()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        child = Child([sys.executable, "-m", *program], home / "engine.log")
        stack.callback(child.stop, signal.SIGINT)
        panel = _open_panel(child, folder)
        stack.callback(panel.close)
        yield Box(child, panel)


def _open_panel(child: Child, folder: Path) -> Panel:
    opened: list[Panel] = []

    def alive() -> bool:
        try:
            panel = opened[0] if opened else Panel(folder)
        except RackdeckError:
            return False
        opened[:] = [panel]
        started = panel.memory.writer_pid == child.pid and panel.get_number("engine.frame") > 0
        return started and not str(panel.get("engine.message")).startswith("waiting")

    child.wait_until(alive, "the engine plays")
    return opened[0]
