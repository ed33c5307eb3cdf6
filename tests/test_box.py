"""The whole box as `rackdeck up` runs it: everything real but the sound card and the screen."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

from device.panel.client import Panel
from tests.live import PATIENCE, tone

pytestmark = [pytest.mark.live, pytest.mark.slow]


class WholeBox:
    """`rackdeck up` on a private sound server, drawing off screen."""

    def __init__(self, folder):
        self.env = {
            **os.environ,
            "RACKDECK_HOME": str(folder / "home"),
            "JACK_DEFAULT_SERVER": f"test-{uuid.uuid4().hex[:10]}",
            "SDL_VIDEODRIVER": "dummy",
        }
        self.out = (folder / "up.log").open("w+")
        command = [sys.executable, "-m", "device.cli", "up", "--no-companion"]
        self.process = subprocess.Popen(command, env=self.env, stdout=self.out, stderr=self.out, start_new_session=True)
        code = "from device import paths; print(paths.runtime())"
        self.runtime = Path(subprocess.check_output([sys.executable, "-c", code], env=self.env, text=True).strip())
        self.panel = None
        try:
            self.until(self._ready)
        except BaseException:
            self.stop()
            raise

    def _ready(self):
        assert self.process.poll() is None, self.said()
        if self.panel is None:
            try:
                self.panel = Panel(self.runtime)
            except Exception:
                return False
        return self.panel.alive and self.panel.get_number("engine.frame") > 0 and self.pid("display")

    def said(self):
        self.out.seek(0)
        return self.out.read()

    def pid(self, command):
        """Process id of one of the box's commands, 0 while there is none."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if command.encode() not in words[1:5]:
                    continue
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if self.env["RACKDECK_HOME"].encode() in environment:
                return int(entry.name)
        return 0

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)
        return found

    def number(self, name):
        return self.panel.get_number(name)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        if self.panel is not None:
            self.panel.close()
        self.out.close()
        assert not self.runtime.exists()
        return status


@pytest.fixture
def whole(tmp_path):
    whole = WholeBox(tmp_path)
    yield whole
    if whole.process.poll() is None:
        whole.stop()


def _play(whole, folder):
    whole.panel.do("deck1.load", str(tone(folder, seconds=120)))
    whole.panel.set("deck1.play", 1)
    whole.until(lambda: whole.number("deck1.position") > 0.3)


def test_killing_the_display_never_touches_the_sound(whole, tmp_path):
    _play(whole, tmp_path)
    display = whole.pid("display")
    frames, heard = [], []
    os.kill(display, signal.SIGKILL)
    while not whole.pid("display") or whole.pid("display") == display or len(frames) < 50:
        frames.append(whole.number("engine.frame"))
        heard.append(whole.number("deck1.position"))
        time.sleep(0.02)
    made, played = np.array(frames) - frames[0], (np.array(heard) - heard[0]) * whole.number("engine.samplerate")
    assert made[-1] > 0
    assert np.abs(made - played).max() <= 2 * whole.number("engine.period")
    assert whole.number("deck1.play") == 1


def test_a_killed_engine_is_back_with_its_decks_and_the_screen_goes_on(whole, tmp_path):
    _play(whole, tmp_path)
    engine, display = whole.pid("engine"), whole.pid("display")
    os.kill(engine, signal.SIGKILL)
    whole.until(lambda: whole.pid("engine") not in (0, engine))
    where = whole.number("deck1.position")
    whole.until(lambda: whole.panel.alive and whole.number("deck1.position") > max(where, 0.3) + 0.5)
    assert whole.pid("display") == display


def test_one_picture_of_the_running_box_shows_its_tracks(whole, tmp_path):
    _play(whole, tmp_path)
    picture = tmp_path / "box.png"
    words = [sys.executable, "-m", "device.cli", "display", "--screenshot", str(picture)]
    subprocess.run(words, env=whole.env, check=True)
    import pygame

    drawn = pygame.surfarray.array3d(pygame.image.load(str(picture)))
    assert drawn.shape == (1280, 720, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 100


def test_ctrl_c_stops_everything_and_leaves_nothing(whole, tmp_path):
    _play(whole, tmp_path)
    pids = [whole.pid(name) for name in ("engine", "display")]
    assert whole.stop() == 0
    assert not [
        pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert whole.pid("engine") == 0
