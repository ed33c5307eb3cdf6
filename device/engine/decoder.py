"""The child program that decodes one music file into shared memory: `python -m device.engine.decoder FD`.

It waits warm on the socket FD for one job, tells its parent in lines of JSON how far it is, and ends. It trusts nothing
in the file and is trusted by nobody: if a file crashes, hangs or bloats it, its parent says so and goes on.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import av.subtitles.codeccontext  # these would be imported by the first file that has such a stream,
import av.video.codeccontext  # and by then no file can be opened any more

from device.engine import filekind
from device.engine.musicfile import MusicFile
from device.engine.planes import PlaneWriter
from device.engine.waveform import Columns, WaveWriter
from device.errors import InputError

CPU_SECONDS = 900
SPARE_BYTES = 640 << 20  # address space beyond what the warm program has: codecs, cover pictures, filters
REPORT_SECONDS = 0.02
HURRY_SECONDS = 10.0  # of music, before others go first
STEP_BACK = 10
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

Tell = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Job:
    """One file to decode. `memory` has two planes of PAD + capacity + PAD float32 frames; `wave` is a waveform file."""

    path: Path
    name: str
    samplerate: int
    capacity: int
    longest: int
    memory: int
    wave: int

    @classmethod
    def receive(cls, link: socket.socket) -> "Job | None":
        """Wait for a job; None when the parent hung up."""
        line, files, _, _ = socket.recv_fds(link, 1 << 16, 2)
        if not line:
            return None
        body = json.loads(line)
        return cls(
            Path(os.fsdecode(bytes.fromhex(body["path"]))),
            body["name"], body["samplerate"], body["capacity"], body["longest"], files[0], files[1],
        )  # fmt: skip


def confine() -> None:
    """Die with the parent, gain no rights, leave no core file, be the first to go when memory runs out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_PDEATHSIG, signal.SIGKILL), (PR_SET_NO_NEW_PRIVS, 1)):
        libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    _lower(resource.RLIMIT_CPU, CPU_SECONDS)
    Path("/proc/self/oom_score_adj").write_text("1000")


def lock_in(file_bytes: int) -> None:
    """From here on: no file is opened any more, none grows past `file_bytes`, and memory is bounded."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + SPARE_BYTES)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _lower(which: int, limit: int) -> None:
    hard = resource.getrlimit(which)[1]
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (limit, limit))


def open_regular(path: Path, name: str) -> int:
    """Open a regular file for reading. InputError for everything else; never waits for a pipe."""
    try:
        sentence = filekind.unreadable(name, path.stat().st_mode)  # before opening: a device may act on being opened
        if not sentence:
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            sentence = filekind.unreadable(name, os.fstat(file).st_mode)
    except OSError as exc:
        raise InputError(filekind.failed(name, exc)) from exc
    except ValueError as exc:
        raise InputError(f"{name} has a name that no file can have; choose another file") from exc
    if sentence:
        raise InputError(sentence)
    return file


def decode(job: Job, tell: Tell) -> None:
    """Do one job. The last message is `done` with the final length or `error` with a sentence."""
    planes = PlaneWriter(job.memory, job.capacity)
    try:
        with os.fdopen(open_regular(job.path, job.name), "rb", buffering=0) as file:
            lock_in(os.fstat(job.memory).st_size)
            music = MusicFile(file, job.name, job.samplerate)
            if music.certain and music.claim > job.capacity:
                raise InputError(too_long(job, music.claim))
            tell(title=music.title, artist=music.artist, length=music.claim)
            note = fill(planes, music, job, tell)
    except InputError as exc:
        tell(error=str(exc))
    except MemoryError:
        tell(error=f"{job.name} is damaged: it asks for more memory than there is; copy it again")
    else:
        if planes.frames:
            tell(done=planes.frames, note=note)
        else:
            tell(error=f"no sound could be read from {job.name}: it is damaged or has none; copy it again")


def fill(planes: PlaneWriter, music: MusicFile, job: Job, tell: Tell) -> str:
    """Decode all of `music`; returns a sentence on what is missing, empty when nothing is."""
    wave = WaveWriter(job.wave, job.samplerate)
    reported, hurry, note = 0.0, True, ""
    try:
        for block in music.blocks():
            count = planes.append(block)
            now, length = time.monotonic(), min(music.estimate(planes.frames), job.capacity)
            if now - reported >= REPORT_SECONDS:
                tell(ready=planes.frames, length=length)
                reported = now
            wave.push(block[:, :count], length)
            if count < block.shape[1]:
                note = f"only the first {clock(planes.frames / job.samplerate)} of {job.name} were loaded; {limit(job)}"
                break
            if hurry and planes.frames > HURRY_SECONDS * job.samplerate:
                os.nice(STEP_BACK)
                hurry = False
    except (MemoryError, OSError) as exc:
        if not planes.frames:
            raise MemoryError from exc
        note = f"only the first {clock(planes.frames / job.samplerate)} of {job.name} were loaded; memory ran out"
    wave.finish(planes.frames)
    return note or music.note(planes.frames)


def too_long(job: Job, frames: int) -> str:
    """The sentence for a track that does not fit, with both numbers."""
    return f"{job.name} is {clock(frames / job.samplerate)} long; {limit(job)}"


def limit(job: Job) -> str:
    """Why a track can be no longer than it can."""
    if job.capacity >= job.longest * job.samplerate:
        return f"a deck takes at most {clock(job.longest)}: cut it into parts"
    return f"free memory holds {clock(job.capacity / job.samplerate)}: eject another deck and load it again"


def clock(seconds: float) -> str:
    """A long time as people say it: 2 h 05 min, or 3 min 20 s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min {rest:02d} s"


def rehearse() -> None:
    """Decode a short silence, so that all code and tables a job needs are in memory before it comes."""
    silence = bytes(4 * 4410)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(silence), b"WAVE", b"fmt ", 16, 1, 2, 44100, 176400, 4, 16)
    with os.fdopen(os.memfd_create("rehearsal"), "w+b", buffering=0) as file:
        file.write(head + struct.pack("<4sI", b"data", len(silence)) + silence)
        file.seek(0)
        columns = Columns(48000)
        for block in MusicFile(file, "rehearsal", 48000).blocks():
            columns.push(block)
        columns.finish()


def main(arguments: list[str]) -> int:
    """Serve one job on the socket whose number is the first argument."""
    with socket.socket(fileno=int(arguments[0])) as link:
        confine()
        av.logging.set_level(None)
        rehearse()
        link.send(b'{"warm": true}')
        job = Job.receive(link)
        if job is not None:
            decode(job, lambda **message: link.send(json.dumps(message).encode()))
    return 0


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except (BrokenPipeError, ConnectionResetError):  # the parent is gone, so nobody wants the rest
        status = 0
    os._exit(status)  # the memory of codecs need not be handed back one by one
