"""Whether a JACK server runs, and what it plays through."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

from device import paths

ANSWER_SECONDS = 3.0
REPORT_FILE = "sound.json"


@dataclass(frozen=True, slots=True)
class ServerState:
    """A JACK server as seen from outside.

    state: `running`, `absent`, `hung` (it took the connection and never answered), `refused` (it runs, but not
    for us) or `no library` (libjack or jack-client is missing). rate in Hz, period in frames, `outputs` counts
    the physical playback ports. `wired` says whether the engine's main reaches a port; None without an engine.
    """

    name: str
    state: str
    rate: int = 0
    period: int = 0
    realtime: bool = False
    outputs: int = 0
    wired: bool | None = None
    detail: str = ""

    @property
    def running(self) -> bool:
        """Whether a client can use it now."""
        return self.state == "running"

    def __str__(self) -> str:
        if self.state == "running":
            mode = "real time" if self.realtime else "without real-time priority"
            return f"JACK server {self.name!r} runs at {self.rate} Hz with {self.period} frames a period, {mode}"
        if self.state == "no library":
            return f"JACK's library is missing ({self.detail}); run provisioning/install.sh"
        if self.state == "hung":
            return f"JACK server {self.name!r} does not answer; end it (`pkill -KILL jackd`) and start again"
        if self.state == "refused":
            return f"JACK server {self.name!r} runs but refuses us: {self.detail}"
        return f"no JACK server {self.name!r} runs"


def server_name() -> str:
    """The name of the server that every client here uses: JACK_DEFAULT_SERVER, else `default`."""
    return os.environ.get("JACK_DEFAULT_SERVER") or "default"


def find(name: str | None = None, timeout: float = ANSWER_SECONDS) -> ServerState:
    """Look for a server called `name` without starting one. Takes up to `timeout` seconds when it hangs."""
    name = name or server_name()
    environment = {**os.environ, "JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    command = [sys.executable, "-P", "-m", "device.soundserver.probe"]
    try:
        probe = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)
        answer = json.loads(probe.stdout)
    except subprocess.TimeoutExpired:
        return ServerState(name, "hung")
    except ValueError:
        last = probe.stderr.strip().splitlines()[-1:] or [f"the probe ended with status {probe.returncode}"]
        return ServerState(name, "refused", detail=last[0])
    known = {field.name for field in fields(ServerState)}
    return ServerState(name, **{key: value for key, value in answer.items() if key in known})


@dataclass(frozen=True, slots=True)
class SoundReport:
    """What the server that `rackdeck jack` started plays through, as it last wrote it down."""

    pid: int
    name: str
    driver: str
    device: str
    rate: int
    period: int
    why: str
    card: str = ""

    @property
    def title(self) -> str:
        """What plays, in a few words for a screen."""
        return self.card or self.device or "no sound card (JACK's dummy driver)"

    def write(self, folder: Path | None = None) -> None:
        """Store the report in the runtime folder, whole or not at all."""
        path = (folder or paths.runtime()) / REPORT_FILE
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({field.name: getattr(self, field.name) for field in fields(self)}) + "\n")
        fresh.replace(path)


def read_report(folder: Path | None = None) -> SoundReport | None:
    """The report of a `rackdeck jack` that still runs, else None."""
    try:
        report = SoundReport(**json.loads(((folder or paths.runtime()) / REPORT_FILE).read_text()))
        os.kill(report.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return report


def erase_report(folder: Path | None = None) -> None:
    """Forget the report."""
    ((folder or paths.runtime()) / REPORT_FILE).unlink(missing_ok=True)
