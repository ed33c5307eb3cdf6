"""Loads music files into memory without waiting for them: one child process decodes each, this side watches it."""

import ctypes
import fcntl
import json
import logging
import mmap
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import device
from device.engine import filekind, waveform
from device.errors import InputError

log = logging.getLogger(__name__)

PAD = 1024  # frames; also one page of memory
FLOAT_BYTES = 4
FRAME_BYTES = 2 * FLOAT_BYTES
LONGEST_SECONDS = 2 * 3600
RESERVE_BYTES = 256 << 20  # of free memory that no track may take
QUIET_SECONDS = 10.0
LONGEST_MESSAGE = 1 << 16
MEMORY_CHECK_SECONDS = 1.0
LEAST_SECONDS = 1  # of music, for which there must be memory
MANY_SECONDS = 1200  # when address space is scarce, settle for room for this much
PROGRAM = (sys.executable, "-P", "-m", "device.engine.decoder")  # one more argument: the number of its socket
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class Track:
    """One music file in memory. Frames [0, ready) may be played.

    memory: float32, two planes of `stride` frames, left then right, each PAD zeros, the track, zeros. Only read it.
    frames: the length; an estimate until `done`. error: why there is nothing to play. note: why not all of it is there.
    """

    def __init__(self, serial: int, path: Path, samplerate: int, capacity: int):
        self.serial, self.path, self.samplerate = serial, path, samplerate
        self.resize(capacity)
        self.memory: mmap.mmap | None = None
        self.ready = self.frames = 0
        self.done = False
        self.error = self.note = self.artist = ""
        self.name = filekind.shown(path)
        self.title = Path(self.name).stem
        self._wave: Path | None = None
        self._cancel: Callable[[Track], None] = lambda _: None

    def resize(self, capacity: int) -> None:
        """Room for so many frames at least, in whole pages. Only before there is memory."""
        self.capacity = -(-capacity // PAD) * PAD
        self.stride = self.capacity + 2 * PAD

    @property
    def seconds(self) -> float:
        """The length; an estimate until `done`."""
        return self.frames / self.samplerate

    @property
    def samples(self) -> NDArray[np.float32]:
        """The memory as one array of 2 * stride values, read-only. It stays mapped while somebody holds the array."""
        if self.memory is None:
            return np.zeros(0, np.float32)
        return np.frombuffer(self.memory, np.float32)

    def close(self) -> None:
        """Stop loading if it still is, let go of the memory and remove the waveform file."""
        self._cancel(self)
        if self._wave is not None:
            self._wave.unlink(missing_ok=True)
            self._wave = None
        if self.memory is not None:
            try:
                self.memory.close()
            except BufferError:
                log.debug("%s: its samples are still held; they go with their last holder", self.name)
            self.memory = None


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
    touched: int = field(default=0)  # frames whose pages are mapped


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
        self._lock = ctypes.CDLL(None, use_errno=True).mlock
        self._lock.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        self._may_lock = True
        self._fill()

    @classmethod
    @contextmanager
    def temporary(cls, samplerate: int) -> "Iterator[DecoderPool]":
        """A pool whose waveform files go to a folder that vanishes with it."""
        with tempfile.TemporaryDirectory(prefix="rackdeck-") as folder:
            pool = cls(samplerate, Path(folder))
            try:
                yield pool
            finally:
                pool.close()

    def load(self, path: Path, serial: int) -> Track:
        """Begin to load `path`. Returns at once; whatever is wrong is told by the track's `error`, later or now."""
        free = self._available()
        room = max(0, free - RESERVE_BYTES) // FRAME_BYTES
        track = Track(serial, path, self.samplerate, min(self._longest * self.samplerate, room // PAD * PAD))
        track._cancel = self.cancel
        if track.capacity < LEAST_SECONDS * self.samplerate:
            short = f"{free >> 20} MB of memory are free and {RESERVE_BYTES >> 20} MB must stay so"
            self._fail(track, f"{track.name} could not be loaded: {short}; eject another deck")
            return track
        self._startable = True
        try:
            waiting = [child for child in self._children if child.track is None and not child.reason]
            self._begin(max(waiting, key=lambda child: child.warm) if waiting else self._start(), track)
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

    def _begin(self, child: Child, track: Track) -> None:
        track._wave = self.folder / f"wave-{track.serial}"
        try:
            child.wave = waveform.create(track._wave, self.samplerate)
        except OSError:
            log.exception("%s: no waveform can be drawn", track._wave)
            child.wave = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        memory = self._map(track)
        try:
            job = {
                "path": os.fsencode(track.path.absolute()).hex(),
                "name": track.name,
                "samplerate": self.samplerate,
                "capacity": track.capacity,
                "longest": self._longest,
            }
            socket.send_fds(child.link, [json.dumps(job).encode()], [memory, child.wave])
        finally:
            os.close(memory)
        child.track, child.heard = track, self._clock()

    def _map(self, track: Track) -> int:
        """Make the track's memory, mapped here for reading; returns it open for the child.

        It has room for the longest track at once, whatever a file claims: pages that nobody writes cost nothing.
        """
        while True:
            memory = os.memfd_create("track", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                size = track.stride * FRAME_BYTES
                os.ftruncate(memory, size)
                fcntl.fcntl(memory, fcntl.F_ADD_SEALS, SEALS)  # so the audio thread can never run off its end
                track.memory = mmap.mmap(memory, size, mmap.MAP_SHARED, mmap.PROT_READ)
            except OSError:  # a limit on locked memory or on addresses counts the whole size
                os.close(memory)
                if track.capacity < MANY_SECONDS * self.samplerate:
                    raise
                track.resize(track.capacity // 2)
            else:
                return memory

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
            self._break_off(child, track, why)
        elif not child.reason and not child.warm:
            log.error("a decoder ended before it was ready (status %d); its own message is above", status)
            self._startable = False  # until somebody loads a track again
        self._children.remove(child)
        self._hang_up(child)
        self._selector.unregister(child.exit)
        os.close(child.exit)

    def _hang_up(self, child: Child) -> None:
        if child.link.fileno() >= 0:
            self._selector.unregister(child.link)
            child.link.close()

    # --- progress -----------------------------------------------------------------------------------------------------

    def _read(self, child: Child) -> None:
        while child.link.fileno() >= 0:
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
        if not track.ready <= ready <= track.capacity:
            raise ValueError(f"{ready} frames after {track.ready} of {track.capacity}")
        if "title" in message:
            track.title, track.artist = _text(message["title"]) or track.title, _text(message.get("artist", ""))
        note = _text(message.get("note", ""))
        self._touch(child, track, ready)
        track.frames = ready if done else max(ready, min(_count(message.get("length", track.frames)), track.capacity))
        track.ready = ready
        if done:
            track.note, track.done = note, True
            self._let_go(child)
        self._tell(track)

    def _touch(self, child: Child, track: Track, ready: int) -> None:
        """Map the pages up to frame `ready`, so that the audio thread finds them, and lock them if that is allowed."""
        if ready <= child.touched and child.touched:
            return
        samples = track.samples
        first = child.touched // PAD * PAD
        last = min(track.stride, (ready // PAD + 3) * PAD)  # and the silence behind them, which interpolation reads
        for plane in range(2):
            part = samples[plane * track.stride + first : plane * track.stride + last]
            if self._may_lock and self._lock(part.ctypes.data, part.nbytes) != 0:
                log.warning("tracks cannot be locked in memory; `rackdeck doctor` says how to allow it")
                self._may_lock = False
            if not self._may_lock:
                part[::PAD].sum()
        child.touched = ready

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


def load_whole(pool: DecoderPool, path: Path) -> NDArray[np.float32]:
    """Load a file and wait for all of it: (2, frames) at the pool's rate. InputError when nothing can be played."""
    track = pool.load(path, 0)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(pool.fileno(), selectors.EVENT_READ)
            while not track.done and not track.error:
                pool.pump()
                selector.select(0.5)
        if track.error:
            raise InputError(track.error)
        if track.note:
            log.warning("%s", track.note)
        planes = track.samples.reshape(2, track.stride)
        return planes[:, PAD : PAD + track.frames].copy()
    finally:
        track.close()


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
