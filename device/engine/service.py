"""The engine process: the one place where the panel, the sound server, decoders and recordings come together."""

import contextlib
import ctypes
import gc
import logging
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from device import lock, paths
from device.engine import binding, parts, resume
from device.engine.connection import Connection
from device.engine.journal import Journal
from device.engine.loader import Loader, QueueFullError
from device.engine.mend import mend_folder
from device.engine.recording import Recording, free_seconds
from device.engine.tracks import DecoderPool
from device.errors import InputError, MachineError, RackdeckError
from device.panel import controls
from device.panel.actions import ActionServer
from device.panel.client import ENGINE_LOCK, PANEL_FILE, SOCKET_FILE, Argument
from device.panel.controls import Control
from device.panel.memory import PanelMemory
from dsp_cython.engine import Engine

log = logging.getLogger(__name__)
ROUND_SECONDS = 0.005
NICENESS = -10
_LOCK_CURRENT, _LOCK_FUTURE, _LOCK_ON_FAULT = 1, 2, 4


class EngineService:
    """Owns the panel and the engine of one box, until `stop()` says True."""

    def __init__(self, stop: Callable[[], bool], server: str = "", client: str = "rackdeck"):
        self._stop = stop
        folder = paths.runtime()
        self._lock = lock.take(folder / ENGINE_LOCK, "an engine")
        self._missing = "; ".join(parts.missing())
        for sentence in parts.missing():
            log.warning("%s", sentence)
        for sentence in mend_folder(paths.recordings()):
            log.info("%s", sentence)
        self._store = resume.Store(folder)
        left = self._store.take()
        self.memory = PanelMemory.create(folder / PANEL_FILE)
        self._say("engine.message", "waiting for the sound server")
        self._sign_of_life()
        self._connection = Connection(server, client)
        rate = self._connection.wait_for_server(self._while_waiting)
        self.engine = Engine(rate, parts.stretcher(), True)
        binding.bind(self.engine, self.memory.values, self.memory.states)
        self._pool = DecoderPool(rate, folder)
        self.loader = Loader(self.engine, self._pool, self._say, self._act, _first_serial(folder))
        self.journal = Journal(self.loader.paths)
        self.recording: Recording | None = None
        self._refused = 0
        self._actions = ActionServer(folder / SOCKET_FILE, self.perform)
        self._connection.open(self.engine)
        self._say("engine.message", self._missing)
        self._say("engine.backend", self._connection.backend)
        self._left: resume.Leftover | None = left if left.decks or left.recording else None
        self._resume_by = time.monotonic() + 5
        for number, deck in left.decks.items():
            self._load_leftover(f"deck{number}", deck)
        _hold_memory()
        _come_first()

    # --- the panel ---

    def _state(self, name: str, value: float) -> None:
        self.memory.states[controls.slots("state")[name]] = value

    def _say(self, name: str, text: str) -> None:
        self.memory.write_text(name, text)

    def _sign_of_life(self) -> None:
        self._state("engine.beat", time.monotonic())

    def _while_waiting(self) -> None:
        if self._stop():
            self.memory.sign_off()
            raise SystemExit(0)
        self._sign_of_life()
        time.sleep(0.1)

    def perform(self, row: Control, argument: Argument) -> None:
        """Do one action or refuse it with a RackdeckError."""
        deck = row.name.partition(".")[0]
        if row.name == f"{deck}.load":
            self.loader.load(deck, str(argument))
        elif row.name == f"{deck}.eject":
            self._check_server()
            self.loader.eject(deck)
        elif row.name == "record.start":
            self._start_recording()
        elif row.name == "record.stop":
            if self.recording is None:
                raise InputError("nothing is being recorded")
            self.recording.stop()
        elif not self.loader.postpone(deck, [(row.name, argument)]):
            self._check_deck(row, deck)
            self._act(row.name, argument)

    def _check_server(self) -> None:
        """Nothing is kept for later while there is no sound: it would all happen at once."""
        if not self._connection.open_now:
            raise MachineError("the sound server is away; the decks wait until it is back")

    def _check_deck(self, row: Control, deck: str) -> None:
        """Say why an action would have no effect, rather than let it pass in silence."""
        if deck not in self.loader.on_deck:
            raise InputError(f"{deck} is empty; load a track first")
        needs_grid = row.name in (f"{deck}.beatjump", f"{deck}.loop.beats", f"{deck}.loop.roll")
        if needs_grid and deck not in self.loader.gridded:
            raise InputError(f"{deck} has no beat grid; give it one with {deck}.grid")
        self._check_server()

    def _act(self, name: str, argument: Argument) -> None:
        code = binding.command_code(name)
        if code is None:
            raise InputError(f"{name} is not an action of the engine")
        first, second = binding.arguments(argument)
        if not self.engine.command(*code, first, second):
            self._refused += 1
            self._state("engine.refused", self._refused)
            raise QueueFullError
        if name.endswith(".grid"):
            (self.loader.gridded.add if first else self.loader.gridded.discard)(name.partition(".")[0])

    # --- recording ---

    def _start_recording(self) -> None:
        if self.recording is not None:
            raise InputError("a recording runs already; stop it first")
        self._check_server()
        row, wanted = controls.table()["record.format"], self.memory.values[controls.slots("value")["record.format"]]
        kind = row.choices[int(wanted if row.fits(wanted) else row.default)]
        self._say("record.message", "")
        try:
            self.recording = Recording(self.engine, self.journal, paths.recordings(), kind, datetime.now())
        except RackdeckError as exc:
            self._say("record.message", str(exc))
            raise
        self._say("record.path", str(self.recording.path))
        self._state("record.seconds", 0)
        self._state("record.active", 1)
        log.info("recording to %s", self.recording.path)

    def _follow_recording(self) -> None:
        fresh = self.journal.take(self.engine.drain())
        recording = self.recording
        if recording is None:
            return
        recording.note(fresh)
        self._state("record.seconds", recording.seconds)
        self._state("record.dropped", recording.dropped)
        if recording.poll():
            recording.close()
            self._state("record.active", 0)
            self._state("record.seconds", recording.seconds)
            self._say("record.message", recording.message)
            log.info("recorded %.1f s to %s %s", recording.seconds, recording.path, recording.message)
            self.recording = None

    # --- life ---

    def _load_leftover(self, deck: str, left: resume.DeckMemory) -> None:
        try:
            self.loader.load(deck, str(left.path))
        except RackdeckError as exc:
            self._say(f"{deck}.message", str(exc))
            return
        self.loader.postpone(deck, left.actions)

    def _resume(self) -> None:
        """Let the decks that played go on together, once all of them can."""
        if self._left is None:
            return
        if self.loader.busy and time.monotonic() < self._resume_by:
            return
        for number, deck in self._left.decks.items():
            name = f"deck{number}"
            if not deck.playing or self.loader.postpone(name, [(f"{name}.play", 1.0)]):
                continue
            if name in self.loader.on_deck:
                self._act(f"{name}.play", 1.0)
                log.info("%s goes on with %s", name, deck.path.name)
        recording, self._left = self._left.recording, None
        self._store.clear()
        if recording:
            self._start_recording()

    def _each_second(self) -> None:
        self._connection.keep(self.engine)
        self._actions.keep()
        self._say("engine.backend", self._connection.backend)
        self._say("engine.message", self._connection.message or self._missing)
        self._state("record.free", 0.0)  # unless the folder answers
        self._state("record.free", free_seconds(paths.recordings(), int(self.engine.samplerate)))

    def _each_minute(self) -> None:
        """The stats line. Garbage is collected here and nowhere else."""
        slots, states = controls.slots("state"), self.memory.states
        late = sum(int(states[slots[f"deck{number}.late"]]) for number in range(1, controls.DECKS + 1))
        log.info(
            "stats load %.1f %% worst %.0f us xruns %d refused %d late %d lost %d memory %d MB",
            states[slots["engine.load"]],
            self._connection.worst(),
            states[slots["engine.xruns"]],
            self._refused,
            late,
            self.engine.lost,
            _resident_megabytes(),
        )
        gc.collect()

    def run(self) -> None:
        """Serve until told to stop; then close without losing anything."""
        second = minute = time.monotonic()
        asked = False
        try:
            while not self._stop():
                self._actions.pump(ROUND_SECONDS)
                self._guarded(self.loader.pump)
                self._guarded(self._follow_recording)
                self._guarded(self._resume)
                self._sign_of_life()
                now = time.monotonic()
                if now - second >= 1:
                    second = now
                    self._guarded(self._each_second)
                if now - minute >= 60:
                    minute = now
                    self._guarded(self._each_minute)
            asked = True
        finally:
            recording = self.recording is not None
            self.close()
            if asked:
                self.memory.sign_off()
                self._store.clear()
            else:  # the next engine goes on with the decks, and with a new recording if one ran
                self._state("record.active", recording)

    def _guarded(self, work: Callable[[], None]) -> None:
        """One part's failure must not end the sound."""
        try:
            work()
        except RackdeckError as exc:
            log.warning("%s", exc)
        except Exception:
            log.exception("a part of the engine failed; the sound goes on")

    def close(self) -> None:
        """End in order: the recording, the callers, the sound, the tracks."""
        if self.recording is not None:
            self.recording.stop()
            deadline = time.monotonic() + 5
            while self.recording is not None and time.monotonic() < deadline:
                self._follow_recording()
                time.sleep(0.01)
        self._actions.close()
        self._connection.close()
        self.engine.drain()
        self.loader.close()


def _first_serial(folder: Path) -> int:
    """Serials go on where the last engine's ended, so that a front end sees that the track is another."""
    serials = [0]
    for file in folder.glob("wave-*"):
        if file.name[5:].isdigit():
            serials.append(int(file.name[5:]))
            file.unlink(missing_ok=True)
    return max(serials) + 1


def _hold_memory() -> None:
    """Keep the process in RAM and its garbage collector still: the audio thread must never wait for either."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_LOCK_CURRENT | _LOCK_FUTURE | _LOCK_ON_FAULT) != 0:
        log.warning("memory is not locked (%s); `rackdeck doctor` says how", os.strerror(ctypes.get_errno()))
    gc.collect()
    gc.freeze()
    gc.disable()


def _come_first() -> None:
    """An action is answered before ordinary programs get their turn, where the system lets us ask for that."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _resident_megabytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 2**20
