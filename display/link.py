"""The way to the engine's panel: attaches, notices when the engine stops, comes back by itself."""

from pathlib import Path

from device.errors import MachineError
from device.panel.client import ALIVE_SECONDS, Panel
from display.board import Board

RETRY_SECONDS = 0.5


class Link:
    """Holds the panel open. `poll` once a frame; it never blocks and never raises.

    `alive`: an engine gave a sign of life in the last two seconds. `reason`: what to tell the user when not.
    `epoch` grows whenever another engine process took over: what was cached of the last one is stale.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.board = Board()
        self.alive = False
        self.reason = ""
        self.epoch = 0
        self._panel: Panel | None = None
        self._writer = 0
        self._tried = float("-inf")

    def poll(self, now: float) -> None:
        """Read the panel into `board`. `now` is the machine's monotonic clock in seconds, as the engine's beat is."""
        if not self.alive and now - self._tried >= RETRY_SECONDS:
            self._tried = now
            self._attach()  # also where a panel is open: its file may have been made anew
        if self._panel is None:
            return
        try:
            self._panel.refresh()
        except MachineError as exc:
            self._lose(str(exc))
            return
        memory = self._panel.memory
        self.board.read(memory)
        was_alive, self.alive = self.alive, now - self.board.number("engine.beat") < ALIVE_SECONDS
        if not self.alive:
            self.reason = "the engine is not running; start it with `rackdeck up`"
            self.board.clear()
        elif not was_alive or memory.writer_pid != self._writer:
            self._writer = memory.writer_pid
            self.epoch += 1

    def _attach(self) -> None:
        try:
            fresh = Panel(self.folder)
        except MachineError as exc:
            self._lose(str(exc))
            return
        if self._panel is not None:
            self._panel.close()
        self._panel = fresh

    def _lose(self, reason: str) -> None:
        if self._panel is not None:
            self._panel.close()
        self._panel = None
        self.alive = False
        self.reason = reason
        self.board.clear()

    def set(self, name: str, value: float) -> None:
        """Write a value into shared memory. InputError when it is out of range; ignored while no engine lives."""
        if self._panel is not None and self.alive:
            self._panel.set(name, value)
            self.board.put(name, value)

    def close(self) -> None:
        """Let go of the panel."""
        if self._panel is not None:
            self._panel.close()
        self._panel = None
