"""How much of a core the threads of a running program take, told apart by how the kernel schedules them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_FLAGS = 0x40000000  # SCHED_RESET_ON_FORK, which the kernel mixes into the policy


@dataclass(frozen=True, slots=True)
class Usage:
    """Percent of one core: the audio thread (the real-time one with the highest priority), all real-time ones, all."""

    audio: float
    realtime: float
    process: float


class Watch:
    """Watches one process from now on."""

    def __init__(self, pid: int):
        self._pid = pid
        self._began, self._before = time.monotonic(), self._times()

    def _times(self) -> dict[int, float]:
        """Seconds on a core by thread, to the nanosecond."""
        found: dict[int, float] = {}
        for task in Path(f"/proc/{self._pid}/task").iterdir():
            try:
                found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
            except (OSError, IndexError):  # it ended just now
                continue
        return found

    def used(self) -> float:
        """Seconds on a core of all its threads since the watch began."""
        return sum(total - self._before.get(thread, 0.0) for thread, total in self._times().items())

    def usage(self) -> Usage:
        """Since the watch began. ProcessLookupError or FileNotFoundError when the process is gone."""
        now = self._times()
        seconds = time.monotonic() - self._began
        spent = {thread: 100 * (total - self._before.get(thread, 0.0)) / seconds for thread, total in now.items()}
        priorities = {thread: priority for thread in now if (priority := _realtime_priority(thread))}
        first = max(priorities, key=lambda thread: (priorities[thread], spent[thread]), default=None)
        return Usage(
            audio=spent[first] if first is not None else 0.0,
            realtime=sum(spent[thread] for thread in priorities),
            process=sum(spent.values()),
        )


def _realtime_priority(thread: int) -> int:
    """Its SCHED_FIFO or SCHED_RR priority; 0 for any other thread."""
    try:
        if os.sched_getscheduler(thread) & ~_FLAGS not in (os.SCHED_FIFO, os.SCHED_RR):
            return 0
        return os.sched_getparam(thread).sched_priority
    except ProcessLookupError:
        return 0


def stolen_seconds() -> float:
    """Core seconds since start-up in which this virtual machine had work and its host ran something else."""
    words = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return int(words[8]) / os.sysconf("SC_CLK_TCK") if len(words) > 8 else 0.0
