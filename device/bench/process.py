"""Programs that the bench starts (each ends with it, none hears its Ctrl-C), and what they take of the machine."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.bench.measurement import Case
from device.errors import MachineError

PATIENCE = 60.0  # seconds; a slow machine is no reason to give up early
_ENDING_SECONDS = 30.0
_RESET_ON_FORK = 0x40000000  # a flag that the kernel mixes into the scheduling policy


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for something. MachineError when it does not happen within `patience` seconds."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise MachineError(f"this did not happen within {patience:.0f} s: {what}")
        time.sleep(0.005)


class Child:
    """One running program; all its words go to the file `log`. Use it in a `with`, or `stop` it."""

    def __init__(self, words: list[str], log: Path, environment: dict[str, str] | None = None):
        self.name, self.log = Path(words[0]).name, log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *words],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id (setpriv becomes the program)."""
        return self.process.pid

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Wait for something that this program does. MachineError when it ends before, or never does it."""

        def done() -> bool:
            if condition():
                return True
            if self.process.poll() is not None:
                raise MachineError(f"{self.name} ended before {what}: {self.last_words()}")
            return False

        wait_until(done, what, patience)

    def last_words(self) -> str:
        """The end of what it said."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-3:]) or f"it said nothing (status {self.process.returncode})"

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end; make it end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds on a core: of the audio thread (the real-time one with the highest priority), all real-time ones, all."""

    audio: float
    realtime: float
    process: float


class Watch:
    """Watches the threads of one process from now on, by the scheduler's clock."""

    def __init__(self, pid: int):
        self._pid, self._before = pid, _thread_seconds(pid)

    def usage(self) -> Usage:
        """Since the watch began. FileNotFoundError when the process is gone."""
        now = _thread_seconds(self._pid)
        spent = {thread: total - self._before.get(thread, 0.0) for thread, total in now.items()}
        priorities = {thread: priority for thread in now if (priority := _realtime_priority(thread))}
        first = max(priorities, key=lambda thread: (priorities[thread], spent[thread]), default=None)
        return Usage(
            audio=spent[first] if first is not None else 0.0,
            realtime=sum(spent[thread] for thread in priorities),
            process=sum(spent.values()),
        )


def _thread_seconds(pid: int) -> dict[int, float]:
    found: dict[int, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
        except (OSError, IndexError):  # it ended just now
            continue
    return found


def _realtime_priority(thread: int) -> int:
    """Its SCHED_FIFO or SCHED_RR priority; 0 for any other thread."""
    try:
        if os.sched_getscheduler(thread) & ~_RESET_ON_FORK not in (os.SCHED_FIFO, os.SCHED_RR):
            return 0
        return os.sched_getparam(thread).sched_priority
    except ProcessLookupError:
        return 0


def resident_mb(pid: int) -> Case:
    """Megabytes of a process in RAM: its own, and shared ones (tracks, the panel, JACK's memory)."""
    found = {"RssAnon": 0.0, "RssShmem": 0.0}
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) / 1024
    return {"own_mb": found["RssAnon"], "shared_mb": found["RssShmem"]}


def stolen_seconds() -> float:
    """Core seconds since start-up in which this virtual machine had work and its host ran something else."""
    words = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return int(words[8]) / os.sysconf("SC_CLK_TCK") if len(words) > 8 else 0.0
