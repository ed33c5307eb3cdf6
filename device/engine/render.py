"""`rackdeck render`: a set log to a sound file, the same bytes every time."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from device.errors import InputError, MachineError

logger = logging.getLogger(__name__)
HELP = "render a set log to a WAV or FLAC file, offline"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument("log", type=Path, metavar="LOG.json", help="the set log")
    parser.add_argument("out", type=Path, metavar="OUT.wav", help="the file to write: .wav or .flac, 24 bit")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(arguments: argparse.Namespace) -> int:
    """Render, with progress on a terminal; Ctrl-C leaves no half file."""
    began = time.monotonic()

    def progress(done: float) -> None:
        if not arguments.quiet and sys.stderr.isatty():
            print(f"\r{arguments.log.name}: {done:4.0%}", end="", file=sys.stderr, flush=True)

    seconds = render_file(arguments.log, arguments.out, progress)
    if not arguments.quiet:
        took = time.monotonic() - began
        print(f"\r{arguments.out}: {seconds:.1f} s of sound in {took:.1f} s", file=sys.stderr)
    return 0


def render_file(source: Path, target: Path, progress: Callable[[float], None] = lambda _done: None) -> float:
    """Render `source` into `target`; returns the seconds of sound. The file appears when it is whole."""
    from device.decks import setlog
    from device.engine import parts
    from device.engine.replay import Replay
    from dsp_cython.recorder import Recorder

    kind = target.suffix.lower()
    if kind not in (".wav", ".flac"):
        raise InputError(f"{target.name} must end in .wav or .flac")
    encoder = parts.flac_encoder() if kind == ".flac" else None
    if kind == ".flac" and encoder is None:
        raise InputError("FLAC is not available in this build; choose a .wav")
    log = setlog.read(source)
    stretched = any(event.value and event.name.endswith((".keylock", ".key")) for event in log.events)
    if stretched and parts.stretcher() is None:
        logger.warning("%s uses key-lock, which this build lacks; it is rendered without", source.name)
    replay = Replay(log, source.absolute().parent)
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as exc:
        raise MachineError(f"{target} cannot be written: {exc.strerror}") from exc
    try:
        recorder = Recorder(file, log.samplerate, encoder)
        for planes in replay.chunks():
            at = 0
            while at < planes.shape[1] and not recorder.failure:
                at += recorder.put(planes[:, at:])
                if at < planes.shape[1]:
                    time.sleep(0.005)  # the disk is slower than the engine
            progress(replay.done)
            if recorder.failure:
                break
        recorder.finish()
        recorder.close()
        if recorder.failure:
            raise MachineError(f"{target} cannot be written: {os.strerror(recorder.failure).lower()}")
        fresh.replace(target)
    finally:
        os.close(file)
        fresh.unlink(missing_ok=True)
    return log.seconds
