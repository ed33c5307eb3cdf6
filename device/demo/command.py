"""`rackdeck demo`: a mix that plays itself."""

import argparse
import sys
import time
from pathlib import Path

from device.errors import InputError

HELP = "mix two tracks of the demo crate from a set log and write the recording"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT.wav", help="the file to write (default: recordings/)")
    parser.add_argument("--live", action="store_true", help="play it on the running box, recording there instead")
    parser.add_argument("--seconds", type=float, default=None, help="only so much of it")


def run(arguments: argparse.Namespace) -> int:
    """Compose the crate if it is not there yet, write the log, then render or play it."""
    from device import paths
    from device.demo import crate, mix
    from device.engine.render import render_file

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    first, second, *_ = crate.ensure(crate.default_folder(), say)
    log = mix.write(first, second)
    if arguments.seconds is not None:
        if arguments.seconds <= 0:
            raise InputError("--seconds takes a number above 0")
        log.seconds = min(log.seconds, arguments.seconds)
    out = arguments.out or paths.recordings() / "demo.wav"
    script = out.with_suffix(".json")
    script.write_text(log.as_json(), encoding="utf-8")
    print(f"{first.title} into {second.title}, {log.seconds:.0f} s; the set log is {script}")
    if arguments.live:
        from device.demo.live import play

        print(f"recorded to {play(log, say)}")
        return 0
    began = time.monotonic()
    shown = -1

    def progress(done: float) -> None:
        nonlocal shown
        if int(10 * done) > shown:
            shown = int(10 * done)
            say(f"rendering the mix: {10 * shown} %")

    seconds = render_file(script, out, progress)
    took = time.monotonic() - began
    print(f"{out}: {seconds:.1f} s of sound in {took:.1f} s, {seconds / took:.0f} times as fast as it plays")
    return 0
