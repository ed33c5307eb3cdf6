"""`display`: how long the touchscreen takes to draw a frame, off screen, while decks play."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from device.bench import material
from device.bench.box import engine, jack_server
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.errors import MachineError

PERIOD = 128
SIZE = "1280x720"
COMMAND = (sys.executable, "-m", "device.cli", "display")


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """The display's own figures with two and four decks playing. MachineError when this build has no display."""
    helped = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=False)
    if helped.returncode != 0 or "--stats" not in helped.stdout:
        raise MachineError("this build has no display that tells its frame times")
    track = material.file(settings.cache, "wav", settings.short_track, say)
    with jack_server(PERIOD) as server, engine(server) as box:
        for decks in (2, 4):
            for deck in range(decks - 1, decks + 1):
                box.load(deck, track)
                box.loop(deck, material.BEATS_A_MINUTE)
                box.panel.set(f"deck{deck}.play", 1)
            say(f"drawing {decks} decks: {settings.frames_watched:g} s")
            yield {"decks": decks, "size": SIZE, **_frames(decks, settings.frames_watched)}


def _frames(decks: int, seconds: float) -> Case:
    words = [*COMMAND, "--decks", str(decks), "--seconds", str(seconds), "--stats", "--size", SIZE]
    shown = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds + 60, env=_off_screen())
    if shown.returncode != 0:
        last = shown.stderr.strip().splitlines()[-1:] or [f"it ended with status {shown.returncode}"]
        raise MachineError(f"the display did not run: {last[0]}")
    figures: Case = json.loads(shown.stdout.strip().splitlines()[-1])
    return figures


def _off_screen() -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    return {name: value for name, value in os.environ.items() if name not in hidden} | {"SDL_VIDEODRIVER": "dummy"}
