"""`rackdeck sync`: keeps the box and its companion in step; `rackdeck sync status` says how things stand."""

import argparse
import json

HELP = "keep the box and its companion in step; `sync status` says how things stand"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Without a part it runs until it is ended."""
    parser.epilog = "Without a part it runs until Ctrl-C; `rackdeck up` does so."
    parts = parser.add_subparsers(dest="part", metavar="status")
    how = "whether the box is in step with its companion, behind or offline, and why"
    told = parts.add_parser("status", help=how, description=how)
    told.add_argument("--json", action="store_true", help="as data")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was done."""
    return _status(arguments.json) if arguments.part == "status" else _serve()


def _serve() -> int:
    from device import lock
    from device.sync import access, service
    from device.sync.core import Places

    places = Places.usual()
    places.sync.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock.take(places.sync / "sync.lock", "a sync")
    service.run(places, access.door())
    return 0


def _status(as_data: bool) -> int:
    import time
    from pathlib import Path

    from device import paths
    from device.errors import MachineError
    from device.panel.board import SILENT_SECONDS, Reader
    from device.sync.state import State, sentence

    found = Reader().read("sync")
    if found is None or not Path(f"/proc/{found.get('pid')}").exists():
        raise MachineError(f"the sync of {paths.home()} does not run; start the box with `rackdeck up`")
    silent = time.monotonic() - found.get("beat", 0)
    if silent > SILENT_SECONDS:
        raise MachineError(
            f"the sync of {paths.home()} (process {found['pid']}) has not answered for {silent:.0f} s; `rackdeck up` "
            "ends it and starts it again after two minutes"
        )
    if as_data:
        print(json.dumps(found, indent=1))
        return 0
    state = State(**found)
    print(sentence(state))
    if any(paths.recordings().glob("*.journal")):
        print("a recording runs or is being finished; it is sent when it is whole")
    if state.companion:
        print(f"companion: {state.companion}")
    if state.files:
        print(f"files to send: {state.files}, {state.file_bytes / 1e6:.1f} MB")
    if state.said:
        print(state.said)
    return 0
