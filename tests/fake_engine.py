"""A stand-in for the engine: a real panel and action socket, decks that move, waveforms of made-up music.

Tests drive it by hand; `python tests/fake_engine.py --decks 4` lets one play with the screen.
"""

import argparse
import contextlib
import math
import os
import signal
import struct
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np

from device.errors import InputError
from device.panel import controls
from device.panel.actions import ActionServer
from device.panel.client import PANEL_FILE, SOCKET_FILE
from device.panel.memory import PanelMemory

RATE = 48000
COLUMNS = 150
TRACKS = (
    # title, artist, key, bpm, first beat, seconds
    ("Night Drive", "Velvet Harbour", "Am", 126.0, 0.12, 214.0),
    ("Concrete Garden (Extended Club Mix)", "Mira Okafor & The Long Names Orchestra", "F♯m", 124.0, 0.4, 301.5),
    ("Низкие частоты", "Полярный круг", "Dm", 174.0, 0.05, 188.0),
    ("Żółta łódź", "Ścieżka", "Gm", 90.0, 0.7, 152.3),
)


def music(bpm: float, first_beat: float, seconds: float, seed: int = 1, rate: int = 12000) -> np.ndarray:
    """Mono kick, hat, bass and pad in a plain arrangement, -1 to 1."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * rate)
    out = np.zeros(frames, np.float32)
    time_axis = np.arange(int(0.4 * rate)) / rate
    kick = np.sin(2 * np.pi * (50 * time_axis + 9 * (1 - np.exp(-time_axis * 28)))) * np.exp(-time_axis * 9)
    hat = rng.standard_normal(len(time_axis)) * np.exp(-time_axis * 60)
    hat = np.diff(hat, prepend=0)
    clap = rng.standard_normal(len(time_axis)) * np.exp(-time_axis * 22)
    beat = 60 / bpm
    count = int((seconds - first_beat) / beat)
    for index in range(count):
        part = index / count
        quiet = 0.42 < part < 0.55 or part > 0.94
        at = int((first_beat + index * beat) * rate)

        def add(sound, when, gain):
            room = min(len(sound), frames - when)
            if room > 0:
                out[when : when + room] += gain * sound[:room]

        if not quiet and part > 0.06:
            add(kick, at, 0.75)
        if part > 0.12:
            add(hat, at + int(beat / 2 * rate), 0.16)
        if index % 2 and not quiet and part > 0.2:
            add(clap, at, 0.14)
        length = int(beat * 0.7 * rate)
        tone = np.arange(length) / rate
        pitch = 55 * 2 ** ((0, 3, 5, -2)[index // 4 % 4] / 12)
        if not quiet:
            add(np.sin(2 * np.pi * pitch * tone) * np.exp(-tone * 3), at + int(beat / 4 * rate), 0.3)
        chord = sum(np.sin(2 * np.pi * pitch * ratio * tone) for ratio in (4, 4.76, 6, 8))
        add(chord * np.hanning(length), at, 0.05 if not quiet else 0.09)
    return np.clip(out, -1, 1)


def columns(sound: np.ndarray, rate: int = 12000) -> np.ndarray:
    """(n, 4) bytes as a decoder would write them: low, mid, high (root of their RMS) and peak."""
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(len(sound), 1 / rate)
    size = rate // COLUMNS
    count = len(sound) // size
    rows = np.zeros((count, 4), np.uint8)
    for band, (low, high) in enumerate(((0, 200), (200, 2500), (2500, rate))):
        part = np.fft.irfft(np.where((frequency >= low) & (frequency < high), spectrum, 0), len(sound))
        rms = np.sqrt((part[: count * size].reshape(count, size) ** 2).mean(axis=1))
        rows[:, band] = np.clip(np.sqrt(rms) * 255, 0, 255)
    rows[:, 3] = np.clip(np.abs(sound[: count * size].reshape(count, size)).max(axis=1) * 255, 0, 255)
    return rows


@cache
def _made_up(bpm: float, first_beat: float, seconds: float, seed: int) -> np.ndarray:
    return columns(music(bpm, first_beat, seconds, seed))


def write_wave(path: Path, rows: np.ndarray, ready: int | None = None, expected: int | None = None) -> None:
    """A waveform file with `ready` of its columns decoded."""
    ready = len(rows) if ready is None else ready
    expected = len(rows) if expected is None else expected
    frames = expected * RATE // COLUMNS if ready >= expected else 0  # not known before the end
    header = struct.pack("<8sIIQQQ", b"RDWAVE1\0", RATE, RATE // COLUMNS, ready, expected, frames)
    path.write_bytes(header.ljust(64, b"\0") + rows[:ready].tobytes())


class FakeEngine:
    """One engine's panel and socket in `folder`. `actions` keeps what was asked for; `refuse` names what to refuse."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.memory = PanelMemory.create(folder / PANEL_FILE)
        self.actions: list[tuple[str, object]] = []
        self.refuse: dict[str, str] = {}
        self.hang = threading.Event()
        self._serial = 0
        self._server = ActionServer(folder / SOCKET_FILE, self._perform)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._last = 0.0
        self.beat()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._server.pump(0.01)

    def beat(self) -> None:
        """A sign of life."""
        self.state("engine.beat", time.monotonic())

    def state(self, name: str, value: float) -> None:
        """Publish a state or switch."""
        self.memory.states[controls.slots("state")[name]] = value

    def read(self, name: str) -> float:
        """A value as the front ends set it, or a state."""
        if name in controls.slots("value"):
            return self.memory.values[controls.slots("value")[name]]
        return self.memory.states[controls.slots("state")[name]]

    def put(self, name: str, value: float) -> None:
        """Set a value as another front end would."""
        self.memory.values[controls.slots("value")[name]] = value

    def text(self, name: str, text: str) -> None:
        """Publish a text."""
        self.memory.write_text(name, text)

    def load(self, deck: int, track: int | None = None, path: str = "", rows: np.ndarray | None = None, **facts) -> int:
        """Put a track on a deck. `track` is an index into TRACKS. Returns the serial."""
        index = deck - 1 if track is None else track
        title, artist, key, bpm, first, seconds = TRACKS[index % len(TRACKS)]
        self._serial += 1
        serial = self._serial
        seconds = facts.get("seconds", seconds)
        made = _made_up(bpm, first, seconds, index + 1) if rows is None else rows
        write_wave(self.folder / f"wave-{serial}", made)
        name = f"deck{deck}"
        for what, value in {
            "duration": seconds, "position": 0.0, "speed": 0.0, "ready": 1.0, "grid.bpm": bpm, "grid.first": first,
            "bpm": bpm, "cue.point": first, "play": 0.0, "loop.active": 0.0, "loop.start": -1.0, "loop.end": -1.0,
        }.items():  # fmt: skip
            self.state(f"{name}.{what}", value)
        for cue in range(1, controls.HOT_CUES + 1):
            self.state(f"{name}.hotcue.{cue}", -1.0)
            self.state(f"{name}.hotcue.{cue}.length", 0.0)
        self.text(f"{name}.title", facts.get("title", title))
        self.text(f"{name}.artist", facts.get("artist", artist))
        self.text(f"{name}.key_name", facts.get("key", key))
        self.text(f"{name}.path", path or f"/music/{title}.flac")
        self.state(f"{name}.serial", float(serial))
        return serial

    def _perform(self, row: controls.Control, argument: object) -> None:
        while self.hang.is_set() and not self._stop.is_set():
            time.sleep(0.01)
        self.actions.append((row.name, argument))
        if row.name in self.refuse:
            raise InputError(self.refuse[row.name])
        deck, _, what = row.name.partition(".")
        if what == "load":
            path = Path(str(argument))
            self.load(int(deck[4:]), path=str(path), title=path.stem, seconds=30.0)
        elif what == "play":
            self.state(row.name, argument)
        elif what == "seek":
            self.state(f"{deck}.position", argument)
        elif what.startswith("hotcue") and what.endswith(".set"):
            self.state(f"{deck}.{what[:-4]}", self.read(f"{deck}.position"))
        elif what.startswith("hotcue") and what.endswith(".go") and argument:
            self.state(f"{deck}.position", self.read(f"{deck}.{what[:-3]}"))
        elif what.startswith("hotcue") and what.endswith(".clear"):
            self.state(f"{deck}.{what[:-6]}", -1.0)
        elif what == "loop.beats" and argument:
            start = self.read(f"{deck}.position")
            self.state(f"{deck}.loop.start", start)
            self.state(f"{deck}.loop.end", start + argument * 60 / self.read(f"{deck}.grid.bpm"))
            self.state(f"{deck}.loop.active", 1.0)
        elif what in ("loop.halve", "loop.double"):
            start, end = self.read(f"{deck}.loop.start"), self.read(f"{deck}.loop.end")
            self.state(f"{deck}.loop.end", start + (end - start) * (0.5 if what == "loop.halve" else 2))
        elif what == "loop.exit":
            self.state(f"{deck}.loop.active", 0.0)
        elif row.name in ("record.start", "record.stop"):
            self.state("record.active", float(row.name == "record.start"))

    def step(self, now: float) -> None:
        """Move what plays; make meters dance."""
        step, self._last = min(max(now - self._last, 0.0), 0.1), now
        self.beat()
        for number in range(1, controls.DECKS + 1):
            deck, channel = f"deck{number}", f"mixer.ch{number}"
            speed = (1 + self.read(f"{deck}.tempo") / 100) * self.read(f"{deck}.play")
            self.state(f"{deck}.speed", speed)
            position = self.read(f"{deck}.position") + speed * step
            if self.read(f"{deck}.loop.active") and position >= self.read(f"{deck}.loop.end"):
                position -= self.read(f"{deck}.loop.end") - self.read(f"{deck}.loop.start")
            self.state(f"{deck}.position", min(position, self.read(f"{deck}.duration")))
            self.state(f"{deck}.bpm", self.read(f"{deck}.grid.bpm") * (1 + self.read(f"{deck}.tempo") / 100))
            beat = (position - self.read(f"{deck}.grid.first")) * self.read(f"{deck}.grid.bpm") / 60 % 1
            level = speed and 0.75 * math.exp(-3 * beat) * self.read(f"{channel}.fader")
            for side in ("left", "right"):
                self.state(f"{channel}.peak_{side}", level)
                self.state(f"{channel}.rms_{side}", level / 2)
        main = max(self.read(f"mixer.ch{number}.peak_left") for number in range(1, controls.DECKS + 1))
        self.state("mixer.main.peak_left", min(main * 1.15, 0.89))
        self.state("mixer.main.peak_right", min(main * 1.05, 0.89))
        self.state("mixer.main.reduction", max(0.0, 20 * math.log10(max(main * 1.4, 1e-6))))
        if self.read("record.active"):
            self.state("record.seconds", self.read("record.seconds") + step)

    def stop(self) -> None:
        """End as a killed engine does: the panel stays, nobody answers."""
        self._stop.set()
        self._thread.join(2)
        self._server.close()
        (self.folder / SOCKET_FILE).unlink(missing_ok=True)
        self.memory.close()


