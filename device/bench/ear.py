"""A listener on a port, where this build has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from device.bench.children import wait_until
from device.errors import MachineError

if TYPE_CHECKING:
    from dsp_cython.listener import Listener

HEARING_SECONDS = 20.0


class Ear:
    """Listens to one port. Times are milliseconds on JACK's clock."""

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

    @property
    def heard(self) -> bool:
        """Whether it was heard."""
        return self._listener.heard_us is not None

    def wait(self, since: float, patience: float = HEARING_SECONDS) -> float:
        """Milliseconds from `since` until it was heard. MachineError when nothing is."""
        wait_until(lambda: self.heard, f"a sound at {self._port}", patience)
        assert self._listener.heard_us is not None
        return self._listener.heard_us / 1000 - since


@contextmanager
def listening(port: str) -> Iterator[Ear]:
    """Listen to `port` of the default server. MachineError when the build lacks JACK or the port is not there."""
    try:
        from dsp_cython.listener import Listener
    except ImportError as exc:
        raise MachineError(
            "the engine was built without libjack; run provisioning/install.sh, then `make setup`"
        ) from exc
    try:
        listener = Listener(port, "bench-ear")
    except ConnectionError as exc:
        raise MachineError(str(exc)) from exc
    try:
        yield Ear(listener, port)
    finally:
        listener.close()
