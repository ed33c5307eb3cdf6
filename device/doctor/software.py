"""Checks of the software: Python, its packages, and the engine's compiled parts."""

import importlib
import importlib.util
import platform
import sys

from device.doctor.finding import Finding

OLDEST_PYTHON = (3, 11)
PARTS = {  # module: the part, whether the box can do without, what is lost, what its build needs
    "dsp_cython.engine": ("Engine", False, "no sound at all", "build-essential python3-dev"),
    "dsp_cython.jack_client": ("Live sound", True, "only offline rendering", "libjack-jackd2-dev"),
    "dsp_cython.rubberband": ("Key-lock", True, "no key-lock and no key shift", "librubberband-dev"),
    "dsp_cython.flac": ("FLAC", True, "recordings are WAV alone", "libflac-dev"),
}
PACKAGES = {  # module: the name that pip knows, and what it is for
    "numpy": ("numpy", "waveforms"),
    "av": ("av", "reading music files"),
    "jack": ("jack-client", "the patch bay"),
    "pygame": ("pygame-ce", "the display"),
    "rtmidi": ("python-rtmidi", "MIDI controllers"),
    "supervisor": ("supervisor", "`rackdeck up`"),
}


def python() -> Finding:
    """The interpreter is new enough."""
    found = f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", "bad", found, "install Python 3.11 or newer, then `make clean setup`")
    return Finding("Python", "ok", found)


def packages() -> Finding:
    """Every package that the box uses can be found."""
    missing = [f"{pip} ({use})" for module, (pip, use) in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        return Finding("Packages", "bad", f"missing: {', '.join(missing)}", "`make setup` installs them")
    return Finding("Packages", "ok", "all there")


def engine_part(module: str) -> Finding:
    """One compiled module of the engine can be loaded."""
    name, optional, loss, needed = PARTS[module]
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        mend = f"`sudo apt install {needed}`, then `make clean setup`"
        return Finding(name, "absent" if optional else "bad", f"{module} is not built: {loss}", mend)
    except ImportError as exc:
        return Finding(name, "bad", f"{module} does not load: {exc}", "`make clean setup` builds it again")
    return Finding(name, "ok", f"{module} loads")
