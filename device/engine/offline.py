"""An engine without JACK: the same sound, block by block, as fast as the machine goes."""

from array import array

import numpy as np
import numpy.typing as npt

from device.engine import binding, parts
from device.errors import InputError
from device.panel import controls
from device.panel.client import Argument
from dsp_cython.engine import Engine, TrackMemory

Planes = npt.NDArray[np.float32]


class OfflineEngine:
    """An engine with a panel of its own, all controls at their defaults.

    period: frames per step, 16 to 1024; controls and actions take effect between steps.
    """

    def __init__(self, samplerate: int = 48000, period: int = 64):
        table = controls.table()
        self._values = array("d", [table[name].default for name in controls.slots("value")])
        self._states = array("d", [table[name].default for name in controls.slots("state")])
        self.samplerate, self.period = samplerate, period
        self.engine = Engine(samplerate, parts.stretcher())
        binding.bind(self.engine, memoryview(self._values), memoryview(self._states))

    def set(self, name: str, value: float) -> None:
        """Set a value or a switch."""
        row = controls.find(name, ("value", "switch"))
        if row.kind == "switch":
            self.do(name, row.check(value))
        else:
            self._values[controls.slots("value")[name]] = row.check(value)

    def get(self, name: str) -> float:
        """A state as of the last step."""
        return self._states[controls.slots("state")[name]]

    def do(self, name: str, value: Argument = None) -> None:
        """Queue a deck's action."""
        code = binding.command_code(name)
        if code is None:
            raise InputError(f"{name} does not change the sound")
        first, second = binding.arguments(value)
        if not self.engine.command(*code, first, second):
            raise InputError("too many actions at one time")

    def load(self, deck: int, track: TrackMemory) -> None:
        """Put a track on a deck (1 to 4)."""
        op, index, _ = binding.command_code(f"deck{deck}.load") or (0, 0, 0)
        self.engine.command(op, index, 0, 0.0, 0.0, track)

    def load_array(self, deck: int, planes: Planes, serial: int = 0) -> None:
        """Put samples (2, frames) on a deck; `serial` defaults to the deck's number."""
        self.load(deck, TrackMemory.of(planes.astype(np.float32), serial or deck))

    def render(self, frames: int) -> Planes:
        """The next frames of all outputs, (14, n) with rows as in dsp_cython.names; n is whole steps."""
        out: Planes = self.engine.render(-(-frames // self.period), self.period)
        return out

    def main(self, seconds: float) -> Planes:
        """The next seconds of main, (2, n)."""
        return self.render(round(seconds * self.samplerate))[:2]
