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
Sight = tuple[list[str], list[Pair]]  # names of all ports, and the connections of ours
SETTLE_SECONDS = 0.1  # a client that comes or goes changes many ports: wait until they hold still


class PatchBay:
    """Wires `own` (the engine's JACK client name) and follows what comes and goes.

    Use it from one thread, never the audio callback: `pump()` a few times a second. `server` is a server's name, empty
    for the usual one. `memory` keeps what a person connected or disconnected by hand. MachineError when there is no
    server or no library.

    It looks instead of being told: JACK's library cancels the thread that tells, and a thread that waits for Python's
    lock at that moment takes the lock along for good.
    """

    def __init__(self, own: str = "rackdeck", server: str = "", memory: Path | None = None):
        try:
            jack = importlib.import_module("jack")
        except (ImportError, OSError) as exc:
            raise MachineError(f"JACK's library is missing ({exc}); run provisioning/install.sh") from exc
        self._own = own
        self._wiring = Wiring(memory)
        self._error: type[Exception] = jack.JackError
        self._server = server or server_name()
        try:
            client = jack.Client(f"{own}-patchbay", no_start_server=True, servername=self._server)
        except jack.JackOpenError as exc:
            raise MachineError(f"no JACK server {self._server!r} runs; start one with `rackdeck jack`") from exc
        self._client: Any = client
        client.activate()
        self._seen, self._since = self._look(), time.monotonic()
        self._wired: Sight | None = None  # what was wired last
        self._wire(self._seen)

    def pump(self) -> None:
        """Wire what came since the last call, once it holds still."""
        seen, now = self._look(), time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        elif seen != self._wired and now - self._since >= SETTLE_SECONDS:
            self._wire(seen)

    def _look(self) -> Sight | None:
        """All ports and the connections of ours; None when one went while we looked, or the server did."""
        try:
            return self._names(), self.connections()
        except self._error as exc:
            log.debug("jack: %s", exc)
            return None

    def describe(self) -> str:
        """What plays the sound, for a screen: the card, or which server."""
        report = read_report()
        if report is not None and report.name == self._server:
            return report.title
        try:
            outputs = len(self._names(is_physical=True, is_input=True))
        except self._error:
            return ""
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

    def _wire(self, seen: Sight | None) -> None:
        self._wired = seen
        if seen is None:
            return
        everything, connections = seen
        own = [name for name in everything if name.startswith(f"{self._own}:")]
        try:
            playback = self._names(is_physical=True, is_input=True)
            capture = self._names(is_physical=True, is_output=True)
        except self._error as exc:
            log.debug("jack: %s", exc)
            self._wired = None  # a port went meanwhile: look again
            return
        for source, target in self._wiring.decide(everything, plan(own, playback, capture), connections):
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
