"""Checks of what keeps the sound from stuttering: rights, clock speed, kernel, memory that stays in RAM."""

import platform
from pathlib import Path

from device.doctor.finding import Finding

RIGHTS = "`sudo dpkg-reconfigure -p high jackd2` and answer yes, `sudo usermod -aG audio $USER`, then log in again"
ENOUGH_LOCKED = 1 << 30  # four decks of ten minutes each
MIB = 1 << 20


def priority(allowed: bool) -> Finding:
    """Threads of this user may run in real time."""
    if allowed:
        return Finding("Real-time priority", "ok", "allowed")
    return Finding("Real-time priority", "warn", "this user may not use it: the sound may stutter", RIGHTS)


def memory_lock(lockable: int | None) -> Finding:
    """The tracks can be kept in RAM. lockable in bytes, None without a limit."""
    if lockable is None:
        return Finding("Memory lock", "ok", "no limit")
    found = f"at most {lockable // MIB} MiB"
    if lockable >= ENOUGH_LOCKED:
        return Finding("Memory lock", "ok", found)
    return Finding("Memory lock", "warn", f"{found}: tracks may be swapped out while they play", RIGHTS)


def governor(root: Path = Path("/")) -> Finding:
    """The processor does not slow down between two periods."""
    files = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    governors = sorted({file.read_text().strip() for file in files})
    if not governors:
        return Finding("CPU governor", "absent", "this machine has no clock control (usual in a virtual machine)")
    if governors == ["performance"]:
        return Finding("CPU governor", "ok", "performance")
    mend = "`echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor`"
    return Finding("CPU governor", "warn", f"{', '.join(governors)}: the clock falls while little is to do", mend)


def preemption(root: Path = Path("/"), version: str | None = None) -> Finding:
    """The kernel lets the sound interrupt it. `version` as in `uname -v`."""
    name = "Kernel preemption"
    version = platform.version() if version is None else version
    mend = "add `preempt=full` to the kernel's command line, or install `linux-image-rt-$(dpkg --print-architecture)`"
    if "PREEMPT_RT" in version:
        return Finding(name, "ok", "PREEMPT_RT")
    if "PREEMPT_DYNAMIC" in version:
        mode = _dynamic_mode(root)
        if mode in ("full", "lazy"):
            return Finding(name, "ok", f"PREEMPT_DYNAMIC, {mode}")
        if not mode:
            return Finding(name, "ok", "PREEMPT_DYNAMIC (how it is set cannot be read)")
        return Finding(name, "warn", f"PREEMPT_DYNAMIC, {mode}", mend)
    if "PREEMPT" in version:
        return Finding(name, "ok", "PREEMPT")
    return Finding(name, "warn", "the kernel is not preemptible", mend)


def _dynamic_mode(root: Path) -> str:
    """`none`, `voluntary`, `full` or `lazy`; empty where it cannot be known."""
    try:
        modes = (root / "sys/kernel/debug/sched/preempt").read_text()
        return modes.partition("(")[2].partition(")")[0]
    except OSError:
        pass
    try:
        words = (root / "proc/cmdline").read_text().split()
    except OSError:
        return ""
    return next((word.partition("=")[2] for word in words if word.startswith("preempt=")), "")


def swap(root: Path = Path("/")) -> Finding:
    """Nothing is swapped to a disk."""
    try:
        rows = [line.split() for line in (root / "proc/swaps").read_text().splitlines()[1:]]
    except OSError:
        rows = []
    on_disk = [row for row in rows if row and "zram" not in row[0]]
    if on_disk:
        total = sum(int(row[2]) for row in on_disk) // 1024
        mend = "`sudo swapoff -a` for now, and remove it from /etc/fstab for good"
        return Finding("Swap", "warn", f"{total} MiB on {', '.join(row[0] for row in on_disk)}", mend)
    return Finding("Swap", "ok", "compressed memory only" if rows else "none")
