"""xwax, started on a screen and a sound server of the bench's own. A timecode tone that our engine plays moves it."""

import importlib
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from device.bench import ear, material
from device.bench.box import Box, Server
from device.bench.children import Child
from device.bench.machine import program_version
from device.bench.xserver import screen

CARRIER_HZ = 1000.0  # of its usual timecode, Serato's
_START_SECONDS = 30.0
_DECKS = ("d0", "d1")
_LOAD_KEYS = ("F1", "F5")


def installed() -> str:
    """Its name and Debian's version of it, "" when it is not installed."""
    if shutil.which("xwax") is None:
        return ""
    return "xwax " + program_version(["dpkg-query", "-W", "-f=${Version}", "xwax"], r"^([\d.]+\d)")


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

    def play(self) -> None:
        """Start the records. MachineError when a deck is not heard."""
        for deck in _DECKS:
            for side, port in (("L", "left"), ("R", "right")):
                self._patch.connect(f"rackdeck:deck1_{port}", f"xwax:{deck}_timecode_{side}")
        self._source.panel.set("deck1.play", 1)
        for deck in _DECKS:
            with ear.listening(f"xwax:{deck}_playback_L") as output:
                output.arm(1e-3)
                output.wait(output.now(), 5.0)

    def faster(self) -> None:
        """Both records at +3 %."""
        self._source.panel.set("deck1.tempo", 3.0)


@contextmanager
def running(server: Server, track: Path, source: Box) -> Iterator[Xwax]:
    """Start xwax with `track` on both decks; `source` is our engine on the same server, playing nothing."""
    with ExitStack() as stack:
        shown = stack.enter_context(screen(server.folder))
        folder = server.folder / "xwax"
        folder.mkdir(exist_ok=True)
        shutil.copy(track, folder / f"Nobody - Music{track.suffix}")
        _load_timecode(source, folder)
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


def _load_timecode(source: Box, folder: Path) -> None:
    path = folder.parent / "timecode.wav"
    material.write(path, iter([timecode(30.0)]), material.RATE)
    source.load(1, path)
    source.loop(1, material.BEATS_A_MINUTE)  # whole turns of the tone
