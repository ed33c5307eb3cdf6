"""`peers`: Mixxx and xwax beside Rackdeck: the same music, server settings and machine, in turns within one run.

What is compared is the time that real-time threads spend on a core. Mixxx stretches in its audio thread with the faster
engine of Rubber Band, Rackdeck in threads of its own with the finer one; xwax has neither mixer nor key-lock.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from device.bench import ear, figures, latency, material, mixxx, xwax
from device.bench.box import Box, Server, engine, jack_server
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.bench.threads import Watch
from device.errors import MachineError

PERIODS = (64, 256)
LATENCY_PERIOD = 64
OURS = "Rackdeck"
_TRACK_SECONDS = 120.0
_SETTLE_SECONDS = 1.0
PLAIN, FASTER, LOCKED = "2 decks", "2 decks, +3 %", "2 decks, +3 %, key-lock"
PLAY, OPEN = "play to first sample", "channel opens to first sample"
_NAMES = ("min", "median", "p95", "worst")


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
        self.left_out: dict[str, str] = {}
        self.sessions: tuple[tuple[str, Callable[[Server], Iterator[Case]]], ...] = (
            (OURS, self._ours),
            ("Mixxx", self._mixxx),
            ("xwax", self._xwax),
        )
        for peer, name in ((mixxx, "Mixxx"), (xwax, "xwax")):
            if not peer.installed():
                self.left_out[name] = "not installed"

    def turn(self, period: int, turn: int) -> Iterator[Case]:
        """Ours, Mixxx, xwax; each on a server that it has for itself."""
        for name, session in self.sessions:
            if name in self.left_out:
                continue
            self._say(f"{name} at {period} frames, turn {turn}")
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
        xruns, watch = server.xruns(), Watch(pid)
        time.sleep(self._settings.peer_watch)
        usage = watch.usage()
        return {
            "of": what,
            "audio_thread_percent": usage.audio,
            "realtime_threads_percent": usage.realtime,
            "process_percent": usage.process,
            "xruns": server.xruns() - xruns,
        }

    def _ours(self, server: Server) -> Iterator[Case]:
        with engine(server) as box:
            for deck, track in enumerate(self._tracks, 1):
                box.load(deck, track)
            time.sleep(_SETTLE_SECONDS)
            if server.period == LATENCY_PERIOD:
                with ear.listening("rackdeck:main_left") as left:
                    for what, press in ((PLAY, latency.play), (OPEN, latency.fader)):
                        yield _pressed(what, latency.presses(box, left, press, self._settings.peer_presses))
            for deck in (1, 2):
                box.panel.do(f"deck{deck}.seek", 0.0)
                box.panel.set(f"deck{deck}.play", 1)
            yield self._watched(server, box.pid, PLAIN)
            _both(box, "tempo", 3.0)
            yield self._watched(server, box.pid, FASTER)
            _both(box, "keylock", 1)
            yield self._watched(server, box.pid, LOCKED)

    def _mixxx(self, server: Server) -> Iterator[Case]:
        with mixxx.running(server, self._tracks) as peer:
            if server.period == LATENCY_PERIOD:
                yield _pressed(PLAY, peer.plays(self._settings.peer_presses))
                yield _pressed(OPEN, peer.openings(self._settings.peer_presses))
            peer.play()
            yield self._watched(server, peer.pid, PLAIN)
            peer.faster()
            yield self._watched(server, peer.pid, FASTER)
            peer.lock()
            yield self._watched(server, peer.pid, LOCKED)

    def _xwax(self, server: Server) -> Iterator[Case]:
        with engine(server) as source, xwax.running(server, self._tracks[0], source) as peer:
            peer.play()
            yield self._watched(server, peer.pid, PLAIN)
            peer.faster()
            yield self._watched(server, peer.pid, FASTER)


def _both(box: Box, what: str, value: float) -> None:
    for deck in (1, 2):
        box.panel.set(f"deck{deck}.{what}", value)


def _pressed(what: str, times: list[float]) -> Case:
    return {"of": what, "n": len(times), **figures.spread(times, "ms", _NAMES)}


def compared(cases: list[Case]) -> Iterator[Case]:
    """The medians of all turns: Rackdeck's, the peer's, and how many times ours the peer's is."""
    for key, what in (("realtime_threads_percent", "% of a core"), ("median_ms", "ms")):
        for period in PERIODS:
            for of in dict.fromkeys(case["of"] for case in cases if key in case):
                found: dict[str, list[float]] = {}
                for case in cases:
                    value = case.get(key)
                    if case["of"] == of and case["frames"] == period and isinstance(value, float):
                        found.setdefault(str(case["program"]), []).append(value)
                ours = found.pop(OURS, [])
                for peer, values in found.items():
                    if ours:
                        mine, theirs = float(np.median(ours)), float(np.median(values))
                        yield {
                            "peer": peer,
                            "frames": period,
                            "of": of,
                            "unit": what,
                            "rackdeck": mine,
                            "its": theirs,
                            "times": theirs / mine if mine else None,
                        }
