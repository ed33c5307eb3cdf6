"""`xruns`: periods that came too late with nothing else running, with the display, and with Python hogging the GIL.

On a shared or virtual machine most xruns are its neighbours' doing. So the three loads take turns, stand beside each
other with what the host took away, and nothing depends on them. Run as a program, this module is the engine that is
watched: its own, with a thread that holds the GIL of the process as long as it can from SIGUSR1 to SIGUSR2.
"""

import argparse
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass

from device.bench import material
from device.bench.box import Box, Server, jack_server, start_box
from device.bench.measurement import Case, Say, Settings
from device.bench.process import Child, Watch, stolen_seconds

TITLE = "Four decks with key-lock at 64 frames, left alone and disturbed; percents of a core by the scheduler's clock"
COLUMNS = ()
PERIOD = 64
DECKS = 4
LOADS = ("idle", "display", "GIL hog")
_HOGGED = 200_000  # numbers to sort in one call that never lets go of the GIL
_STARTED = 0.5  # seconds on a core: a display that has used them draws


@dataclass(slots=True)
class Sums:
    """What was seen under one load: frames made, late stretches, and core seconds of its threads and of the host."""

    seconds: float = 0.0
    xruns: float = 0.0
    made: float = 0.0
    audio: float = 0.0
    realtime: float = 0.0
    late: float = 0.0
    stolen: float = 0.0

    def add(self, other: "Sums") -> None:
        """Add one turn."""
        for name, value in zip(self.__slots__, astuple(other), strict=True):
            setattr(self, name, getattr(self, name) + value)

    def case(self) -> Case:
        """As figures."""
        return {
            "seconds": self.seconds,
            "xruns": int(self.xruns),
            "made_percent": 100 * self.made / (self.seconds * material.RATE),
            "audio_thread_percent": 100 * self.audio / self.seconds,
            "realtime_threads_percent": 100 * self.realtime / self.seconds,
            "late_stretches": int(self.late),
            "stolen_seconds": self.stolen,
        }


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Four decks with key-lock at +3 %, watched `settings.watch` seconds under each load."""
    track = material.file(settings.cache, "wav", settings.short_track, say)
    found = {load: Sums() for load in LOADS}
    with jack_server(PERIOD) as server, start_box(server, (__name__,)) as box:
        for deck in range(1, DECKS + 1):
            box.load(deck, track)
            box.panel.set(f"deck{deck}.tempo", 3.0)
            box.panel.set(f"deck{deck}.keylock", 1)
            box.play_for_ever(deck, material.BEATS_A_MINUTE)
        box.wait_until("mixer.main.peak_left", 0.1)
        for turn in range(1, settings.turns + 1):
            for load, sums in found.items():
                say(f"{load}, turn {turn} of {settings.turns}: {settings.watch / settings.turns:g} s")
                with _under(load, box, server):
                    sums.add(_watch(box, settings.watch / settings.turns))
    for load, sums in found.items():
        yield {"load": load, **sums.case()}


@contextmanager
def _under(load: str, box: Box, server: Server) -> Iterator[None]:
    with ExitStack() as stack:
        if load == "display":
            words = [sys.executable, "-m", "device.cli", "display", "--decks", "4"]
            child = stack.enter_context(Child(words, server.folder / "display.log", {"SDL_VIDEODRIVER": "dummy"}))
            watch = Watch(child.pid)
            child.wait_until(lambda: watch.usage().process > _STARTED, "the display draws")
        elif load == "GIL hog":
            os.kill(box.pid, signal.SIGUSR1)
            stack.callback(os.kill, box.pid, signal.SIGUSR2)
        time.sleep(0.5)
        yield


def _seen(box: Box) -> Sums:
    late = sum(box.number(f"deck{deck}.late") for deck in range(1, DECKS + 1))
    return Sums(xruns=box.number("engine.xruns"), made=box.number("engine.frame"), late=late, stolen=stolen_seconds())


def _watch(box: Box, seconds: float) -> Sums:
    began, before, watch = time.monotonic(), _seen(box), Watch(box.pid)
    time.sleep(seconds)
    after, spent = _seen(box), watch.usage()
    return Sums(
        seconds=time.monotonic() - began,
        xruns=after.xruns - before.xruns,
        made=after.made - before.made,
        audio=spent.audio,
        realtime=spent.realtime,
        late=after.late - before.late,
        stolen=after.stolen - before.stolen,
    )


def _hog(wanted: threading.Event) -> None:
    while wanted.wait():
        sorted(range(_HOGGED, 0, -1), key=float)
        gc.collect()


def main() -> int:
    """Run an engine until SIGINT or SIGTERM."""
    from device.engine import command

    wanted = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: wanted.set())
    signal.signal(signal.SIGUSR2, lambda *_: wanted.clear())
    threading.Thread(target=_hog, args=(wanted,), daemon=True).start()
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([]))


if __name__ == "__main__":
    sys.exit(main())
