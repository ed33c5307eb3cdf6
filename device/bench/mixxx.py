"""Mixxx, started with fresh settings on a screen and a sound server of the bench's own, and played by keys."""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from device.bench.box import Ear, Server, listening
from device.bench.process import Child, Watch, wait_until
from device.bench.xserver import Screen, screen
from device.errors import MachineError

PORT = "Mixxx:out_0"
START_SECONDS, SETTLE_SECONDS = 60.0, 45.0
_DIALOG = "Choose music library directory"
_RATE_STEP = 0.5  # percent
_CALM_PERCENT = 45.0  # of a core: it has analysed its tracks

_SIZES = {64: 1, 128: 2, 256: 3}  # what it calls these periods
# Files named on the command line land on decks 2 and 3.
_KEYS = """[Channel2]
play q
cue_gotoandstop w
rate_perm_up e
keylock r
mute t

[Channel3]
play a
cue_gotoandstop s
rate_perm_up d
keylock f
"""
_SOUND = """<!DOCTYPE SoundManagerConfig>
<SoundManagerConfig api="JACK Audio Connection Kit" samplerate="48000" latency="{size}" sync_buffers="2" deck_count="4">
 <SoundDevice name="system" portAudioIndex="0">
  <output type="Master" index="0" channel="0" channel_count="2"/>
 </SoundDevice>
</SoundManagerConfig>
"""
_SETTINGS = """[Master]
keylock_engine 1

[Keyboard]
Enabled 1

[Controls]
RatePermRight 0.05
RatePermLeft {step}
"""


def installed() -> bool:
    """Whether it is there to start."""
    return shutil.which("mixxx") is not None


class Mixxx:
    """A running Mixxx with a track on each of two decks, stopped at their start."""

    def __init__(self, child: Child, keys: Screen, output: Ear):
        self._child, self._keys, self._output = child, keys, output

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def _press(self, key: str) -> None:
        self._keys.press(key)
        time.sleep(0.1)

    def play(self, tempo: float) -> None:
        """Start both decks `tempo` percent faster, each alone first. MachineError when one of them is not heard."""
        for start, stop in ("qw", "as"):
            self._output.arm(1e-4)
            self._press(start)
            wait_until(lambda: self._output.heard, "Mixxx plays", 5.0)
            self._press(stop)
            time.sleep(0.3)
        for _ in range(round(tempo / _RATE_STEP)):
            for key in "ed":
                self._press(key)
        for start in "qa":
            self._press(start)

    def lock(self) -> None:
        """Turn key-lock on, on both decks."""
        for key in "rf":
            self._press(key)

    def plays(self, count: int) -> list[float]:
        """Milliseconds from pressing play to the first changed sample, `count` times; no deck may play."""
        times = [self._timed("w", "q", pause) for pause in _pauses(count)]
        self._press("w")
        return times

    def openings(self, count: int) -> list[float]:
        """The same from opening the channel of a deck that plays behind a shut one (Mixxx's mute)."""
        self._press("q")
        times = [self._timed("t", "t", pause) for pause in _pauses(count)]
        self._press("w")
        return times

    def _timed(self, before: str, key: str, pause: float) -> float:
        self._keys.press(before)
        time.sleep(pause)
        self._output.arm_in_silence()
        began = self._output.now()
        self._keys.press(key)
        took = self._output.wait(began, 5.0)
        time.sleep(0.05)
        return took


def _pauses(count: int) -> list[float]:
    """Long enough for silence, and of no fixed relation to the periods."""
    random_ = random.Random(2)
    return [0.2 + random_.uniform(0.0, 0.02) for _ in range(count)]


@contextmanager
def running(server: Server, tracks: tuple[Path, Path]) -> Iterator[Mixxx]:
    """Start Mixxx and wait until it has analysed its tracks. MachineError when it does not come so far."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mixxx-", dir=server.folder)))
        shown = stack.enter_context(screen(server.folder))
        (folder / "soundconfig.xml").write_text(_SOUND.format(size=_SIZES[server.period]))
        (folder / "mixxx.cfg").write_text(_SETTINGS.format(step=_RATE_STEP))
        (folder / "Custom.kbd.cfg").write_text(_KEYS)
        words = ["mixxx", "--settingsPath", str(folder), "--developer", "--safeMode", *map(str, tracks)]
        own = {"DISPLAY": shown.name, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        child = Child(words, folder / "output.log", own)
        stack.callback(child.stop)
        output = stack.enter_context(_output(child, shown))
        _wait_for_calm(child)
        if not shown.focus("Mixxx"):
            raise MachineError("Mixxx shows no window")
        time.sleep(0.5)
        yield Mixxx(child, shown, output)


@contextmanager
def _output(child: Child, shown: Screen) -> Iterator[Ear]:
    """Its main output, as soon as it has one; the dialog that it opens before is sent away."""
    end = time.monotonic() + START_SECONDS
    while True:
        if shown.focus(_DIALOG):
            shown.press("Escape")
        try:
            with listening(PORT) as output:
                yield output
            return
        except MachineError as exc:
            if child.process.poll() is not None or time.monotonic() > end:
                raise MachineError(f"Mixxx did not start: {child.last_words()}") from exc
            time.sleep(1.0)


def _wait_for_calm(child: Child) -> None:
    end = time.monotonic() + SETTLE_SECONDS
    calm = 0
    while calm < 2 and time.monotonic() < end:
        watch = Watch(child.pid)
        time.sleep(1.5)
        calm = calm + 1 if watch.usage().process < _CALM_PERCENT else 0
