"""`latency`: from an action or a value on the panel to the first sample that it changes."""

import random
import time
from collections.abc import Callable, Iterator

from device.bench import ear, figures, material
from device.bench.box import Box, engine, jack_server
from device.bench.figures import Case
from device.bench.settings import Say, Settings

PERIOD = 64
CUE_SECONDS = 4.0
_NAMES = ("min", "median", "p95", "p99", "worst")


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """`settings.presses` times each, at moments that have nothing to do with the periods."""
    track = material.file(settings.cache, "wav", settings.short_track, say)
    with jack_server(PERIOD) as server, engine(server) as box, ear.listening("rackdeck:main_left") as left:
        box.load(1, track)
        for what, press in (("play, over the socket", play), ("fader, shared memory", fader)):
            say(f"timing {what}: {settings.presses} times")
            times = presses(box, left, press, settings.presses)
            yield {"of": what, "frames": PERIOD, "n": len(times), **figures.spread(times, "ms", _NAMES)}


def presses(box: Box, left: ear.Ear, press: Callable[[Box, ear.Ear], float], count: int) -> list[float]:
    """Milliseconds of `count` presses of one kind; deck 1 must be loaded, `left` listen to main."""
    pauses = random.Random(1)
    times = []
    for _ in range(count):
        time.sleep(pauses.uniform(0.0, 0.02))
        times.append(press(box, left))
    box.panel.set("mixer.ch1.fader", 1.0)
    box.quiet(1)
    return times


def play(box: Box, left: ear.Ear) -> float:
    """A stopped deck, loud music at its cue point."""
    box.quiet(1)
    box.panel.do("deck1.seek", CUE_SECONDS)
    time.sleep(0.02)
    left.arm()
    began = left.now()
    box.panel.do("deck1.play", 1)
    return left.wait(began)


def fader(box: Box, left: ear.Ear) -> float:
    """A playing deck whose fader was shut."""
    box.panel.set("mixer.ch1.fader", 0.0)
    box.panel.do("deck1.seek", CUE_SECONDS)
    box.panel.set("deck1.play", 1)
    time.sleep(0.06)
    left.arm()
    began = left.now()
    box.panel.set("mixer.ch1.fader", 1.0)
    return left.wait(began)
