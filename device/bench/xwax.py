"""xwax, started on a screen and a sound server of the bench's own. A timecode tone that our engine plays moves it."""

import importlib
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from device.bench import material
from device.bench.box import Box, Server, listening
from device.bench.process import Child
from device.bench.xserver import screen

CARRIER_HZ = 1000.0  # of its usual timecode, Serato's
_TONE_SECONDS = 30.0  # of which the source plays the first beats again and again
_START_SECONDS = 30.0
_DECKS = ("d0", "d1")
_LOAD_KEYS = ("F1", "F5")


def installed() -> bool:
    """Whether it is there to start."""
    return shutil.which("xwax") is not None


def timecode(seconds: float) -> material.Planes:
    """The tone of a record that runs forwards at its own speed: its right channel is a quarter of a turn ahead."""
    angle = 2 * np.pi * CARRIER_HZ * np.arange(round(seconds * material.RATE)) / material.RATE
    return np.asarray(0.5 * np.stack([np.sin(angle), np.cos(angle)]), np.float32)


class Xwax:
    """A running xwax with a track on each of two decks that follows what deck 1 of `source` plays."""

    def __init__(self, child: Child, source: Box, patch: Any):
        self._child, self._source, self._patch = child, source, patch

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def play(self, tempo: float) -> None:
        """Start the records `tempo` percent faster. MachineError when a deck is not heard."""
        for deck in _DECKS:
            for side, port in (("L", "left"), ("R", "right")):
                self._patch.connect(f"rackdeck:deck1_{port}", f"xwax:{deck}_timecode_{side}")
        self._source.panel.set("deck1.tempo", tempo)
        self._source.play_for_ever(1, material.BEATS_A_MINUTE)  # whole turns of the tone
        for deck in _DECKS:
            with listening(f"xwax:{deck}_playback_L") as output:
                output.arm(1e-3)
                output.wait(output.now(), 5.0)


@contextmanager
def running(server: Server, track: Path, source: Box) -> Iterator[Xwax]:
    """Start xwax with `track` on both decks; `source` is our engine on the same server, playing nothing."""
    with ExitStack() as stack:
        shown = stack.enter_context(screen(server.folder))
        folder = server.folder / "xwax"
        folder.mkdir(exist_ok=True)
        shutil.copy(track, folder / f"Nobody - Music{track.suffix}")
        tone = server.folder / "timecode.wav"
        material.write(tone, iter([timecode(_TONE_SECONDS)]), material.RATE)
        source.load(1, tone)
        words = ["xwax", "-q", "70", "-l", str(folder), *(word for deck in _DECKS for word in ("-j", deck))]
        child = stack.enter_context(Child(words, server.folder / "xwax.log", {"DISPLAY": shown.name}))
        patch = importlib.import_module("jack").Client("bench-patch", no_start_server=True)
        stack.callback(patch.close)
        child.wait_until(lambda: bool(patch.get_ports("xwax:d1_timecode_R")), "xwax starts", _START_SECONDS)
        child.wait_until(lambda: shown.focus("."), "xwax shows its window", _START_SECONDS)
        time.sleep(1.0)
        for key in _LOAD_KEYS:
            shown.press(key)
            time.sleep(0.5)
        child.wait_until(lambda: "import completed" in child.log.read_text(errors="replace"), "xwax loads a track")
        yield Xwax(child, source, patch)
