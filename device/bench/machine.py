"""What the figures were measured on."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from device.soundserver.rights import realtime_allowed

PACKAGES = ("rackdeck", "numpy", "av", "jack-client", "pygame-ce")


def describe() -> dict[str, object]:
    """Processor, cores, memory, kernel, rights and versions. What cannot be found out is left empty."""
    return {
        "cpu": _line("/proc/cpuinfo", r"model name\s*:\s*(.+)") or _line("/proc/device-tree/model", r"([^\0]+)"),
        "cores": os.cpu_count(),
        "memory_mb": int(_line("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) // 1024,
        "virtual": bool(re.search(r"^flags.*\bhypervisor\b", _text("/proc/cpuinfo"), re.MULTILINE)),
        "governor": _line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", r"(\S+)"),
        "kernel": platform.release(),
        "realtime": realtime_allowed(),
        "python": platform.python_version(),
        "versions": versions(),
    }


def load_average() -> list[float]:
    """Runnable tasks on average over the last minute, five, fifteen."""
    return [round(value, 2) for value in os.getloadavg()]


def versions() -> dict[str, str]:
    """Of what the figures depend on; what is not installed is left out."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    server = program_version(["jackd", "--version"], r"jackd\D*version ([\d.]+\d)")
    if server:
        found["jackd"] = server
    found["platform"] = sys.platform + " " + platform.machine()
    return found


def program_version(words: list[str], pattern: str) -> str:
    """What a program says of itself; "" when it is not installed or says nothing of the kind."""
    if shutil.which(words[0]) is None:
        return ""
    try:
        told = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(pattern, told.stdout + told.stderr)
    return found[1] if found else ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _line(path: str, pattern: str) -> str:
    found = re.search(pattern, _text(path))
    return found[1].strip() if found else ""
