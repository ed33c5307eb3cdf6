"""`rackdeck display`: the touchscreen."""

import argparse
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from device import paths
from device.errors import InputError

if TYPE_CHECKING:
    from display.app import App

HELP = "show the touchscreen; takes a screenshot on request"
PAGES = {
    "deck": "deck",
    "decks": "deck",
    "mixer": "mixer",
    "browser": "browser",
    "box": "box",
    "settings": "settings",
    "help": "help",
}
MOST_PIXELS = 7680


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)[x×](\d+)", text)
    if not found:
        raise argparse.ArgumentTypeError("a size is WIDTHxHEIGHT, such as 1280x720")
    width, height = int(found[1]), int(found[2])
    if not (320 <= width <= MOST_PIXELS and 240 <= height <= MOST_PIXELS):
        raise argparse.ArgumentTypeError(f"a size is from 320x240 to {MOST_PIXELS}x{MOST_PIXELS}")
    return width, height


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError("seconds are a number from 0 up")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument(
        "--size", type=_size, default=(1280, 720), metavar="WxH", help="size of the window (default 1280x720)"
    )
    parser.add_argument("--fullscreen", action="store_true", help="use the whole screen")
    parser.add_argument("--decks", type=int, choices=(2, 4), default=2, help="how many decks to show at first (2)")
    parser.add_argument(
        "--view",
        choices=PAGES,
        default="deck",
        metavar="PAGE",
        help="the page to show at first: deck (or decks: waveforms and their controls; the default), mixer, "
        "browser (folders and tracks), box (what it shares with its companion), settings, or help (keys and gestures)",
    )
    parser.add_argument(
        "--music",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="the folder that the browser opens first (that of the box which runs)",
    )
    parser.add_argument(
        "--screenshot",
        type=Path,
        default=None,
        metavar="FILE",
        help="store one frame as PNG, drawn off screen, and end",
    )
    parser.add_argument("--seconds", type=_seconds, default=None, metavar="N", help="end after that long")
    parser.add_argument("--stats", action="store_true", help="print frame times as JSON at the end")


def run(arguments: argparse.Namespace) -> int:
    """Show the screen, or store a picture of it."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    if not os.environ.get("XDG_RUNTIME_DIR"):  # outside a login session; SDL complains when it looks for Wayland there
        session = Path(f"/run/user/{os.getuid()}")
        os.environ["XDG_RUNTIME_DIR"] = str(session if session.is_dir() else paths.runtime())
    from display.app import App, Options

    music = arguments.music and paths.absolute(arguments.music)
    if music and not music.is_dir():
        raise InputError(f"{arguments.music} is no folder; --music takes one that exists")
    options = Options(arguments.size, arguments.fullscreen, arguments.decks, PAGES[arguments.view], music)
    picture = arguments.screenshot
    app = App(options, off_screen=picture is not None)
    try:
        if picture is not None:
            _save(app, picture)
        else:
            app.run(arguments.seconds)
            if arguments.stats:
                print(json.dumps(app.stats.report()))
    finally:
        app.close()
    return 0


def _save(app: "App", path: Path) -> None:
    try:
        app.screenshot(path)
    except (OSError, ValueError) as exc:
        raise InputError(f"the picture could not be stored: {exc}") from exc
