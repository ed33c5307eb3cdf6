"""Configuration: a box's settings as its owner made them in the companion, and which there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from device.contracts.commands import Permission
from device.contracts.shapes import Items
from device.contracts.values import Count, Name, Sentence, Value


@dataclass(frozen=True, slots=True)
class Wanted:
    """All settings that the companion decides. Those of a lower revision are out of date; others stay as they are."""

    revision: Count
    settings: Annotated[Mapping[Name, Value], Items(200)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A setting that the box does not take, and why."""

    name: Name
    said: Sentence


@dataclass(frozen=True, slots=True)
class Applied:
    """The box goes by this revision now, but for what it refused."""

    revision: Count
    refused: Annotated[tuple[Refusal, ...], Items(200)] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One that there is. default: what a box goes by when nothing is wanted; None: by what was set on the box itself.

    kind: `flag`, a whole `number` from `low` to `high`, one of the `choices`, or a `text` of at most `high` characters.
    """

    name: str
    title: str
    kind: Literal["flag", "number", "choice", "text"]
    default: bool | int | None = None
    low: int = 0
    high: int = 0
    unit: str = ""
    choices: tuple[str, ...] = ()
    takes: Literal["at once", "at the next start"] = "at once"

    def objection(self, value: object) -> str:
        """Why it cannot be this value, null being the default; empty when it can."""
        if value is None:
            return ""
        match self.kind:
            case "flag":
                return "" if isinstance(value, bool) else "this is on or off"
            case "choice":
                return "" if value in self.choices else f"this is one of {', '.join(self.choices)}"
            case "text":
                fits = isinstance(value, str) and 0 < len(value) <= self.high
                return "" if fits else f"this takes a text of at most {self.high} characters"
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            return f"this takes a whole number from {self.low} to {self.high}"
        return ""


def _remote(right: Permission) -> Setting:
    return Setting(f"remote.{right}", f"Commands from afar: {right}", "flag", True)


def _start(name: str, title: str, unit: str, *choices: int) -> Setting:
    return Setting(name, title, "choice", unit=unit, choices=tuple(map(str, choices)), takes="at the next start")


KNOWN: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("files.upload", "Recordings, logs and stems go to the companion", "flag", True),
        Setting("files.metered", "Files go over a connection that costs by volume, too", "flag", False),
        Setting("files.playing_rate", "Speed of files while something plays", "number", 524288, 1024, 10**9, "bytes/s"),
        Setting("plays.told", "The companion hears what was played", "flag", True),
        *(_remote(right) for right in get_args(Permission)),
        Setting("mixer.eq_mode", "Equaliser", "choice", choices=("isolator", "shelf")),
        Setting("mixer.crossfader_curve", "Crossfader curve", "choice", choices=("full", "power", "cut")),
        Setting("mixer.fader_curve", "Fader curve", "choice", choices=("smooth", "linear", "sharp")),
        Setting("mixer.limiter", "Limiter on main", "flag"),
        Setting("record.format", "Recording format", "choice", choices=("wav", "flac")),
        _start("audio.period", "Period of the sound server", "frames", 32, 64, 128, 256, 512, 1024, 2048),
        _start("audio.rate", "Sample rate", "Hz", 44100, 48000, 88200, 96000),
        Setting("system.time_zone", "Time zone", "text", high=60),
        Setting("system.hostname", "Name in the network", "text", high=63),
    )
}
