"""The engine's tie to the sound server: open it, keep it, open it again when the server died."""

import logging
from collections.abc import Callable
from types import ModuleType

from device import paths
from device.engine import parts
from device.errors import ConfigError, MachineError
from device.soundserver.patchbay import PatchBay
from dsp_cython.engine import Engine
from dsp_cython.workers import StretchWorkers

log = logging.getLogger(__name__)
WORKER_BELOW = 5  # stretching threads run that far below the audio thread's priority


class Connection:
    """A JACK client and its patch bay, on the server called `server` (empty: JACK's own rule)."""

    def __init__(self, server: str, client: str):
        part = parts.optional("jack_client")
        if part is None:
            raise ConfigError(parts.missing()[0])
        self._jack: ModuleType = part
        self._server, self._name = server, client
        self._client = None
        self._bay: PatchBay | None = None
        self._workers: StretchWorkers | None = None
        self.message = ""

    def wait_for_server(self, idle: Callable[[], None]) -> int:
        """The server's sample rate, as soon as it answers; `idle` is called between tries."""
        while True:
            try:
                return int(self._jack.server_rate(f"{self._name}-probe", self._server))
            except ConnectionError:
                idle()

    def open(self, engine: Engine) -> None:
        """Start the callback and wire the ports. ConnectionError or MachineError when the server is gone again."""
        client = self._jack.JackClient(engine, self._name, self._server)
        if self._workers is None:
            self._workers = StretchWorkers(engine, max(0, client.realtime_priority - WORKER_BELOW))
        client.start()
        self._client = client
        self._bay = PatchBay(client.name, self._server, paths.home() / "patchbay.json")
        self.message = ""
        log.info("JACK: %d Hz, %d frames, %s", engine.samplerate, client.period, self._how(client.realtime_priority))

    @staticmethod
    def _how(priority: int) -> str:
        return f"real-time priority {priority}" if priority else "not real-time; `rackdeck doctor` says how to mend it"

    @property
    def open_now(self) -> bool:
        """Whether a sound server calls for sound."""
        return self._client is not None and not self._client.gone

    @property
    def backend(self) -> str:
        """What plays the sound, for the screen."""
        if self._client is None or self._bay is None:
            return ""
        return self._bay.describe()

    def keep(self, engine: Engine) -> None:
        """Once a second: wire what was plugged in; come back after the server's end."""
        if self._client is not None and self._client.gone:
            log.warning("the sound server went away")
            self._leave()
        if self._client is None:
            try:
                self.open(engine)
            except (ConnectionError, MachineError):
                self._leave()
                self.message = "the sound server is gone; waiting for it"
            except ValueError as exc:  # it came back at another sample rate: start over
                raise SystemExit(f"{exc}; the engine starts again") from exc
            return
        if self._client.unsuitable:
            self.message = f"a period of {self._client.unsuitable} frames does not suit; choose a multiple of 16"
        if self._bay is not None:
            self._bay.pump()

    def worst(self) -> float:
        """Longest callback since the last call, in microseconds."""
        return float(self._client.worst()) if self._client is not None else 0.0

    def _leave(self) -> None:
        if self._bay is not None:
            self._bay.close()
        if self._client is not None:
            self._client.close()
        self._client, self._bay = None, None

    def close(self) -> None:
        """Leave the server and end the stretching threads."""
        self._leave()
        if self._workers is not None:
            self._workers.stop()