def scene(engine: FakeEngine, decks: int = 4) -> None:
    """Decks that play, with cues, a loop, a limiter at work: what a screenshot should show."""
    engine.state("engine.samplerate", RATE)
    engine.state("engine.period", 128)
    engine.state("engine.load", 11.4)
    engine.text("engine.backend", "JACK: HDA Intel PCH, 48000 Hz, 128 frames")
    engine.text("record.path", "/home/dj/rackdeck/recordings/2026-11-21 21-03.wav")
    engine.state("record.free", 11 * 3600)
    for deck in range(1, decks + 1):
        engine.load(deck)
        name = f"deck{deck}"
        bpm, first = engine.read(f"{name}.grid.bpm"), engine.read(f"{name}.grid.first")
        beat = 60 / bpm
        for cue in range(1, (6, 4, 8, 1)[deck - 1] + 1):
            engine.state(f"{name}.hotcue.{cue}", first + beat * (0, 32, 64, 68, 128, 192, 200, 232)[cue - 1])
        engine.state(f"{name}.hotcue.4.length", 4 * beat)
        engine.state(f"{name}.position", first + (61.3, 33.2, 60.6, 2.0)[deck - 1] * beat)
        engine.state(f"{name}.play", float(deck != 4))
        engine.put(f"{name}.tempo", (0.0, 1.61, -2.4, 0.0)[deck - 1])
        engine.put(f"{name}.keylock", float(deck == 2))
    beat = 60 / engine.read("deck2.grid.bpm")
    start = engine.read("deck2.grid.first") + 32 * beat
    engine.state("deck2.loop.start", start)
    engine.state("deck2.loop.end", start + 4 * beat)
    engine.state("deck2.loop.active", 1.0)
    engine.put("mixer.crossfader", -0.2)
    engine.put("mixer.ch1.eq_low", -26.0)
    engine.put("mixer.ch2.eq_high", 2.5)
    engine.put("mixer.ch2.filter", 0.35)
    engine.put("mixer.ch2.fader", 0.7)
    engine.put("mixer.ch2.cue", 1.0)
    engine.state("record.active", 1.0)
    engine.state("record.seconds", 754.0)
    engine.beat()


def main() -> None:
    """Run until Ctrl-C, in this box's own runtime folder or another."""
    from device import paths

    parser = argparse.ArgumentParser(description="a stand-in for the engine, to try the screen with")
    parser.add_argument("--decks", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--seconds", type=float, default=None)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    engine = FakeEngine(arguments.folder or paths.runtime())
    scene(engine, arguments.decks)
    print(f"fake engine {os.getpid()} in {engine.folder}; Ctrl-C ends it", flush=True)
    end = None if arguments.seconds is None else time.monotonic() + arguments.seconds
    with contextlib.suppress(KeyboardInterrupt):
        while end is None or time.monotonic() < end:
            engine.step(time.monotonic())
            for deck in range(1, arguments.decks + 1):
                if engine.read(f"deck{deck}.position") >= engine.read(f"deck{deck}.duration"):
                    engine.state(f"deck{deck}.position", 0.0)
            time.sleep(0.003)
    engine.stop()


if __name__ == "__main__":
    main()
