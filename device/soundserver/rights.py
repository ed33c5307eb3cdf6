"""What the kernel lets this user do in real time."""

import os
import resource
import threading
from pathlib import Path

PRIORITY_OF_SERVER = 70


def realtime_allowed(priority: int = PRIORITY_OF_SERVER) -> bool:
    """Whether a thread may run at that SCHED_FIFO priority. Tried for real, in a thread that ends at once."""
    outcome: list[bool] = []

    def attempt() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))  # 0 is this thread alone
        except OSError:
            outcome.append(False)
        else:
            outcome.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return outcome == [True]


def lockable_bytes() -> int | None:
    """How much memory may be locked in RAM; None without a limit."""
    if _holds_capability(14):  # CAP_IPC_LOCK lifts the limit
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def _holds_capability(number: int) -> bool:
    for line in Path("/proc/self/status").read_text(errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False
