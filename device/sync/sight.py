"""What the box is doing now, as its panel says: decks, recording, sound."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from device.errors import RackdeckError
from device.panel.client import Panel
from device.panel.controls import DECKS

OPEN = 0.02  # a fader below is closed


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck with a track. serial: which load this is; heard: whether it reaches main; tempo: percent."""

    number: int
    serial: int
    path: str
    title: str
    artist: str
    key: str
    playing: bool
    heard: bool
    position: float
    seconds: float
    bpm: float
    tempo: float


@dataclass(frozen=True, slots=True)
class Now:
    """The panel at one moment; without an engine all is empty. pid: of the engine."""

    pid: int = 0
    decks: tuple[Deck, ...] = ()
    recording: str = ""
    recorded: float = 0.0
    dropped: int = 0
    said: str = ""
    load: float = 0.0
    xruns: int = 0
    samplerate: int = 0
    period: int = 0
    room: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether the sound must not be disturbed."""
        return bool(self.recording) or any(deck.playing for deck in self.decks)


def audible(fader: float, assign: float, crossfader: float) -> bool:
    """Whether a channel that plays is let through. assign: 0 thru, 1 side A, 2 side B."""
    side = assign == 0 or (crossfader < 1 - OPEN if assign == 1 else crossfader > OPEN - 1)
    return fader > OPEN and side


class Sight:
    """Looks at a panel that may come and go. One thread."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._panel: Panel | None = None

    @property
    def panel(self) -> Panel | None:
        """The panel of an engine that lives, None without one."""
        try:
            if self._panel is None:
                self._panel = Panel(self._folder)
            self._panel.refresh()
            return self._panel if self._panel.memory.writer_pid and self._panel.alive else None
        except RackdeckError:
            self.close()
            return None

    def look(self) -> Now:
        """Everything at once."""
        panel = self.panel
        if panel is None:
            return Now()
        number = panel.get_number
        return Now(
            panel.memory.writer_pid,
            tuple(self._deck(panel, deck) for deck in range(1, DECKS + 1) if number(f"deck{deck}.serial") > 0),
            str(panel.get("record.path")) if number("record.active") else "",
            number("record.seconds"),
            int(number("record.dropped")),
            str(panel.get("record.message")),
            number("engine.load"),
            int(number("engine.xruns")),
            int(number("engine.samplerate")),
            int(number("engine.period")),
            number("record.free"),
        )

    @staticmethod
    def _deck(panel: Panel, deck: int) -> Deck:
        number, name = panel.get_number, f"deck{deck}"
        playing = number(f"{name}.play") > 0
        channel = f"mixer.ch{deck}"
        open_ = audible(number(f"{channel}.fader"), number(f"{channel}.assign"), number("mixer.crossfader"))
        return Deck(
            deck,
            int(number(f"{name}.serial")),
            str(panel.get(f"{name}.path")),
            str(panel.get(f"{name}.title")),
            str(panel.get(f"{name}.artist")),
            str(panel.get(f"{name}.key_name")),
            playing,
            playing and open_ and number(f"{name}.speed") != 0,
            max(0.0, number(f"{name}.position")),
            max(0.0, number(f"{name}.duration")),
            number(f"{name}.bpm"),
            number(f"{name}.tempo"),
        )

    def close(self) -> None:
        """Let go of the panel."""
        if self._panel is not None:
            with contextlib.suppress(BufferError):
                self._panel.close()
        self._panel = None
