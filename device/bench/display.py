"""`display`: how long the touchscreen takes to draw a frame, off screen, while decks play."""

import json
import sys
from collections.abc import Iterator

from device.bench import material
from device.bench.box import Server, jack_server, start_box
from device.bench.measurement import Case, Say, Settings
from device.bench.process import PATIENCE, Child
from device.errors import MachineError

TITLE = "Drawing the screen, off screen"
COLUMNS = (
    "decks", "size", "fps", "draw_ms_median", "draw_ms_p99", "draw_ms_worst", "cpu_ms_median", "late_frames",
)  # fmt: skip
PERIOD = 128
SIZE = "1280x720"
COMMAND = (sys.executable, "-m", "device.cli", "display", "--size", SIZE, "--stats")


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """The display's own figures with two and four decks playing. MachineError when this build has no display."""
    track = material.file(settings.cache, "wav", settings.short_track, say)
    with jack_server(PERIOD) as server, start_box(server) as box:
        for decks in (2, 4):
            for deck in range(decks - 1, decks + 1):
                box.load(deck, track)
                box.play_for_ever(deck, material.BEATS_A_MINUTE)
            say(f"{decks} decks: {settings.drawn:g} s")
            yield {"decks": decks, "size": SIZE, **_frames(server, decks, settings.drawn)}


def _frames(server: Server, decks: int, seconds: float) -> Case:
    words = [*COMMAND, "--decks", str(decks), "--seconds", str(seconds)]
    log = server.folder / f"display-{decks}.log"
    with Child(words, log, {"SDL_VIDEODRIVER": "dummy"}) as child:
        child.wait_until(lambda: child.process.poll() is not None, "it ends", seconds + PATIENCE)
    if child.process.returncode != 0:
        raise MachineError(f"there is no display to draw with: {child.last_words()}")
    figures: Case = json.loads(log.read_text().strip().splitlines()[-1])
    return figures
