"""`rackdeck bench`: measures this machine and this build."""

import argparse
import contextlib
import difflib
import logging
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from device.bench.catalogue import MEASUREMENTS
from device.errors import InputError, RackdeckError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.bench.catalogue import Measurement
    from device.bench.report import Report
    from device.bench.settings import Settings

HELP = "measure the engine on this machine, and other DJ programs beside it"
INTERRUPTED = 130


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.05 <= value <= 3600:
        raise argparse.ArgumentTypeError("seconds are a number from 0.05 to 3600")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument("--json", action="store_true", help="print the findings as data")
    parser.add_argument(
        "--only",
        metavar="NAME[,NAME]",
        help="measure only these: " + ", ".join(measurement.name for measurement in MEASUREMENTS),
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=None,
        metavar="N",
        help="length of each timed run (default: 60 for xruns, up to 10 for others); below 10, counts shrink too",
    )
    parser.add_argument(
        "--peers", action="store_true", help="measure Mixxx and xwax as well, where installed (minutes)"
    )
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="write the findings to FILE as data too")


def chosen(only: str | None, peers: bool) -> "list[Measurement]":
    """What to measure, in order. InputError for a name that there is not."""
    known = {measurement.name: measurement for measurement in MEASUREMENTS}
    if only is None:
        return [measurement for measurement in MEASUREMENTS if peers or not measurement.asked_for]
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise InputError(f"nothing to measure is called {name!r}; {hint}")
    if not names:
        raise InputError(f"--only takes names: {', '.join(known)}")
    return [known[name] for name in known if name in names or (peers and name == "peers")]


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Ctrl-C ends early with what is there, and with status 130."""
    from device.bench import machine
    from device.bench.report import Report
    from device.bench.settings import Settings, usual_cache

    measurements = chosen(arguments.only, arguments.peers)
    if arguments.out is not None and not arguments.out.absolute().parent.is_dir():
        raise InputError(f"{arguments.out} lies in a folder that does not exist; make it first")
    logging.getLogger().setLevel(logging.WARNING)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    report = Report(machine.describe())
    before = machine.load_average()
    whole = measure(measurements, Settings.lasting(arguments.seconds, usual_cache()), say, report)
    report.machine["load_average"] = {"start": before, "end": machine.load_average()}
    if arguments.out is not None:
        arguments.out.write_text(report.as_json() + "\n", encoding="utf-8")
    print(report.as_json() if arguments.json else report.as_text())
    return 0 if whole else INTERRUPTED


def measure(
    measurements: "Sequence[Measurement]", settings: "Settings", say: "Callable[[str], None]", report: "Report"
) -> bool:
    """Measure into `report`, one after another. False when a signal ended it before all was done."""
    from device.bench.report import Outcome

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        for measurement in measurements:
            outcome = report.outcomes[measurement.name] = Outcome()
            try:
                with contextlib.closing(measurement.run(settings, say)) as cases:
                    for case in cases:
                        outcome.cases.append(case)
                outcome.state = "measured"
            except RackdeckError as exc:
                outcome.state, outcome.why = "absent", str(exc)
                say(f"{measurement.name} is left out: {exc}")
            except KeyboardInterrupt:
                outcome.state = "stopped"
                say(f"stopped during {measurement.name}")
                return False
    finally:
        signal.signal(signal.SIGTERM, before)
    return True
