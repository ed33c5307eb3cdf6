"""`xruns`: periods that came too late with nothing else running, with the display, and with Python holding the GIL.

On a shared or virtual machine most xruns are its neighbours' doing. So the three runs stand beside each other, with
what the host took away, and nothing depends on them.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from device.bench import material
from device.bench.box import Box, Server, engine, jack_server
from device.bench.children import Child
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.bench.threads import Watch, stolen_seconds

PERIOD = 64
DECKS = 4
LOADS = ("idle", "display", "GIL hog")


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Four decks with key-lock at +3 % on a server of 64 frames, watched three times `settings.watch` seconds."""
    track = material.file(settings.cache, "wav", settings.short_track, say)
    with jack_server(PERIOD) as server, engine(server, instrumented=True) as box:
        for deck in range(1, DECKS + 1):
            box.load(deck, track)
            box.panel.set(f"deck{deck}.tempo", 3.0)
            box.panel.set(f"deck{deck}.keylock", 1)
            box.loop(deck, material.BEATS_A_MINUTE)
            box.panel.set(f"deck{deck}.play", 1)
        box.wait_until("mixer.main.peak_left", 0.1)
        for load in LOADS:
            say(f"counting xruns, {load}: {settings.watch:g} s")
            with _under(load, box, server):
                yield {"load": load, **_watch(box, settings.watch)}


@contextmanager
def _under(load: str, box: Box, server: Server) -> Iterator[None]:
    with ExitStack() as stack:
        if load == "display":
            words = [sys.executable, "-m", "device.cli", "display", "--decks", "4"]
            child = Child(words, server.folder / "display.log", {"SDL_VIDEODRIVER": "dummy"})
            stack.callback(child.stop)
            watch = Watch(child.pid)  # it has started once it has used a good part of a second
            child.wait_until(lambda: watch.used() > 0.5, "the display draws")
        elif load == "GIL hog":
            box.mailbox.hog = True
            stack.callback(setattr, box.mailbox, "hog", False)
        time.sleep(0.5)
        yield


def _late(box: Box) -> float:
    return sum(box.number(f"deck{deck}.late") for deck in range(1, DECKS + 1))


def _watch(box: Box, seconds: float) -> Case:
    stolen, xruns, late = stolen_seconds(), box.number("engine.xruns"), _late(box)
    usage = Watch(box.pid)
    box.mailbox.worst_us = 0.0
    began, first = time.monotonic(), box.number("engine.frame")
    loads = []
    while time.monotonic() - began < seconds:
        time.sleep(min(0.1, seconds))
        loads.append(box.number("engine.load"))
    made, took = box.number("engine.frame") - first, time.monotonic() - began
    spent = usage.usage()
    return {
        "seconds": took,
        "xruns": int(box.number("engine.xruns") - xruns),
        "frames_made": int(made),
        "frames_expected": round(took * material.RATE),
        "made_percent": 100 * made / (took * material.RATE),
        "load_percent": sum(loads) / len(loads),
        "audio_thread_percent": spent.audio,
        "realtime_threads_percent": spent.realtime,
        "worst_callback_us": box.mailbox.worst_us,
        "late_stretches": int(_late(box) - late),
        "stolen_percent": 100 * (stolen_seconds() - stolen) / took / (os.cpu_count() or 1),
    }
