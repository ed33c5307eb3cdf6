"""A front end's way to the panel: read, set, do, watch, by name."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from device import paths
from device.errors import InputError, MachineError
from device.panel import controls
from device.panel.memory import PanelMemory

Argument = float | str | list[float] | None
PANEL_FILE = "panel"
SOCKET_FILE = "actions"
ENGINE_LOCK = "engine.lock"
ALIVE_SECONDS = 2.0


class Panel:
    """A running box's panel. Values go straight to shared memory, actions over the socket.

    Raises MachineError when no box runs, InputError for a wrong name or a value out of range.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder or paths.runtime()
        self.memory = PanelMemory.attach(self.folder / PANEL_FILE)
        self._socket: socket.socket | None = None
        self._pending = b""

    def __enter__(self) -> "Panel":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def refresh(self) -> None:
        """Attach again if an engine of another layout took over."""
        if self.memory.retired:
            fresh = PanelMemory.attach(self.folder / PANEL_FILE)
            self.memory.close()
            self.memory = fresh

    @property
    def alive(self) -> bool:
        """Whether the engine gave a sign of life in the last two seconds."""
        return time.monotonic() - self.get_number("engine.beat") < ALIVE_SECONDS

    def get(self, name: str) -> float | str:
        """A value, switch, state or text."""
        row = controls.find(name, ("value", "switch", "state", "text"))
        if row.kind == "text":
            return self.memory.read_text(name)
        return self.get_number(name)

    def get_number(self, name: str) -> float:
        """A value, switch or state; the quick path for front ends."""
        slot = controls.slots("value").get(name)
        if slot is not None:
            return self.memory.values[slot]
        slot = controls.slots("state").get(name)
        if slot is None:
            controls.find(name, ("value", "switch", "state"))
            raise InputError(f"{name} is not a number")
        return self.memory.states[slot]

    def set(self, name: str, value: float) -> None:
        """Set a value (in shared memory) or a switch (by an action)."""
        row = controls.find(name, ("value", "switch"))
        number = row.check(value)
        if row.kind == "switch":
            self.do(name, number)
        else:
            self.memory.values[controls.slots("value")[name]] = number

    def do(self, name: str, argument: Argument = None) -> None:
        """Ask the engine for an action and wait for its answer. InputError carries a refusal's reason."""
        row = controls.find(name, ("action", "switch"))
        answer = self._ask({"do": row.name, "value": argument})
        if "error" in answer:
            raise InputError(str(answer["error"]))

    def _ask(self, request: dict[str, object]) -> dict[str, object]:
        message = json.dumps(request).encode() + b"\n"
        for attempt in (1, 2):  # a restarted engine has a new socket: connect once more
            try:
                if self._socket is None:
                    self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    self._socket.settimeout(10)
                    self._socket.connect(str(self.folder / SOCKET_FILE))
                self._socket.sendall(message)
                return self._answer()
            except OSError as exc:
                self._hang_up()
                if attempt == 2 or isinstance(exc, TimeoutError):
                    raise MachineError("the engine does not answer; is `rackdeck up` running?") from exc
        raise AssertionError("unreachable")

    def _answer(self) -> dict[str, object]:
        assert self._socket is not None
        while b"\n" not in self._pending:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise ConnectionResetError
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        answer = json.loads(line)
        return answer if isinstance(answer, dict) else {"error": "the engine's answer was not understood"}

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._pending = None, b""

    def watch(
        self, names: list[str], until: Callable[[], bool] = lambda: False, every: float = 0.02
    ) -> Iterator[tuple[str, float | str]]:
        """Yield (name, value) at once and then at each change."""
        last: dict[str, float | str] = {}
        while not until():
            self.refresh()
            for name in names:
                now = self.get(name)
                if last.get(name) != now:
                    last[name] = now
                    yield name, now
            time.sleep(every)

    def close(self) -> None:
        """Let go of the memory and the socket."""
        self._hang_up()
        self.memory.close()


def running(folder: Path | None = None) -> bool:
    """Whether an engine that still lives owns this box's panel."""
    try:
        with Panel(folder) as panel:
            pid = panel.memory.writer_pid
            if pid:
                os.kill(pid, 0)
            return bool(pid) and panel.alive
    except (MachineError, ProcessLookupError):
        return False
