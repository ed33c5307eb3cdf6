"""`peers`: Mixxx and xwax beside Rackdeck: the same music, server settings and machine, in turns within one run.

What is compared is the time that real-time threads spend on a core. Waking up for a period is in it; what that alone
costs shows a JACK client that only listens. Mixxx stretches in its audio thread with the faster engine of Rubber Band,
Rackdeck in threads of its own with the finer one; xwax has neither mixer nor key-lock, and reads a timecode instead.
Latencies run from a key press for Mixxx, which has no faster way in, and from a call of the panel for Rackdeck.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from device.bench import latency, material, mixxx, xwax
from device.bench.box import Box, Server, jack_server, listening, start_box
from device.bench.measurement import Case, Cell, Say, Settings, spread
from device.bench.process import Watch
from device.errors import MachineError

TITLE = "Side by side with other DJ programs; percents of a core by the scheduler's clock"
COLUMNS = ()
PERIODS = (64, 256)
LATENCY_PERIOD = 64
OURS, NOTHING = "Rackdeck", "(listens only)"
PLAIN, LOCKED = "2 decks, +3 %", "2 decks, +3 %, key-lock"
PLAY, OPEN = "play to first sample", "channel opens to first sample"
_TEMPO = 3.0
_TRACK_SECONDS = 60.0
_SETTLE_SECONDS = 1.0


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """Rounds of A, B, A, B at 64 and 256 frames, then how they compare. MachineError when no peer is installed."""
    if not mixxx.installed() and not xwax.installed():
        raise MachineError("neither Mixxx nor xwax is installed; `apt install mixxx xwax` brings them")
    tracks = [material.file(settings.cache, "wav", _TRACK_SECONDS, say, 44100, name) for name in ("first", "second")]
    run = Run(settings, say, (tracks[0], tracks[1]))
    for period in PERIODS:
        for turn in range(1, settings.peer_rounds + 1):
            yield from run.turn(period, turn)
    yield from compared(run.cases)
    for name, why in run.left_out.items():
        yield {"program": name, "left_out": why}


class Run:
    """One run of all turns; `left_out` has why a peer was given up."""

    def __init__(self, settings: Settings, say: Say, tracks: tuple[Path, Path]):
        self._settings, self._say, self._tracks = settings, say, tracks
        self.cases: list[Case] = []
        self.sessions: tuple[tuple[str, Callable[[Server], Iterator[Case]]], ...] = (
            (NOTHING, self._nothing),
            (OURS, self._ours),
            ("Mixxx", self._mixxx),
            ("xwax", self._xwax),
        )
        known = (("Mixxx", mixxx), ("xwax", xwax))
        self.left_out = {name: "not installed" for name, peer in known if not peer.installed()}

    def turn(self, period: int, turn: int) -> Iterator[Case]:
        """All of them, each on a server that it has for itself."""
        for name, session in self.sessions:
            if name in self.left_out:
                continue
            self._say(f"{name} at {period} frames, turn {turn} of {self._settings.peer_rounds}")
            try:
                with jack_server(period) as server:
                    for case in session(server):
                        self.cases.append({"program": name, "frames": period, "turn": turn, **case})
                        yield self.cases[-1]
            except MachineError as exc:
                if name == OURS:
                    raise
                self.left_out[name] = str(exc)
                self._say(f"{name} is left out: {exc}")

    def _watched(self, server: Server, pid: int, what: str) -> Case:
        time.sleep(_SETTLE_SECONDS)
        xruns, watch, began = server.xruns(), Watch(pid), time.monotonic()
        time.sleep(self._settings.peer_watch)
        usage, seconds = watch.usage(), time.monotonic() - began
        return {
            "of": what,
            "audio_thread_percent": 100 * usage.audio / seconds,
            "realtime_threads_percent": 100 * usage.realtime / seconds,
            "process_percent": 100 * usage.process / seconds,
            "xruns": server.xruns() - xruns,
        }

    def _nothing(self, server: Server) -> Iterator[Case]:
        with listening("system:capture_1"):
            yield self._watched(server, os.getpid(), "no decks")

    def _ours(self, server: Server) -> Iterator[Case]:
        with start_box(server) as box:
            for deck, track in enumerate(self._tracks, 1):
                box.load(deck, track)
            time.sleep(_SETTLE_SECONDS)
            if server.period == LATENCY_PERIOD:
                with listening("rackdeck:main_left") as left:
                    for what, press in ((PLAY, latency.play), (OPEN, latency.fader)):
                        yield _pressed(what, latency.presses(box, left, press, self._settings.peer_presses))
            _both(box, "tempo", _TEMPO)
            for deck in (1, 2):
                box.panel.do(f"deck{deck}.seek", 0.0)
            _both(box, "play", 1)
            yield self._watched(server, box.pid, PLAIN)
            _both(box, "keylock", 1)
            yield self._watched(server, box.pid, LOCKED)

    def _mixxx(self, server: Server) -> Iterator[Case]:
        with mixxx.running(server, self._tracks) as peer:
            if server.period == LATENCY_PERIOD:
                yield _pressed(PLAY, peer.plays(self._settings.peer_presses))
                yield _pressed(OPEN, peer.openings(self._settings.peer_presses))
            peer.play(_TEMPO)
            yield self._watched(server, peer.pid, PLAIN)
            peer.lock()
            yield self._watched(server, peer.pid, LOCKED)

    def _xwax(self, server: Server) -> Iterator[Case]:
        with start_box(server) as source, xwax.running(server, self._tracks[0], source) as peer:
            peer.play(_TEMPO)
            yield self._watched(server, peer.pid, PLAIN)


def _both(box: Box, what: str, value: float) -> None:
    for deck in (1, 2):
        box.panel.set(f"deck{deck}.{what}", value)


def _pressed(what: str, times: list[float]) -> Case:
    return {"of": what, "n": len(times), **spread(times, "ms", ("min", "median", "worst"))}


def compared(cases: list[Case]) -> Iterator[Case]:
    """The medians of all turns: Rackdeck's, the peer's, and how many times ours the peer's is."""
    for key, unit in (("realtime_threads_percent", "% of a core"), ("median_ms", "ms")):
        found: dict[tuple[Cell, Cell], dict[str, list[float]]] = {}
        for case in cases:
            value = case.get(key)
            if isinstance(value, float):
                same = found.setdefault((case["frames"], case["of"]), {})
                same.setdefault(str(case["program"]), []).append(value)
        for (frames, what), programs in found.items():
            if OURS in programs:
                ours = float(np.median(programs.pop(OURS)))
                for peer, values in programs.items():
                    its = float(np.median(values))
                    times = its / ours if ours else None
                    case = {"peer": peer, "frames": frames, "of": what, "unit": unit}
                    yield case | {"rackdeck": ours, "its": its, "times": times}
