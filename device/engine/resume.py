"""What the decks were doing when the last engine died, read from the panel that outlived it."""

from dataclasses import dataclass, field
from pathlib import Path

from device.errors import MachineError
from device.panel import controls
from device.panel.client import Argument
from device.panel.controls import DECKS, HOT_CUES
from device.panel.memory import PanelMemory


@dataclass(slots=True)
class DeckMemory:
    """One deck as it was: the file, and the actions that bring a fresh deck there (`play` apart)."""

    path: Path
    playing: bool
    actions: list[tuple[str, Argument]] = field(default_factory=list)


@dataclass(slots=True)
class Leftover:
    """All decks, by number, and whether a recording ran."""

    decks: dict[int, DeckMemory] = field(default_factory=dict)
    recording: bool = False


def read(panel_file: Path) -> Leftover:
    """Empty when there is no panel, another version's, or one whose engine ended in order."""
    left = Leftover()
    try:
        memory = PanelMemory.attach(panel_file)
    except MachineError:
        return left
    try:
        if memory.writer_pid:
            left.recording = _state(memory, "record.active") > 0
            for number in range(1, DECKS + 1):
                deck = _deck(memory, f"deck{number}")
                if deck is not None:
                    left.decks[number] = deck
    finally:
        memory.close()
    return left


def _state(memory: PanelMemory, name: str) -> float:
    return memory.states[controls.slots("state")[name]]


def _deck(memory: PanelMemory, deck: str) -> DeckMemory | None:
    path = memory.read_text(f"{deck}.path")
    if not _state(memory, f"{deck}.serial") or not path:
        return None
    found = DeckMemory(Path(path), _state(memory, f"{deck}.play") > 0)
    add = found.actions.append
    if _state(memory, f"{deck}.grid.bpm") > 0:
        add((f"{deck}.grid", [_state(memory, f"{deck}.grid.bpm"), _state(memory, f"{deck}.grid.first")]))
    add((f"{deck}.cue.at", _state(memory, f"{deck}.cue.point")))
    for cue in range(1, HOT_CUES + 1):
        name = f"{deck}.hotcue.{cue}"
        if _state(memory, name) >= 0:
            add((f"{name}.at", [_state(memory, name), _state(memory, f"{name}.length")]))
    if _state(memory, f"{deck}.loop.start") >= 0:
        add((f"{deck}.loop.at", [_state(memory, f"{deck}.loop.start"), _state(memory, f"{deck}.loop.end")]))
        if _state(memory, f"{deck}.loop.active"):
            add((f"{deck}.loop.exit", 1.0))  # with a loop set and none running, this goes back into it
    add((f"{deck}.seek", _state(memory, f"{deck}.position")))
    return found
