"""What the panel said when this frame began: numbers and texts by name, read all at once."""

from device.panel import controls
from device.panel.memory import PanelMemory


class Board:
    """A copy of the panel for one frame. Without an engine every control is at its default."""

    def __init__(self) -> None:
        values, states = controls.slots("value"), controls.slots("state")
        self._slots = dict(values) | {name: len(values) + slot for name, slot in states.items()}
        self._defaults = [controls.table()[name].default for name in self._slots]
        self._numbers = list(self._defaults)
        self._texts = dict.fromkeys(controls.slots("text"), "")

    def read(self, memory: PanelMemory) -> None:
        """Copy the shared memory."""
        self._numbers = [*memory.values, *memory.states]
        for name in self._texts:
            self._texts[name] = memory.read_text(name)

    def clear(self) -> None:
        """Every control to its default, every text empty."""
        self._numbers = list(self._defaults)
        self._texts = dict.fromkeys(self._texts, "")

    def number(self, name: str) -> float:
        """A value, switch or state. KeyError for any other name."""
        return self._numbers[self._slots[name]]

    def on(self, name: str) -> bool:
        """Whether a 0/1 control is on."""
        return self._numbers[self._slots[name]] >= 0.5

    def text(self, name: str) -> str:
        """A text. KeyError for any other name."""
        return self._texts[name]

    def put(self, name: str, number: float) -> None:
        """Note a value that was just set, so that this frame already shows it."""
        self._numbers[self._slots[name]] = number
