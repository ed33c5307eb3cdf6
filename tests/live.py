"""A whole box for tests: its own JACK server (dummy driver, private name), its own home, its own engine process."""

import os
import signal
import subprocess
import sys
import time
import uuid
import wave
from pathlib import Path

import numpy as np

from device.panel.client import Panel

RATE = 48000
PATIENCE = 60  # these machines are shared: waiting long is no failure, never getting there is


def tone(folder, name="tone", seconds=10, hertz=440, noise=False):
    """A 16-bit stereo WAV file; `hertz` is whole, so that one second of it can be repeated."""
    second = 9830 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    sound = np.resize(second.astype("<i2"), int(seconds * RATE))
    if noise:
        sound += np.random.default_rng(1).integers(-5675, 5676, len(sound), dtype=np.int16)
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.repeat(sound, 2).tobytes())
    return path


def read_audio(path):
    """All samples as 24-bit integers (2, n), read by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<i4").reshape(-1, 2).T >> 8


class Box:
    """Use it in a `with`. `panel` is open while an engine runs."""

    def __init__(self, folder, period=128, home=None, engine_code=None):
        self.folder = folder
        self.period = period
        self.server = f"test-{uuid.uuid4().hex[:10]}"
        self.env = {
            **os.environ,
            "RACKDECK_HOME": str(home or folder / "home"),
            "JACK_DEFAULT_SERVER": self.server,
            "JACK_NO_AUDIO_RESERVATION": "1",
        }
        self._code = engine_code
        self._jack = self._engine = self.panel = self._runtime = None

    def __enter__(self):
        try:
            self.start_jack()
            self.start_engine()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._engine is not None:
            self.stop_engine()
        if self._jack is not None:  # in order: JACK's registry has room for eight servers and keeps the killed
            if self._jack.poll() is not None:
                self.start_jack()
            self._jack.terminate()
            self._jack.wait()
        for file in self.runtime().glob("*"):
            file.unlink()
        self.runtime().rmdir()

    def runtime(self):
        """The box's folder in memory."""
        if self._runtime is None:  # asked of a process that has the box's settings
            code = "from device import paths; print(paths.runtime())"
            self._runtime = Path(subprocess.check_output([sys.executable, "-c", code], env=self.env, text=True).strip())
        return self._runtime

    def start_jack(self):
        """Start the server and wait until it answers."""
        command = ["jackd", "-n", self.server, "-r", "-d", "dummy", "-r", str(RATE), "-p", str(self.period)]
        self._jack = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        probe = [sys.executable, "-c", "from dsp_cython.jack_client import server_rate; server_rate()"]
        self._wait(lambda: not subprocess.run(probe, env=self.env, stderr=subprocess.DEVNULL, check=False).returncode)

    def kill_jack(self):
        self._jack.kill()
        self._jack.wait()

    def start_engine(self):
        """Start the engine and wait until its panel is alive and it makes frames."""
        code = self._code or "import sys, device.cli; sys.exit(device.cli.main(['engine']))"
        self.log = self.log_file()
        self._engine = subprocess.Popen([sys.executable, "-c", code], env=self.env, stdout=self.log, stderr=self.log)

        def alive():
            if self._engine.poll() is not None:
                raise AssertionError((self.folder / "engine.log").read_text())
            if self.panel is None:
                try:
                    self.panel = Panel(self.runtime())
                except Exception:
                    return False
            return (
                self.panel.memory.writer_pid == self._engine.pid
                and self.panel.alive
                and self.panel.get_number("engine.frame") > 0
                and (self.panel.folder / "actions").exists()
                and not self.panel.get("engine.message").startswith("waiting")
            )

        self._wait(alive)

    def start_engine_and_kill(self, delay):
        """kill -9 so many seconds after its start, wherever it is by then."""
        command = [sys.executable, "-c", "import sys, device.cli; sys.exit(device.cli.main(['engine']))"]
        with self.log_file() as log:
            engine = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
            time.sleep(delay)
            engine.kill()
            engine.wait()

    def log_file(self):
        """The engine's log, to append to."""
        return (self.folder / "engine.log").open("a")

    def _end_engine(self, number):
        self._engine.send_signal(number)
        status = self._engine.wait(PATIENCE)
        self._engine = None
        self.log.close()
        return status

    def stop_engine(self):
        """As Ctrl-C does; its exit status must be 0."""
        assert self._end_engine(signal.SIGINT) == 0, (self.folder / "engine.log").read_text()
        if self.panel is not None:
            self.panel.close()
        self.panel = None

    def kill_engine(self):
        """kill -9; the panel's memory stays."""
        self._end_engine(signal.SIGKILL)

    def engine_children(self):
        """Process ids of the engine's decoders."""
        return [
            int(pid) for pid in Path(f"/proc/{self._engine.pid}/task/{self._engine.pid}/children").read_text().split()
        ]

    def number(self, name):
        return self.panel.get_number(name)

    def load(self, deck, path):
        """Load a file and wait until all of it is there."""
        self.panel.do(f"deck{deck}.load", str(path))
        self.until(lambda: self.panel.get(f"deck{deck}.path") == str(path) and self.number(f"deck{deck}.ready") == 1)

    def until(self, condition):
        self._wait(condition)

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds)

    @staticmethod
    def _wait(condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "this never happened"
            time.sleep(0.01)

    def recording(self):
        """The newest recording."""
        folder = Path(self.env["RACKDECK_HOME"]) / "recordings"
        return max((path for path in folder.iterdir() if path.suffix in (".wav", ".flac")), key=lambda path: path.name)

    def rackdeck(self, *words):
        """Run a command of ours with this box's settings."""
        return subprocess.run(
            [sys.executable, "-m", "device.cli", *words], env=self.env, check=True, capture_output=True, text=True
        )
