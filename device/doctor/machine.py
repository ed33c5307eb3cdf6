"""Checks of the machine: memory, home and its disk, heat, power, clock."""

import ctypes
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from device import paths
from device.doctor.finding import Finding
from device.errors import RackdeckError

GIB, MIB = 1 << 30, 1 << 20
BYTES_PER_SECOND = 288_000  # of a recording: 48 kHz, 24 bits, two channels
PROBE_WRITES = 10
_TIME_ERROR = 5  # adjtimex: the clock is not synchronized


def memory(root: Path = Path("/")) -> Finding:
    """Four decks hold their tracks in memory."""
    rows = dict(line.split(":", 1) for line in (root / "proc/meminfo").read_text().splitlines() if ":" in line)
    free, total = (int(rows[name].split()[0]) * 1024 for name in ("MemAvailable", "MemTotal"))
    found = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if free < GIB // 4:
        return Finding("Memory", "bad", f"{found}: not enough for one long track", "close other programs")
    if free < GIB:
        return Finding("Memory", "warn", f"{found}: not enough for four long tracks", "close other programs")
    return Finding("Memory", "ok", found)


def home() -> Finding:
    """Recordings and settings have a folder that can be written to."""
    try:
        folder = paths.recordings()
        paths.runtime()
    except RackdeckError as exc:
        found, _, mend = str(exc).partition("; ")
        return Finding("Home", "bad", found, mend)
    if not os.access(folder, os.W_OK):
        mend = "set RACKDECK_HOME to a folder that you may write to"
        return Finding("Home", "bad", f"{folder} cannot be written to: nothing can be recorded", mend)
    return Finding("Home", "ok", str(folder.parent))


def disk(folder: Path) -> Finding:
    """There is room for recordings in `folder`."""
    free = shutil.disk_usage(folder).free
    hours = free / BYTES_PER_SECOND / 3600
    found = f"{free / GIB:.1f} GiB free, {hours:.0f} hours of recording" if hours >= 1 else f"{free / MIB:.0f} MiB free"
    mend = f"make room, or put RACKDECK_HOME on another disk; recordings are in {folder}"
    if free < 100 * MIB:
        return Finding("Disk", "bad", found, mend)
    return Finding("Disk", "ok" if hours >= 2 else "warn", found, "" if hours >= 2 else mend)


def disk_speed(folder: Path, clock: Callable[[], float] = time.monotonic) -> Finding:
    """Whether the disk takes a recording, from a few small writes that are waited for. `clock` in seconds."""
    piece = os.urandom(BYTES_PER_SECOND // 10)
    path = folder / f".probe-{os.getpid()}"
    worst = 0.0
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for _ in range(PROBE_WRITES):
            start = clock()
            os.write(file, piece)
            os.fdatasync(file)
            worst = max(worst, clock() - start)
    finally:
        os.close(file)
        path.unlink()
    found = f"the slowest of {PROBE_WRITES} small writes took {worst * 1000:.1f} ms"
    if worst < 0.1:
        return Finding("Disk speed", "ok", f"fast: {found}")
    if worst < 1.0:
        return Finding("Disk speed", "ok", f"enough: {found}")
    return Finding("Disk speed", "warn", f"slow: {found}", "record to another disk; an old SD card is often the reason")


def temperature(root: Path = Path("/")) -> Finding:
    """The processor is not so hot that it slows down."""
    hottest: float | None = None
    for zone in (root / "sys/class/thermal").glob("thermal_zone*/temp"):
        try:
            degrees = int(zone.read_text()) / 1000
        except (OSError, ValueError):
            continue  # some zones can only be read while their device is on
        hottest = degrees if hottest is None else max(hottest, degrees)
    if hottest is None:
        return Finding("Temperature", "absent", "this machine has no sensor (usual in a virtual machine)")
    if hottest >= 80:
        return Finding(
            "Temperature", "warn", f"{hottest:.0f} °C: the processor slows down", "cool it: a heat sink, a fan, air"
        )
    return Finding("Temperature", "ok", f"{hottest:.0f} °C")


def power(root: Path = Path("/")) -> Finding:
    """A Raspberry Pi's own count of too little voltage and of slowing down."""
    try:
        file = next((root / "sys/devices/platform").glob("soc*/soc*firmware/get_throttled"))
        flags = int(file.read_text(), 16)
    except (StopIteration, OSError, ValueError):
        return Finding("Power", "absent", "not a Raspberry Pi, so nothing to read")
    names = {0: "too little voltage now", 1: "slowed down now", 2: "throttled now", 3: "near its heat limit now"}
    names |= {
        16: "had too little voltage since start",
        17: "was slowed down since start",
        18: "was throttled since start",
    }
    raised = [text for bit, text in names.items() if flags >> bit & 1]
    if raised:
        return Finding(
            "Power", "warn", ", ".join(raised), "use the official power supply and a short cable; cool the board"
        )
    return Finding("Power", "ok", "enough voltage, never slowed down")


def clock_set(state: int | None = None) -> Finding:
    """The clock is set by the network. `state` as adjtimex returns it; None asks the kernel."""
    if state is None:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))  # no mode: only reads
    if state < 0:
        return Finding("Clock", "absent", "the kernel does not say whether it is set")
    if state == _TIME_ERROR:
        mend = "`sudo timedatectl set-ntp true`; recordings are dated by it"
        return Finding("Clock", "warn", "not set by the network", mend)
    return Finding("Clock", "ok", "set by the network")
