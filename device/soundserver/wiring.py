"""Which ports belong together: the plan for the engine's ports, and what a person changed by hand."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

Pair = tuple[str, str]  # an output port's full name, then an input port's
MAIN, BOOTH, PHONES = "main", "booth", "phones"


def plan(own_ports: Iterable[str], physical_playback: Sequence[str], physical_capture: Sequence[str]) -> list[Pair]:
    """The connections a person expects with nothing set up.

    Two outputs carry main; four, main and phones; six or more, main, booth and phones. A single output gets both
    sides of main. The microphone comes from the first two inputs, or from the only one. Deck outputs stay free
    for an outside mixer. Ports are full names (`rackdeck:main_left`); what is not among `own_ports` is left out.
    """
    own = {port.split(":", 1)[1]: port for port in own_ports if ":" in port}
    pairs: list[tuple[str, str]] = []
    if len(physical_playback) == 1:
        pairs += [(f"{MAIN}_{side}", physical_playback[0]) for side in ("left", "right")]
    buses = [MAIN, PHONES] if len(physical_playback) < 6 else [MAIN, BOOTH, PHONES]
    for bus, first in zip(buses, range(0, len(physical_playback) - 1, 2), strict=False):
        pairs += [(f"{bus}_left", physical_playback[first]), (f"{bus}_right", physical_playback[first + 1])]
    wired = [(own[name], port) for name, port in pairs if name in own]
    if physical_capture:
        microphones = [(physical_capture[0], "mic_left"), (physical_capture[:2][-1], "mic_right")]
        wired += [(port, own[name]) for port, name in microphones if name in own]
    return wired


class Wiring:
    """Decides what to connect, and never fights what a person did with another tool.

    A connection that someone made is remembered and made again when its ports come back; one that someone
    took away stays away. `memory` keeps both over a restart; without it they last as long as this object.
    """

    def __init__(self, memory: Path | None = None):
        self._memory = memory
        self.made: set[Pair] = set()
        self.refused: set[Pair] = set()
        self._ports: frozenset[str] = frozenset()
        self._before: frozenset[Pair] = frozenset()
        self._asked: set[Pair] = set()
        self._load()

    def decide(self, ports: Iterable[str], planned: Iterable[Pair], now: Iterable[Pair]) -> list[Pair]:
        """The connections to make.

        ports: every audio port there is. planned: from `plan`. now: the connections of the engine's ports.
        """
        ports, planned, now = frozenset(ports), frozenset(planned), frozenset(now)
        known = (set(self.made), set(self.refused))
        for pair in now - self._before - self._asked:
            self.refused.discard(pair)
            if pair not in planned:
                self.made.add(pair)
        for pair in self._before - now:
            if {*pair} <= ports & self._ports:  # the ports are still there: someone pulled the cable
                self.made.discard(pair)
                if pair in planned:
                    self.refused.add(pair)
        wanted = (planned - self.refused) | self.made
        missing = sorted(pair for pair in wanted - now if {*pair} <= ports)
        self._ports, self._before, self._asked = ports, now, set(missing)
        if known != (self.made, self.refused):
            self._store()
        return missing

    def _load(self) -> None:
        if self._memory is None:
            return
        try:
            body = json.loads(self._memory.read_text(encoding="utf-8"))
            self.made = {(str(source), str(target)) for source, target in body["made"]}
            self.refused = {(str(source), str(target)) for source, target in body["refused"]}
        except (OSError, ValueError, KeyError, TypeError):
            self.made, self.refused = set(), set()

    def _store(self) -> None:
        if self._memory is None:
            return
        body = {"version": 1, "made": sorted(self.made), "refused": sorted(self.refused)}
        fresh = self._memory.with_suffix(".new")
        fresh.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self._memory)
