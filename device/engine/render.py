"""`rackdeck render`: a set log to a sound file, the same bytes every time."""

import argparse
import contextlib
import errno
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import InputError, MachineError

if TYPE_CHECKING:
    from device.decks.setlog import SetLog
    from device.engine.replay import Replay

logger = logging.getLogger(__name__)
HELP = "render a set log to a WAV or FLAC file, offline"
PATIENCE_SECONDS = 10.0  # so often a line says how far it is, where nobody can watch a number count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument("log", type=Path, metavar="LOG.json", help="the set log")
    parser.add_argument("out", type=Path, metavar="OUT.wav", help="the file to write: .wav or .flac, 24 bit")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(arguments: argparse.Namespace) -> int:
    """Render, saying how far it is; Ctrl-C leaves no half file."""
    from device.decks import setlog

    began = time.monotonic()
    log = setlog.read(arguments.log)
    if arguments.quiet:
        render(log, arguments.log, arguments.out)
        return 0
    with Progress(arguments.log.name) as progress:
        render(log, arguments.log, arguments.out, progress)
    took = time.monotonic() - began
    lead_in = f", {log.start:.1f} s of lead-in before it" if log.start else ""
    print(f"{arguments.out}: {log.seconds:.1f} s of sound{lead_in}, rendered in {took:.1f} s", file=sys.stderr)
    return 0


class Progress:
    """Says on standard error how far `what` is: a number that counts on a terminal, elsewhere a line now and then."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic):
        self._what, self._clock = what, clock
        self._counts = sys.stderr.isatty()
        self._shown = 0
        self._next = clock() + PATIENCE_SECONDS
        self._open = False

    def __call__(self, done: float) -> None:
        """`done` goes from 0 to 1."""
        percent = int(100 * done)
        if self._counts and percent > self._shown:
            self._say(percent, "\r", "")
        elif not self._counts and (percent // 10 > self._shown // 10 or self._clock() > self._next):
            self._say(percent, "", "\n")

    def _say(self, percent: int, start: str, end: str) -> None:
        print(f"{start}{self._what}: {percent} %", end=end, file=sys.stderr, flush=True)
        self._shown, self._next = percent, self._clock() + PATIENCE_SECONDS
        self._open = not end

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:  # what is said next begins on a line of its own
            print(file=sys.stderr, flush=True)


def render_file(source: Path, target: Path, say_progress: Callable[[float], None] = lambda _done: None) -> float:
    """Render the log `source` into `target`, as `render` does; returns the seconds of sound."""
    from device.decks import setlog

    log = setlog.read(source)
    render(log, source, target, say_progress)
    return log.seconds


def render(
    log: "SetLog", source: Path, target: Path, say_progress: Callable[[float], None] = lambda _done: None
) -> None:
    """Render a log that lies at `source` into `target`, which appears when it is whole.

    InputError for what cannot be rendered, MachineError for what cannot be written.
    """
    from device.engine import parts
    from device.engine.replay import Replay

    kind = target.suffix.lower()
    if kind not in (".wav", ".flac"):
        raise InputError(f"the file to write must end in .wav or .flac, not {target.name}")
    encoder = parts.flac_encoder() if kind == ".flac" else None
    if kind == ".flac" and encoder is None:
        raise InputError("FLAC is not available in this build; choose a .wav")
    beside = source.absolute().parent
    if any(_same(target, track) for track in log.tracks(beside)):
        raise InputError(f"{target} is one of the tracks that are played; choose another name")
    stretched = any(event.value and event.name.endswith((".keylock", ".key")) for event in log.events)
    if stretched and parts.stretcher() is None:
        logger.warning("%s uses key-lock, which this build lacks; it is rendered without", source.name)
    with _whole_or_nothing(target) as file, contextlib.closing(Replay(log, beside)) as replay:
        _write(replay, file, encoder, say_progress)


@contextlib.contextmanager
def _whole_or_nothing(target: Path) -> Iterator[int]:
    """A new file's descriptor. The file gets its name when all went well; MachineError when it cannot be written."""
    fresh = target.with_name(f".rackdeck-{os.getpid()}.new")  # short: the target's own name may be as long as can be
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            yield file
            fresh.replace(target)
        finally:
            os.close(file)
    except OSError as exc:
        raise MachineError(f"{str(target)[:200]} cannot be written: {(exc.strerror or str(exc)).lower()}") from exc
    finally:  # out here, so that a signal right after the opening leaves nothing either
        with contextlib.suppress(OSError):
            fresh.unlink()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return False


def _write(replay: "Replay", file: int, encoder: object | None, say_progress: Callable[[float], None]) -> None:
    """Everything that `replay` makes into an open file. OSError when it does not take it."""
    import numpy as np

    from dsp_cython.recorder import Recorder

    recorder = Recorder(file, replay.log.samplerate, encoder)
    try:
        for planes in replay.chunks():
            at = 0
            while at < planes.shape[1] and not recorder.failure:
                at += recorder.put(np.ascontiguousarray(planes[:, at:]))
                if at < planes.shape[1]:
                    time.sleep(0.005)  # the disk is slower than the engine
            say_progress(replay.done)
            if recorder.failure:
                break
    finally:  # the file is the caller's to close, and not while it is still written
        recorder.finish()
        recorder.close()
    if recorder.failure:
        raise OSError(recorder.failure, os.strerror(recorder.failure))
