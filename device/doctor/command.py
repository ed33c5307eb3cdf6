"""`rackdeck doctor`: what this machine offers the box, and how to mend what is wrong."""

import argparse
import os
import shutil
import sys

from device import paths
from device.doctor import machine, realtime, report, software, sound, surfaces
from device.doctor.finding import Check, Finding
from device.soundserver.cards import list_cards
from device.soundserver.rights import lockable_bytes, realtime_allowed
from device.soundserver.server import find, read_report

HELP = "check the machine and say how to mend what is wrong"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Only the form of the report can be chosen."""
    parser.add_argument("--json", action="store_true", help="print the findings as data")


def run(arguments: argparse.Namespace) -> int:
    """Print the report. 0 unless something is `bad`."""
    areas = examine()
    if arguments.json:
        print(report.as_json(areas))
    else:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        print(report.as_text(areas, shutil.get_terminal_size((100, 24)).columns, colour))
    return int(any(finding.state == "bad" for area in areas.values() for finding in area))


def examine() -> dict[str, list[Finding]]:
    """Do every check, by area."""
    server = find()
    home = machine.home()
    there = home.state == "ok"
    disk: list[Check] = [lambda: machine.disk(paths.recordings()), lambda: machine.disk_speed(paths.recordings())]
    checks: dict[str, list[Check]] = {
        "Software": [
            software.python,
            software.packages,
            *(lambda module=module: software.engine_part(module) for module in software.PARTS),
        ],
        "Sound": [
            lambda: sound.library(server),
            lambda: sound.jack_server(server),
            lambda: sound.card(list_cards(), read_report() if there else None),
            lambda: sound.output(server),
            sound.dropouts,
        ],
        "Real time": [
            lambda: realtime.priority(realtime_allowed()),
            lambda: realtime.memory_lock(lockable_bytes()),
            realtime.governor,
            realtime.preemption,
            realtime.swap,
        ],
        "Machine": [
            machine.memory,
            lambda: home,
            *(disk if there else ()),
            machine.temperature,
            machine.power,
            machine.clock_set,
        ],
        "Hands and eyes": [surfaces.midi, surfaces.screen, surfaces.touch],
    }
    return {area: [_checked(check) for check in members] for area, members in checks.items()}


def _checked(check: Check) -> Finding:
    try:
        return check()
    except OSError as exc:  # a file of the kernel that this machine keeps to itself
        return Finding(getattr(check, "__name__", "check"), "warn", f"could not be checked: {exc}")
