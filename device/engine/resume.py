"""What the decks were doing when the last engine died, read from the panel that outlived it."""

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path

from device.errors import MachineError
from device.panel import controls
from device.panel.client import PANEL_FILE, Argument
from device.panel.controls import DECKS, HOT_CUES
from device.panel.memory import PanelMemory

log = logging.getLogger(__name__)
MOST_TRIES = 5  # what kills the engine each time must not keep it from starting


@dataclass(slots=True)
class DeckMemory:
    """One deck as it was: the file, and the actions that bring a fresh deck there (`play` apart)."""

    path: Path
    playing: bool
    actions: list[tuple[str, Argument]] = field(default_factory=list)


@dataclass(slots=True)
class Leftover:
    """All decks, by number, whether a recording ran, and how many engines tried to bring it back."""

    decks: dict[int, DeckMemory] = field(default_factory=dict)
    recording: bool = False
    tries: int = 0


class Store:
    """What the next engine has to bring back, in a folder that outlives this one.

    The panel tells it once: it is written down before the panel begins anew, and stays until everything is back, so
    that an engine killed meanwhile loses nothing either.
    """

    def __init__(self, folder: Path):
        self._panel = folder / PANEL_FILE
        self._file = folder / "leftover.json"

    def take(self) -> Leftover:
        """What was left by the last engine, or the one before it."""
        left = self._written() or read(self._panel)
        left.tries += 1
        if left.tries > MOST_TRIES:
            log.error("bringing the decks back failed %d times; starting with empty decks", MOST_TRIES)
            self.clear()
            return Leftover()
        if left.decks or left.recording:
            fresh = self._file.with_suffix(".new")
            fresh.write_text(json.dumps(asdict(left), default=str), encoding="utf-8")
            fresh.replace(self._file)
        return left

    def _written(self) -> Leftover | None:
        try:
            body = json.loads(self._file.read_text(encoding="utf-8"))
            decks = {
                int(number): DeckMemory(
                    Path(deck["path"]), deck["playing"], [(name, to) for name, to in deck["actions"]]
                )
                for number, deck in body["decks"].items()
            }
            return Leftover(decks, bool(body["recording"]), int(body["tries"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def clear(self) -> None:
        """Everything is back, or nothing is wanted back."""
        self._file.unlink(missing_ok=True)


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
