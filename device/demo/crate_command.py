"""`rackdeck crate`: compose and render the music that a box offers on its first start."""

import argparse
from pathlib import Path

HELP = "compose and render the demo crate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define where it goes and whether it is rendered anew."""
    parser.add_argument(
        "--folder", type=Path, default=None, help="where it goes (default: demo in the box's music folder)"
    )
    parser.add_argument("--again", action="store_true", help="render every piece anew, even if it is there")


def run(arguments: argparse.Namespace) -> int:
    """Render what is missing and print the crate."""
    from device import paths
    from device.demo import crate
    from device.demo.pieces import PIECES

    folder = paths.absolute(arguments.folder) if arguments.folder else crate.default_folder()
    entries = crate.ensure(folder, lambda line: print(line, flush=True), again=arguments.again)
    print(f"{folder}:")
    for entry, piece in zip(entries, PIECES, strict=True):
        minutes, seconds = divmod(round(entry.seconds), 60)
        key = f"{entry.key} ({piece.camelot})"
        print(f"  {entry.path.name:<20}{entry.title:<16}{entry.bpm:>6g} BPM  {key:<9}{minutes}:{seconds:02d}")
    return 0
