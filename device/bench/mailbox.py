"""Two numbers that the bench and an instrumented engine share: the longest callback, and whether to hog the GIL."""

import mmap
import struct
from pathlib import Path

_NUMBERS = struct.Struct("<2d")
_WORST_AT, _HOG_AT = 0, 8
_ONE = struct.Struct("<d")


class Mailbox:
    """A mapped file of two floats; either side reads and writes either."""

    def __init__(self, path: Path):
        self.path = path
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _NUMBERS.size)

    @classmethod
    def create(cls, path: Path) -> "Mailbox":
        """A new file with both at 0."""
        path.write_bytes(_NUMBERS.pack(0.0, 0.0))
        return cls(path)

    @property
    def worst_us(self) -> float:
        """Longest callback since it was last set to 0, in microseconds."""
        return float(_ONE.unpack_from(self._map, _WORST_AT)[0])

    @worst_us.setter
    def worst_us(self, value: float) -> None:
        _ONE.pack_into(self._map, _WORST_AT, value)

    @property
    def hog(self) -> bool:
        """Whether the engine's process shall hold its GIL as long as it can."""
        return bool(_ONE.unpack_from(self._map, _HOG_AT)[0])

    @hog.setter
    def hog(self, value: bool) -> None:
        _ONE.pack_into(self._map, _HOG_AT, float(value))
