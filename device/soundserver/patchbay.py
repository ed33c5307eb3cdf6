"""The patch bay: wires the engine's ports to the card's, through a JACK client of its own that plays nothing."""

import importlib
import logging
import re
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from device.errors import MachineError
from device.soundserver.server import read_report, server_name
from device.soundserver.wiring import Pair, Wiring, plan

log = logging.getLogger(__name__)
SETTLE_SECONDS = 0.1  # a client that comes or goes changes many ports: wait until they hold still


class PatchBay:
    """Wires `own` (the engine's JACK client name) and follows what comes and goes.

    Use it from one thread, never the audio callback: `pump()` a few times a second. JACK's notifications
    only count. `server` is a server's name, empty for the usual one. `memory` keeps what a person connected or
    disconnected by hand. MachineError when there is no server or no library.
    """

    def __init__(self, own: str = "rackdeck", server: str = "", memory: Path | None = None):
        try:
            jack = importlib.import_module("jack")
        except (ImportError, OSError) as exc:
            raise MachineError(f"JACK's library is missing ({exc}); run provisioning/install.sh") from exc
        jack.set_error_function(lambda message: log.debug("jack: %s", message))
        jack.set_info_function(lambda message: log.debug("jack: %s", message))
        self._own = own
        self._wiring = Wiring(memory)
        self._changes = 1  # written by JACK's thread alone from here on
        self._changed_at = 0.0
        self._wired = 0  # the value of `_changes` that was wired last
        self._xruns = 0
        self._gone = ""
        self._error: type[Exception] = jack.JackError
        self._server = server or server_name()
        try:
            client = jack.Client(f"{own}-patchbay", no_start_server=True, servername=self._server)
        except jack.JackOpenError as exc:
            raise MachineError(f"no JACK server {self._server!r} runs; start one with `rackdeck jack`") from exc
        self._client: Any = client
        client.set_port_registration_callback(self._changed, only_available=False)
        client.set_port_connect_callback(self._changed, only_available=False)
        client.set_xrun_callback(self._late)
        client.set_shutdown_callback(self._shut_down)
        client.activate()
        self._wire()

    def _changed(self, *_: object) -> None:
        self._changed_at = time.monotonic()
        self._changes += 1

    def _late(self, _delay: float) -> None:
        self._xruns += 1

    def _shut_down(self, _status: object, reason: str) -> None:
        self._gone = reason or "the server ended"

    @property
    def alive(self) -> bool:
        """False once the server ended or threw us out; close this patch bay and make a new one then."""
        return not self._gone

    @property
    def reason(self) -> str:
        """Why it is no longer alive, in JACK's words."""
        return self._gone

    @property
    def xruns(self) -> int:
        """Periods that came too late, from any client, since this patch bay was made."""
        return self._xruns

    @property
    def load(self) -> float:
        """Share of the period that all clients use together, in percent."""
        return float(self._client.cpu_load()) if self.alive else 0.0

    def pump(self) -> bool:
        """Wire what came since the last call, once it holds still. Returns `alive`."""
        if self.alive and self._changes != self._wired and time.monotonic() - self._changed_at >= SETTLE_SECONDS:
            self._wired = self._changes
            self._wire()
        if not self.alive:
            self._wiring.server_gone()
        return self.alive

    def describe(self) -> str:
        """What plays the sound, for a screen: the card, or which server."""
        if not self.alive:
            return ""
        report = read_report()
        if report is not None and report.name == self._server:
            return report.title
        outputs = len(self._names(is_physical=True, is_input=True))
        return f"JACK server {self._server!r}, {outputs} outputs"

    def connections(self) -> list[Pair]:
        """What the engine's ports are connected to now, as (output, input)."""
        pairs: set[Pair] = set()
        for port in self._client.get_ports(f"^{re.escape(self._own)}:", is_audio=True):
            for other in self._client.get_all_connections(port):
                pairs.add((other.name, port.name) if port.is_input else (port.name, other.name))
        return sorted(pairs)

    def _names(self, **kind: bool) -> list[str]:
        return [port.name for port in self._client.get_ports(is_audio=True, **kind)]

    def _wire(self) -> None:
        try:
            everything = self._names()
            own = [name for name in everything if name.startswith(f"{self._own}:")]
            playback = self._names(is_physical=True, is_input=True)
            capture = self._names(is_physical=True, is_output=True)
            missing = self._wiring.decide(everything, plan(own, playback, capture), self.connections())
        except self._error as exc:
            log.debug("jack: %s", exc)  # a port went while we looked; its notification brings us back
            return
        for source, target in missing:
            try:
                self._client.connect(source, target)
            except self._error as exc:
                log.warning("could not connect %s to %s: %s", source, target, exc)

    def close(self) -> None:
        """Leave the server. The connections stay."""
        self._client.close()

    def __enter__(self) -> "PatchBay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
