"""Sends actions to the engine from a thread of its own, so that drawing never waits for an answer."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.errors import RackdeckError
from device.panel.client import Argument, Panel

MOST_WAITING = 64
STALE_SECONDS = 2.0
LATEST_COUNTS = (".seek",)  # of several that wait, only the last matters


@dataclass(slots=True)
class _Action:
    name: str
    argument: Argument
    at: float


class Sender:
    """A small queue and one worker. `clock` gives monotonic seconds."""

    def __init__(self, folder: Path, clock: Callable[[], float]):
        self._folder = folder
        self._clock = clock
        self._waiting: deque[_Action] = deque()
        self._errors: deque[str] = deque(maxlen=8)
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="actions", daemon=True)
        self._thread.start()

    def put(self, name: str, argument: Argument = None) -> bool:
        """Queue an action and return at once. False, and nothing is queued, when too many wait already."""
        with self._wake:
            last = self._waiting[-1] if self._waiting else None
            if last is not None and last.name == name and name.endswith(LATEST_COUNTS):
                last.argument = argument
            elif len(self._waiting) >= MOST_WAITING and not _is_release(argument):
                return False
            else:
                self._waiting.append(_Action(name, argument, self._clock()))
            self._wake.notify()
        return True

    def errors(self) -> list[str]:
        """What was refused since the last call, as sentences for the user."""
        with self._wake:
            found = list(self._errors)
            self._errors.clear()
        return found

    def close(self, wait: float = 0.5) -> None:
        """Stop once what waits is sent, or after `wait` seconds: a hung engine must not hold the screen."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(wait)

    def _work(self) -> None:
        panel: Panel | None = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    break
                action = self._waiting.popleft()
            if self._clock() - action.at > STALE_SECONDS and not _is_release(action.argument):
                continue  # a press from before the engine hung would now come as a surprise
            try:
                panel = panel or Panel(self._folder)
                panel.do(action.name, action.argument)
            except RackdeckError as exc:
                self._fail(str(exc))
            except (OSError, ValueError) as exc:
                self._fail(f"the engine's answer was not understood: {exc}")
        if panel is not None:
            panel.close()

    def _fail(self, sentence: str) -> None:
        with self._wake:
            self._errors.append(sentence)


def _is_release(argument: Argument) -> bool:
    """The end of a press must reach the engine, or the deck would play on."""
    return argument in (0, 0.0)
