"""Health: how a box did over a period."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from device.contracts.shapes import Items
from device.contracts.values import Count, Degrees, Id, Ms, Percent, Seconds, Size, Word

Versions = Annotated[Mapping[Word, Word], Items(32)]


@dataclass(frozen=True, slots=True)
class Storage:
    """The disk that recordings go to."""

    total: Size
    free: Size
    errors: Count = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """The engine in this period. load: percent of the time that a period of the sound server leaves."""

    load_mean: Percent
    load_worst: Percent
    xruns: Count
    samplerate: Count
    frames: Count


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not reached the companion: messages and files. oldest: seconds; thinned: given up since boot."""

    messages: Count
    bytes: Size
    oldest: Seconds
    files: Count = 0
    file_bytes: Size = 0
    thinned: Count = 0


@dataclass(frozen=True, slots=True)
class Process:
    """One of the box's programs. memory: resident bytes; restarts: since boot."""

    name: Word
    memory: Size
    restarts: Count = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A period of a box's life; what it cannot measure is null. boot: new with each start of the machine.

    clock: where the time of day comes from: network time, the machine's own battery clock, the companion, nowhere.
    certificate: when it runs out.
    """

    boot: Id
    uptime: Seconds
    period: Seconds
    versions: Versions
    storage: Storage
    waiting: Waiting
    clock: Literal["network", "battery", "companion", "none"]
    sound: Sound | None = None
    temperature: Degrees | None = None
    throttled: bool | None = None
    undervoltage: bool | None = None
    memory_total: Size | None = None
    memory_free: Size | None = None
    network: Literal["none", "wired", "wireless", "mobile"] = "none"
    metered: bool = False
    certificate: Ms | None = None
    processes: Annotated[tuple[Process, ...], Items(32)] = field(default=())
