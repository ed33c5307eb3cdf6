"""`rackdeck demo`: a mix that plays itself."""

import argparse
import os
import sys
import time
from pathlib import Path

from device.errors import InputError, MachineError

HELP = "mix two tracks of the demo crate from a set log and write the recording"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument(
        "out", nargs="?", type=Path, metavar="OUT.wav", help="the file to write (default: demo.wav in recordings/)"
    )
    parser.add_argument(
        "--live", action="store_true", help="play it on decks 1 and 2 of the running box, which records it"
    )
    parser.add_argument("--force", action="store_true", help="with --live: even if music plays on these decks")
    parser.add_argument("--seconds", type=float, default=None, metavar="N", help="only so much of it")


def run(arguments: argparse.Namespace) -> int:
    """Compose the crate if it is not there yet, write the log, then render or play it."""
    from device import paths
    from device.demo import crate, live, mix
    from device.engine.render import Progress, render

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if arguments.seconds is not None and not arguments.seconds > 0:
        raise InputError("--seconds takes a number above 0")
    if arguments.live and arguments.out is not None:
        raise InputError(f"the box records to a file of its own with --live; leave {arguments.out} out")
    if arguments.live:
        live.check(arguments.force)  # composing takes minutes: what stands against it is said before
    first, second, *_ = crate.ensure(crate.default_folder(), say)
    log = mix.write(first, second)
    if arguments.seconds is not None:
        log.seconds = min(log.seconds, arguments.seconds)
        log.events = [event for event in log.events if event.seconds < log.seconds]
    print(f"{first.title} into {second.title}, {log.seconds:.0f} s")
    if arguments.live:
        print(f"recorded to {live.play(log, say, arguments.force)}")
        return 0
    out = arguments.out or paths.recordings() / "demo.wav"
    script = out.with_suffix(".json")
    if _is_other(script):
        raise InputError(f"the set log would go to {script}, which is something else; choose another name")
    began = time.monotonic()
    with Progress("rendering the mix") as progress:
        render(log, script, out, progress)
    took = time.monotonic() - began
    try:
        script.write_text(log.as_json(), encoding="utf-8")
    except OSError as exc:
        raise MachineError(f"{script} cannot be written: {(exc.strerror or str(exc)).lower()}") from exc
    print(f"{out}: {log.seconds:.1f} s of sound in {took:.1f} s, {log.seconds / took:.0f} times as fast as it plays")
    print(f"{script}: its set log")
    return 0


def _is_other(script: Path) -> bool:
    """Whether something lies there that is no set log."""
    from device.decks import setlog

    try:
        setlog.read(script)
    except InputError:
        return os.path.lexists(script)
    return False
