"""`latency`: from an action or a value on the panel to the first sample that it changes.

The clock starts before the front end's call and stops at the sample's place in the period in which a JACK client gets
it: the socket, the engine's control thread, the wait for the next period, the sound's fade and the limiter's
look-ahead are in it. A sound card's buffer comes on top: on a card of two periods, two periods.
"""

import random
import time
from collections.abc import Callable, Iterator

from device.bench import material
from device.bench.box import Box, Ear, jack_server, listening, start_box
from device.bench.measurement import Case, Say, Settings, spread

TITLE = "From the panel to the first changed sample at main"
COLUMNS = ()
PERIOD = 64
CUE_SECONDS = 4.0
PLAY, FADER = "play, over the socket", "fader, shared memory"


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """`settings.presses` times each, at moments that have nothing to do with the periods."""
    track = material.file(settings.cache, "wav", settings.short_track, say)
    with jack_server(PERIOD) as server, start_box(server) as box, listening("rackdeck:main_left") as left:
        box.load(1, track)
        for what, press in ((PLAY, play), (FADER, fader)):
            say(f"{what}: {settings.presses} times")
            times = presses(box, left, press, settings.presses)
            yield {"of": what, "frames": PERIOD, "n": len(times), **spread(times, "ms")}


def presses(box: Box, left: Ear, press: Callable[[Box, Ear], float], count: int) -> list[float]:
    """Milliseconds of `count` presses of one kind; deck 1 must be loaded, `left` listen to main."""
    pauses = random.Random(1)
    times = []
    for _ in range(count):
        time.sleep(pauses.uniform(0.0, 0.02))
        times.append(press(box, left))
    box.panel.set("mixer.ch1.fader", 1.0)
    box.quiet(1)
    return times


def play(box: Box, left: Ear) -> float:
    """A stopped deck, loud music at its cue point."""
    box.quiet(1)
    box.panel.do("deck1.seek", CUE_SECONDS)
    left.arm_in_silence()
    began = left.now()
    box.panel.do("deck1.play", 1)
    return left.wait(began)


def fader(box: Box, left: Ear) -> float:
    """A playing deck whose fader was shut."""
    box.panel.set("mixer.ch1.fader", 0.0)
    box.panel.do("deck1.seek", CUE_SECONDS)
    box.panel.set("deck1.play", 1)
    left.arm_in_silence()
    began = left.now()
    box.panel.set("mixer.ch1.fader", 1.0)
    return left.wait(began)
