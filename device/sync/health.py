"""Health: once a minute, how the box did since the last report. What cannot be measured is left out."""

import contextlib
import os
import time
from importlib import metadata
from pathlib import Path
from typing import Literal

from device.contracts.health import Process, Report, Sound, Storage, Versions, Waiting
from device.sync import network
from device.sync.core import Core, uptime
from device.sync.sight import Now

PERIOD_SECONDS = 60.0
PACKAGES = ("rackdeck", "paho-mqtt", "numpy", "av", "pygame-ce")


def versions() -> Versions:
    """What runs here."""
    found = {"system": os.uname().release, "python": ".".join(map(str, __import__("sys").version_info[:3]))}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return {
        name: "".join(c if c.isalnum() or c in "_.+:~-" else "-" for c in text)[:60] for name, text in found.items()
    }


def storage(folder: Path) -> Storage:
    """The disk of a folder."""
    space = os.statvfs(folder)
    return Storage(space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize)


class Health:
    """`look` follows the sound; `step` tells a report when it is time."""

    def __init__(self, core: Core, root: Path = Path("/")):
        self._core, self._root = core, root
        self._versions = versions()
        self._xruns: tuple[int, int] | None = None
        self._begin(time.monotonic())

    def _begin(self, seconds: float) -> None:
        self._since = seconds
        self._loads: list[float] = []
        self._late = 0

    def look(self, now: Now) -> None:
        """What the panel says now."""
        if not now.pid:
            self._xruns = None
            return
        self._loads.append(now.load)
        known = self._xruns
        if known is not None and known[0] == now.pid:
            self._late += max(0, now.xruns - known[1])
        self._xruns = now.pid, now.xruns

    def step(self) -> float:
        """Tell a report once its period is over; returns the seconds to the next. DiskFullError."""
        seconds = time.monotonic()
        left = self._since + PERIOD_SECONDS - seconds
        if left > 0:
            return left
        found = network.look()
        self._core.metered = found.metered
        report = self._report(seconds - self._since, found)
        self._begin(seconds)
        self._core.tell(report)
        return PERIOD_SECONDS

    def _report(self, period: float, found: network.Network) -> Report:
        core, now = self._core, self._core.now
        loads = self._loads or [0.0]
        sound = (
            Sound(sum(loads) / len(loads), min(max(loads), 1000.0), self._late, now.samplerate, now.period)
            if now.pid and self._loads
            else None
        )
        throttled = self._throttled()
        memory = self._memory()
        return Report(
            core.boot,
            uptime(),
            period,
            self._versions,
            storage(core.places.home),
            self._waiting(),
            self._clock(),
            sound,
            self._temperature(),
            None if throttled is None else bool(throttled & 0x4),
            None if throttled is None else bool(throttled & 0x1),
            memory.get("MemTotal"),
            memory.get("MemAvailable"),
            found.kind,
            found.metered,
            core.access.expires if core.access else None,
            self._processes(),
        )

    def _waiting(self) -> Waiting:
        connection = self._core.database.connection
        found = self._core.outbox.waiting(connection)
        files, size = connection.execute(
            "SELECT count(*), ifnull(sum(json_extract(body, '$.size')), 0) FROM uploads "
            "WHERE state NOT IN ('kept', 'refused', 'gone')"
        ).fetchone()
        oldest = max(0.0, (self._core.clock.now().ms - found.oldest) / 1000) if found.oldest else 0.0
        return Waiting(found.messages, found.bytes, min(oldest, 1e9), files, size, found.thinned)

    def _clock(self) -> Literal["network", "battery", "companion", "none"]:
        if self._core.clock.quality == "set":
            synchronised = (self._root / "run/systemd/timesync/synchronized").exists()
            return "network" if synchronised or not (self._root / "dev/rtc0").exists() else "battery"
        return "companion" if self._core.access else "none"

    def _temperature(self) -> float | None:
        found = []
        for file in (self._root / "sys/class/thermal").glob("thermal_zone*/temp"):
            with contextlib.suppress(OSError, ValueError):
                found.append(int(file.read_text()) / 1000)
        return max((value for value in found if -100 < value < 200), default=None)

    def _throttled(self) -> int | None:
        """The Raspberry Pi's own bits."""
        try:
            return int((self._root / "sys/devices/platform/soc/soc:firmware/get_throttled").read_text(), 16)
        except (OSError, ValueError):
            return None

    def _memory(self) -> dict[str, int]:
        found = {}
        with contextlib.suppress(OSError, ValueError):
            for row in (self._root / "proc/meminfo").read_text().splitlines():
                name, _, rest = row.partition(":")
                found[name] = int(rest.split()[0]) * 1024
        return found

    def _processes(self) -> tuple[Process, ...]:
        found = [("sync", os.getpid())]
        if self._core.now.pid:
            found.append(("engine", self._core.now.pid))
        rows = []
        for name, pid in found:
            with contextlib.suppress(OSError, ValueError, IndexError):
                pages = int((self._root / f"proc/{pid}/statm").read_text().split()[1])
                rows.append(Process(name, pages * os.sysconf("SC_PAGE_SIZE")))
        return tuple(rows)
