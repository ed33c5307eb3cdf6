"""What the bench can measure, by name, in the order in which it does."""

import importlib
from collections.abc import Callable, Generator
from dataclasses import dataclass

from device.bench.figures import Case
from device.bench.settings import Say, Settings


@dataclass(frozen=True, slots=True)
class Measurement:
    """One thing to measure. `columns` are what the text report shows; () shows all."""

    name: str
    title: str
    module: str
    columns: tuple[str, ...] = ()
    asked_for: bool = False  # measured only when it is named

    def run(self, settings: Settings, say: Say) -> Generator[Case, None, None]:
        """Measure case by case. MachineError when something that it needs is missing."""
        measure: Callable[[Settings, Say], Generator[Case, None, None]] = importlib.import_module(self.module).measure
        return measure(settings, say)


MEASUREMENTS = (
    Measurement(
        "engine",
        "CPU time a period, by the audio thread's own clock",
        "device.bench.periods",
        (
            "decks",
            "keylock",
            "eq",
            "frames",
            "callback_median_us",
            "callback_p99_us",
            "callback_p999_us",
            "callback_worst_us",
            "callback_percent",
            "stretching_percent",
            "together_percent",
        ),
    ),
    Measurement("quality", "Sound quality at main", "device.bench.quality"),
    Measurement("latency", "From the panel to the first changed sample at main", "device.bench.latency"),
    Measurement("load", "From loading an MP3 to its first sound", "device.bench.loading"),
    Measurement(
        "xruns",
        "Four decks with key-lock at 64 frames, left alone and disturbed",
        "device.bench.dropouts",
        (
            "load",
            "seconds",
            "xruns",
            "made_percent",
            "load_percent",
            "audio_thread_percent",
            "realtime_threads_percent",
            "worst_callback_us",
            "late_stretches",
            "stolen_percent",
        ),
    ),
    Measurement("decode", "Decoding, with starting the decoder", "device.bench.decoding"),
    Measurement("render", "Rendering a set log offline", "device.bench.rendering"),
    Measurement("memory", "The engine's memory", "device.bench.residency"),
    Measurement(
        "display",
        "Drawing the screen, off screen",
        "device.bench.drawing",
        ("decks", "size", "fps", "draw_ms_median", "draw_ms_p99", "draw_ms_worst", "cpu_ms_median", "late_frames"),
    ),
    Measurement("peers", "Side by side with other DJ programs", "device.bench.peers", asked_for=True),
)
