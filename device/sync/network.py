"""What network this machine has, and whether it costs by volume, as the kernel and NetworkManager say."""

import shutil
import subprocess
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["none", "wired", "wireless", "mobile"]


class Network(NamedTuple):
    """The network that leads out."""

    kind: Kind
    metered: bool


def _way_out(routes: Path) -> str:
    """The interface of the default route; empty when there is none."""
    try:
        lines = routes.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ""
    found = [fields for fields in map(str.split, lines) if len(fields) > 6 and fields[1] == "00000000"]
    return min(found, key=lambda fields: int(fields[6]))[0] if found else ""


def _kind(interface: str, devices: Path) -> Kind:
    if not interface:
        return "none"
    if (devices / interface / "wireless").exists():
        return "wireless"
    return "mobile" if interface.startswith(("ww", "ppp")) else "wired"


def _is_metered(interface: str) -> bool:
    """By NetworkManager, which knows of a phone's hot spot; without it nothing costs."""
    nmcli = shutil.which("nmcli")
    if nmcli is None or not interface:
        return False
    try:
        said = subprocess.run(
            [nmcli, "-t", "-g", "GENERAL.METERED", "device", "show", interface],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return said.strip().startswith("yes")


def look(routes: Path = Path("/proc/net/route"), devices: Path = Path("/sys/class/net")) -> Network:
    """The network as it is now; may take a moment."""
    interface = _way_out(routes)
    kind = _kind(interface, devices)
    return Network(kind, kind == "mobile" or _is_metered(interface))
