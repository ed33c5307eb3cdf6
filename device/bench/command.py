"""`rackdeck bench`: measures this machine and this build."""

import argparse
import contextlib
import difflib
import importlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from device.errors import InputError, RackdeckError

if TYPE_CHECKING:
    from device.bench.measurement import Settings
    from device.bench.report import Report

HELP = "measure the engine on this machine, and other DJ programs beside it"
MEASUREMENTS = ("engine", "quality", "latency", "load", "xruns", "speed", "display", "peers")
# Others, such as the companion, name theirs in this group of entry points; they run when they are asked for.
GROUP = "rackdeck.measurements"
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.add_argument("--json", action="store_true", help="print the findings as data")
    parser.add_argument("--only", metavar="NAME[,NAME]", help=f"measure only these: {', '.join(known())}")
    parser.add_argument("--quick", action="store_true", help="less of everything and no peers: a minute, not ten")
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="write the findings to FILE as data too")


def known() -> dict[str, str]:
    """All measurements: name to module. Each has a TITLE, the COLUMNS that the text shows, measure(settings, say)."""
    others = {point.name: point.value for point in entry_points(group=GROUP)}
    return {name: f"device.bench.{name}" for name in MEASUREMENTS} | others


def chosen(only: str | None, quick: bool) -> list[str]:
    """What to measure, in order. InputError for a name that there is not."""
    if only is None:
        return [name for name in MEASUREMENTS if not (quick and name == "peers")]
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in known():
            near = difflib.get_close_matches(name, known(), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known())}"
            raise InputError(f"nothing to measure is called {name!r}; {hint}")
    if not names:
        raise InputError(f"--only takes names: {', '.join(known())}")
    return [name for name in known() if name in names]


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Ctrl-C ends early with what is there, and with status 130."""
    from device.bench.measurement import Settings, usual_cache
    from device.bench.report import Report, describe_machine, load_average

    names = chosen(arguments.only, arguments.quick)
    if arguments.out is not None and not arguments.out.absolute().parent.is_dir():
        raise InputError(f"{arguments.out} lies in a folder that does not exist; make it first")
    logging.getLogger().setLevel(logging.WARNING)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    report = Report(describe_machine())
    before = load_average()
    settings = Settings.quick(usual_cache()) if arguments.quick else Settings(usual_cache())
    whole = measure(names, settings, say, report)
    report.machine["load_average"] = {"start": before, "end": load_average()}
    report.machine["took_seconds"] = round(time.monotonic() - began)
    if arguments.out is not None:
        arguments.out.write_text(report.as_json() + "\n", encoding="utf-8")
    print(report.as_json() if arguments.json else report.as_text())
    return 0 if whole else INTERRUPTED


def measure(names: Sequence[str], settings: "Settings", say: Callable[[str], None], report: "Report") -> bool:
    """Measure into `report`, one after another. False when a signal ended it before all was done."""
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for name in names:
            if not _measure_one(name, settings, say, report):
                return False
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return True


def _measure_one(name: str, settings: "Settings", say: Callable[[str], None], report: "Report") -> bool:
    from device.bench.report import Outcome

    outcome = report.outcomes[name] = Outcome()
    try:
        module = importlib.import_module(known()[name])
        outcome.title, outcome.columns = module.TITLE, module.COLUMNS
        with contextlib.closing(module.measure(settings, lambda line: say(f"{name}: {line}"))) as cases:
            for case in cases:
                outcome.cases.append(case)
        outcome.state = "measured"
    except (RackdeckError, ImportError) as exc:  # of a build without some part
        outcome.state, outcome.why = "absent", str(exc)
        say(f"{name} is left out: {exc}")
    except Exception as exc:
        outcome.state, outcome.why = "failed", repr(exc)
        logging.exception("%s failed; the others go on", name)
    except KeyboardInterrupt:
        outcome.state = "stopped"
        say(f"stopped during {name}")
        return False
    return True


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End at the first Ctrl-C or SIGTERM; another one must not disturb the clearing up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
