"""Programs that the bench starts: each ends with it, none hears its Ctrl-C, all their words go to a file."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from device.errors import MachineError

PATIENCE = 60.0  # seconds; a slow machine is no reason to give up early
_ENDING_SECONDS = 10.0


class Child:
    """One running program. Use it in a `with`, or `stop` it."""

    def __init__(self, words: list[str], log: Path, environment: dict[str, str] | None = None):
        self.name, self.log = Path(words[0]).name, log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *words],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id (setpriv becomes the program)."""
        return self.process.pid

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Wait for something that this program does. MachineError when it ends before, or never does it."""
        end = time.monotonic() + patience
        while not condition():
            if self.process.poll() is not None:
                raise MachineError(f"{self.name} ended before {what}: {self.last_words()}")
            if time.monotonic() > end:
                raise MachineError(f"{self.name} did not come so far within {patience:.0f} s: {what}")
            time.sleep(0.01)

    def last_words(self) -> str:
        """The end of what it said."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-3:]) or f"it said nothing (status {self.process.returncode})"

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end; make it end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for something. MachineError when it never happens."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise MachineError(f"this did not happen within {patience:.0f} s: {what}")
        time.sleep(0.005)
