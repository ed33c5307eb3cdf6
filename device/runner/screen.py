"""What there is to draw on."""

import os
from collections.abc import Mapping
from pathlib import Path


def find_screen(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> str:
    """`Wayland`, `X11`, `KMS` (a connected screen without a desktop), or empty where there is no screen."""
    if environment.get("WAYLAND_DISPLAY"):
        return "Wayland"
    if environment.get("DISPLAY"):
        return "X11"
    for status in sorted((root / "sys/class/drm").glob("card*-*/status")):
        try:
            if status.read_text().strip() == "connected":
                return "KMS"
        except OSError:
            continue
    return ""
