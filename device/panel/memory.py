"""The panel's shared memory: one array of values, one of states, a few short texts."""

import mmap
import os
import struct
from functools import cache
from pathlib import Path

from device.errors import MachineError
from device.panel import controls

MAGIC = b"RDPANEL1"
HEADER = struct.Struct("<8sQIIIIQ")  # magic, layout, values, states, texts, retired, writer's pid
HEADER_BYTES = 256
TEXT_HEADER_BYTES = 8  # count, length
_RETIRED_AT = 28
_PID_AT = 32


@cache
def _places() -> dict[str, int]:
    """Where each text begins: after the arrays, each a multiple of 8 bytes."""
    at = HEADER_BYTES + 8 * (len(controls.slots("value")) + len(controls.slots("state")))
    places = {}
    for name in controls.slots("text"):
        places[name] = at
        at += TEXT_HEADER_BYTES + -(-controls.table()[name].size // 8) * 8
    return places


@cache
def _size() -> int:
    """Bytes of a whole panel."""
    last = list(controls.slots("text"))[-1]
    return _places()[last] + TEXT_HEADER_BYTES + -(-controls.table()[last].size // 8) * 8


class PanelMemory:
    """A mapped panel file. Floats are 64-bit and written whole, so no lock is needed to read one.

    `values`, `states` are writable memoryviews of doubles, indexed by `controls.slots(kind)`.
    """

    def __init__(self, path: Path, mapping: mmap.mmap):
        self.path = path
        self._map = mapping
        n_values, n_states = len(controls.slots("value")), len(controls.slots("state"))
        view = memoryview(mapping)
        start = HEADER_BYTES
        self.values = view[start : start + 8 * n_values].cast("d")
        start += 8 * n_values
        self.states = view[start : start + 8 * n_states].cast("d")

    @classmethod
    def create(cls, path: Path) -> "PanelMemory":
        """Open the engine's own panel: the one left by an engine that died (faders stay), else a new one."""
        try:
            memory = cls.attach(path)
        except MachineError:
            memory = cls._new(path)
        struct.pack_into("<Q", memory._map, _PID_AT, os.getpid())
        for row in controls.table().values():
            slot = controls.slots("value").get(row.name)
            if slot is not None and not row.fits(memory.values[slot]):
                memory.values[slot] = row.default
            elif row.kind in ("state", "switch"):
                memory.states[controls.slots("state")[row.name]] = row.default
            elif row.kind == "text":
                memory.write_text(row.name, "")
        return memory

    @classmethod
    def _new(cls, path: Path) -> "PanelMemory":
        cls._retire(path)
        counts = [len(controls.slots(kind)) for kind in ("value", "state", "text")]
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(HEADER.pack(MAGIC, controls.layout_hash(), *counts, 0, 0).ljust(_size(), b"\0"))
        fresh.replace(path)
        memory = cls.attach(path)
        for name, slot in controls.slots("value").items():
            memory.values[slot] = controls.table()[name].default
        return memory

    @staticmethod
    def _retire(path: Path) -> None:
        """Tell whoever still maps an older layout to open the file again."""
        try:
            with path.open("r+b") as old:
                old.seek(_RETIRED_AT)
                old.write(struct.pack("<I", 1))
        except OSError:
            pass

    @classmethod
    def attach(cls, path: Path) -> "PanelMemory":
        """Map an existing panel. MachineError when there is none or another version made it."""
        try:
            with path.open("r+b") as file:
                mapping = mmap.mmap(file.fileno(), 0)
        except (OSError, ValueError) as exc:
            raise MachineError("no Rackdeck is running here; start it with `rackdeck up`") from exc
        whole = len(mapping) >= _size()
        if not whole or HEADER.unpack_from(mapping)[:2] != (MAGIC, controls.layout_hash()):
            mapping.close()
            raise MachineError("the running Rackdeck is of another version; restart it")
        return cls(path, mapping)

    @property
    def retired(self) -> bool:
        """True once a newer engine made a new file: attach again."""
        return bool(struct.unpack_from("<I", self._map, _RETIRED_AT)[0])

    @property
    def writer_pid(self) -> int:
        """The engine that owns the states."""
        return int(struct.unpack_from("<Q", self._map, _PID_AT)[0])

    def sign_off(self) -> None:
        """The engine ends in order: the next one starts with empty decks."""
        struct.pack_into("<Q", self._map, _PID_AT, 0)
        for row in controls.table().values():
            if row.kind in ("state", "switch"):
                self.states[controls.slots("state")[row.name]] = row.default
            elif row.kind == "text":
                self.write_text(row.name, "")

    def write_text(self, name: str, text: str) -> None:
        """Store a text, cut to what the table gives it. The count before it is odd while it changes (a seqlock)."""
        at, most = _places()[name], controls.table()[name].size
        raw = text.encode(errors="replace")[:most].decode(errors="ignore").encode()
        count = struct.unpack_from("<I", self._map, at)[0] | 1
        struct.pack_into("<I", self._map, at, count)
        struct.pack_into("<I", self._map, at + 4, len(raw))
        self._map[at + 8 : at + 8 + len(raw)] = raw
        struct.pack_into("<I", self._map, at, (count + 1) & 0xFFFFFFFF)

    def read_text(self, name: str) -> str:
        """A text as last written; what was read before the writer died in the middle of one is empty."""
        at, most = _places()[name], controls.table()[name].size
        for _ in range(100):
            before, size = struct.unpack_from("<II", self._map, at)
            raw = self._map[at + 8 : at + 8 + min(size, most)]
            if not before & 1 and before == struct.unpack_from("<I", self._map, at)[0]:
                return raw.decode(errors="replace")
        return ""

    def remove(self) -> None:
        """Take the file away; who still maps it finds that out, and waits for the next engine's."""
        self._retire(self.path)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Drop the mapping. The views must not be used afterwards."""
        self.values.release()
        self.states.release()
        self._map.close()
