"""Loads music files into memory without waiting for them: one child process decodes each, this side watches it."""

import json
import logging
import mmap
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import device
from device.engine import filekind, waveform
from device.engine.planes import FRAME_BYTES, PAD, Planes

log = logging.getLogger(__name__)

LONGEST_SECONDS = 2 * 3600
RESERVE_BYTES = 256 << 20  # of free memory that no track may take
QUIET_SECONDS = 10.0
LONGEST_MESSAGE, MOST_MESSAGES = 1 << 16, 1000
MEMORY_CHECK_SECONDS = 1.0
LEAST_SECONDS = 1  # of music, for which there must be memory
MANY_SECONDS = 1200  # when address space is scarce, settle for room for this much
PROGRAM = (sys.executable, "-P", "-m", "device.engine.decoder")  # one more argument: the number of its socket


class Track:
    """One music file in memory. Frames [0, ready) may be played.

    memory: float32, two planes of `stride` frames, left then right, each PAD zeros, the track, zeros. Only read it.
    frames: the length; an estimate until `done`. error: why there is nothing to play. note: why not all of it is there.
    """

    def __init__(self, serial: int, path: Path, samplerate: int):
        self.serial, self.path, self.samplerate = serial, path, samplerate
        self.ready = self.frames = 0
        self.done = self.retried = False
        self.error = self.note = self.artist = ""
        self.name = filekind.shown(path)
        self.title = Path(self.name).stem
        self._planes: Planes | None = None
        self._wave: Path | None = None
        self._cancel: Callable[[Track], None] = lambda _: None

    @property
    def memory(self) -> mmap.mmap | None:
        """The mapping; None when there is none."""
        return self._planes.mapping if self._planes else None

    @property
    def capacity(self) -> int:
        """For how many frames there is room."""
        return self._planes.capacity if self._planes else 0

    @property
    def stride(self) -> int:
        """Frames from the start of one plane to the start of the next."""
        return self._planes.stride if self._planes else 2 * PAD

    @property
    def seconds(self) -> float:
        """The length; an estimate until `done`."""
        return self.frames / self.samplerate

    @property
    def samples(self) -> NDArray[np.float32]:
        """The memory as one array of 2 * stride values, read-only. After `close` it is silent."""
        return self._planes.samples if self._planes else np.zeros(2 * self.stride, np.float32)

    def close(self) -> None:
        """Stop loading if it still is, let go of the memory and remove the waveform file."""
        self._cancel(self)
        if self._wave is not None:
            self._wave.unlink(missing_ok=True)
            self._wave = None
        if self._planes is not None:
            self._planes.close()
            self._planes = None


@dataclass(eq=False)
class Child:
    """One decoder process: warming up, waiting, or at work on `track`."""

    process: subprocess.Popen[bytes]
    link: socket.socket
    exit: int  # a descriptor that is readable once the process has ended
    heard: float
    track: Track | None = None
    wave: int | None = None
    warm: bool = False
    reason: str = ""  # why this side killed it


class DecoderPool:
    """Decodes tracks for one engine. Use it from one thread, which must live as long as the loads do.

    folder: where waveform files go. spare: decoders kept warm. clock: seconds, ever growing. available: bytes of memory
    that can still be had. longest_seconds: of a track. program: what a decoder is started with.
    """

    def __init__(
        self,
        samplerate: int,
        folder: Path,
        spare: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        available: Callable[[], int] | None = None,
        longest_seconds: int = LONGEST_SECONDS,
        program: tuple[str, ...] = PROGRAM,
    ):
        self.samplerate, self.folder = samplerate, folder
        self._spare, self._clock, self._longest = spare, clock, longest_seconds
        self._available, self._program = available or available_memory, program
        self._selector = selectors.DefaultSelector()
        self._children: list[Child] = []
        self._changed: list[Track] = []
        self._startable = True
        self._memory_checked = clock()
        self._may_lock = True
        self._fill()

    def load(self, path: Path, serial: int) -> Track:
        """Begin to load `path`. Returns at once; whatever is wrong is told by the track's `error`, later or now."""
        free = self._available()
        room = max(0, free - RESERVE_BYTES) // FRAME_BYTES
        capacity = min(self._longest * self.samplerate, room // PAD * PAD)
        track = Track(serial, path, self.samplerate)
        track._cancel = self.cancel
        if capacity < LEAST_SECONDS * self.samplerate:
            short = f"{free >> 20} MB of memory are free and {RESERVE_BYTES >> 20} MB must stay so"
            self._fail(track, f"{track.name} could not be loaded: {short}; eject another deck")
            return track
        self._startable = True
        try:
            track._planes = self._make_room(capacity)
            track._wave = self.folder / f"wave-{serial}"
            idle = [child for child in self._children if child.track is None and not child.reason]
            for child in sorted(idle, key=lambda child: child.warm, reverse=True):
                if self._begin(child, track, track._planes):
                    return track
            if not self._begin(self._start(), track, track._planes):
                self._fail(track, f"{track.name} could not be loaded: the decoder does not start; load it again")
        except OSError as exc:
            self._fail(track, f"{track.name} could not be loaded ({exc.strerror or exc}); load it again")
        return track

    def cancel(self, track: Track) -> None:
        """Stop loading `track`. What is decoded stays as it is; nothing more is reported."""
        for child in self._children:
            if child.track is track:
                self._let_go(child)
                self._kill(child, "cancelled")
        if track in self._changed:
            self._changed.remove(track)

    def fileno(self) -> int:
        """Readable when `pump` has something to do. Call `pump` once a second besides: it also stops what hangs."""
        return self._selector.fileno()

    def pump(self) -> list[Track]:
        """Take in what the decoders say, without waiting. Returns the tracks that changed."""
        for key, _ in self._selector.select(0):
            child: Child = key.data
            if key.fd == child.exit:
                self._read(child)
                self._bury(child)
            else:
                self._read(child)
        self._watch()
        if all(child.track is None or child.track.ready for child in self._children):
            self._fill()  # a new spare does not compete with a track that has nothing to play yet
        changed, self._changed = self._changed, []
        return changed

    def close(self) -> None:
        """End every decoder. Tracks stay usable as far as they are."""
        for child in list(self._children):
            self._let_go(child)
            self._kill(child, "closed")
            child.process.wait()
            self._bury(child)
        self._selector.close()

    # --- children -----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        waiting = sum(child.track is None and not child.reason for child in self._children)
        try:
            while self._startable and waiting < self._spare:
                self._start()
                waiting += 1
        except OSError:
            log.exception("no spare decoder could be started")
            self._startable = False

    def _start(self) -> Child:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(device.__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        try:
            with theirs:
                process = subprocess.Popen(
                    [*self._program, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env={**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(paths)},
                    process_group=0,
                )
            ours.setblocking(False)
            child = Child(process, ours, os.pidfd_open(process.pid), self._clock())
        except OSError:
            ours.close()
            raise
        self._selector.register(ours, selectors.EVENT_READ, child)
        self._selector.register(child.exit, selectors.EVENT_READ, child)
        self._children.append(child)
        return child

    def _begin(self, child: Child, track: Track, planes: Planes) -> bool:
        """Give `track` to a child. False when the child is gone."""
        job = {
            "path": os.fsencode(track.path.absolute()).hex(),
            "name": track.name,
            "samplerate": self.samplerate,
            "capacity": planes.capacity,
            "longest": self._longest,
        }
        wave = self._open_wave(track)
        try:
            socket.send_fds(child.link, [json.dumps(job).encode()], [planes.file, wave])
        except OSError:
            os.close(wave)
            self._kill(child, "it does not take jobs")
            return False
        child.track, child.wave, child.heard = track, wave, self._clock()
        return True

    def _open_wave(self, track: Track) -> int:
        try:
            if track._wave is not None:
                return waveform.create(track._wave, self.samplerate)
        except OSError:
            log.exception("%s: no waveform can be drawn", track._wave)
        return os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)

    def _make_room(self, capacity: int) -> Planes:
        """Memory for so many frames, or fewer where a limit on locked memory or on addresses counts the whole size."""
        while True:
            try:
                return Planes(capacity)
            except OSError:
                if capacity < MANY_SECONDS * self.samplerate:
                    raise
                capacity //= 2

    def _kill(self, child: Child, reason: str) -> None:
        child.reason = child.reason or reason
        child.process.kill()

    def _let_go(self, child: Child) -> None:
        """Forget the child's track: it is finished, or nobody wants it."""
        child.track = None
        child.reason = child.reason or "its job is done"
        if child.wave is not None:
            os.close(child.wave)
            child.wave = None

    def _bury(self, child: Child) -> None:
        """Take leave of a child that ended, and say so if it left a track behind."""
        status = child.process.wait()  # it has ended: the exit descriptor said so
        track = child.track
        if track is not None:
            how = f"signal {-status}" if status < 0 else f"status {status}"
            why = child.reason or f"the decoder stopped ({how}) while it read {track.name}; the file may be damaged"
            if status >= 0 or child.reason or not self._again(child, track):
                self._break_off(child, track, why)
        elif not child.reason and not child.warm:
            log.error("a decoder ended before it was ready (status %d); its own message is above", status)
            self._startable = False  # until somebody loads a track again
        self._children.remove(child)
        self._hang_up(child)
        self._selector.unregister(child.exit)
        os.close(child.exit)

    def _again(self, child: Child, track: Track) -> bool:
        """Somebody killed a decoder before it had anything: the file may be fine, so once more. Whether it goes on."""
        if track.retried or track.ready or track._planes is None:
            return False
        track.retried = True
        self._let_go(child)
        try:
            return self._begin(self._start(), track, track._planes)
        except OSError:
            child.track = track
            return False

    def _hang_up(self, child: Child) -> None:
        if child.link.fileno() >= 0:
            self._selector.unregister(child.link)
            child.link.close()

    # --- progress -----------------------------------------------------------------------------------------------------

    def _read(self, child: Child) -> None:
        for _ in range(MOST_MESSAGES):  # at a time: a decoder gone wild must not keep this side busy for ever
            if child.link.fileno() < 0:
                return
            try:
                message = child.link.recv(LONGEST_MESSAGE)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._hang_up(child)
                return
            child.heard = self._clock()
            try:
                self._take(child, json.loads(message))
            except (ValueError, TypeError, KeyError, RecursionError):
                log.error("a decoder sent what no decoder sends: %r", message[:200])
                if child.track is not None:
                    self._kill(child, f"the decoder lost its way in {child.track.name}; the file may be damaged")

    def _take(self, child: Child, message: object) -> None:
        """Believe one message as far as it is possible. ValueError for what is not."""
        if not isinstance(message, dict):
            raise TypeError("a message is an object")
        child.warm = child.warm or message.get("warm") is True
        track = child.track
        if track is None or "warm" in message:
            return
        if "error" in message:
            sentence = _text(message["error"])
            self._let_go(child)
            self._fail(track, sentence)
            return
        done = "done" in message
        ready = _count(message["done"] if done else message.get("ready", track.ready))
        if not track.ready <= ready <= track.capacity or (done and not ready):
            raise ValueError(f"{ready} frames after {track.ready} of {track.capacity}")
        if "title" in message:
            track.title, track.artist = _text(message["title"]) or track.title, _text(message.get("artist", ""))
        note = _text(message.get("note", ""))
        if ready > track.ready:
            self._map(track, ready)
        track.frames = ready if done else max(ready, min(_count(message.get("length", track.frames)), track.capacity))
        track.ready = ready
        if done:
            track.note, track.done = note, True
            self._let_go(child)
        self._tell(track)

    def _map(self, track: Track, ready: int) -> None:
        """See that the audio thread finds the first `ready` frames in memory."""
        if track._planes is None or track._planes.touch(ready, self._may_lock) or not self._may_lock:
            return
        log.warning("tracks cannot be locked in memory; `rackdeck doctor` says how to allow it")
        self._may_lock = False

    def _watch(self) -> None:
        """Stop decoders that say nothing, and all of them when memory runs short."""
        now = self._clock()
        for child in self._children:
            if child.track is not None and not child.reason and now - child.heard > QUIET_SECONDS:
                self._kill(
                    child,
                    f"nothing more could be read from {child.track.name} for {QUIET_SECONDS:.0f} s;"
                    " its disk may be slow or the file damaged",
                )
            elif child.track is None and child.reason and now - child.heard > QUIET_SECONDS:
                child.process.kill()  # its job is done, yet it does not end
        if now - self._memory_checked > MEMORY_CHECK_SECONDS and any(child.track for child in self._children):
            self._memory_checked = now
            if self._available() < RESERVE_BYTES // 2:
                for child in self._children:
                    if child.track is not None:
                        self._kill(child, f"memory ran out while {child.track.name} was loading; eject another deck")

    def _break_off(self, child: Child, track: Track, why: str) -> None:
        """Keep what was decoded as a shorter track; without any, that is an error."""
        if track.ready and child.wave is not None:
            waveform.end_short(child.wave, self.samplerate, track.ready)
        self._let_go(child)
        if not track.ready:
            self._fail(track, why)
            return
        track.frames, track.note, track.done = track.ready, why, True
        self._tell(track)

    def _fail(self, track: Track, sentence: str) -> None:
        track.error = sentence
        self._tell(track)

    def _tell(self, track: Track) -> None:
        if track not in self._changed:
            self._changed.append(track)


def available_memory() -> int:
    """Bytes that programs can still get without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a number of frames")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value
