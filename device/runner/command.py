"""`rackdeck up`: the whole box on one machine, until Ctrl-C."""

import argparse
import os
import resource
import shutil
import sys
from importlib.metadata import entry_points
from pathlib import Path

from device import lock, paths
from device.errors import ConfigError, InputError, MachineError
from device.panel import board
from device.panel.client import SOCKET_FILE
from device.runner import config, embedded, leftovers
from device.runner.programs import Program, Wishes, box
from device.runner.screen import find_screen
from device.runner.supervision import Box
from device.runner.terminal import Terminal, say
from device.soundserver import command as soundserver
from device.soundserver import jackd
from device.soundserver.cards import choose_backend, list_cards
from device.soundserver.server import ServerState, find
from device.sync import settings

HELP = "start the box: sound server, engine and display, until Ctrl-C"

FIRST = "rackdeck.first"  # entry points: what has to be finished before a box starts; each gets its home
EXAMPLES = """\
A box that was claimed by another machine's companion (`rackdeck box claim`) starts none of its own.

examples:
  rackdeck up --music ~/Music
  rackdeck up --backend hw:CODEC,0 --period 64      this card, at low latency
  rackdeck up --no-display --no-companion           the sound alone
"""
LOWEST_RATE = 32000  # of the engine; JACK could go lower
LOWEST_PORT, HIGHEST_PORT = 1024, 65534


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything has a default that suits the machine."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--music", type=Path, metavar="FOLDER", help="the folder that the file browser opens first")
    parser.add_argument("--no-display", action="store_true", help="run without a screen")
    parser.add_argument(
        "--period", type=int, metavar="FRAMES", help="frames per period, a power of two (128; 256 on a Pi 4)"
    )
    parser.add_argument("--rate", type=int, metavar="HZ", help="sample rate (48000)")
    parser.add_argument(
        "--backend",
        default="auto",
        metavar="BACKEND",
        help="what to play through: auto, alsa, dummy (no sound), or a card as hw:CARD,DEVICE",
    )
    parser.add_argument("--no-companion", action="store_true", help="neither companion nor sync: the box alone")
    parser.add_argument(
        "--companion-port",
        type=int,
        default=embedded.PORT,
        metavar="PORT",
        help="of the companion's page, for this machine alone (8000; live events take the next one)",
    )
    parser.add_argument(
        "--broker-port",
        type=int,
        default=embedded.BROKER_PORT,
        metavar="PORT",
        help="where the broker listens for boxes (8883; the companion takes the next one)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Start what belongs to the box and watch over it. 0 after a stop that was asked for."""
    music = arguments.music
    if music is not None:
        music = paths.absolute(music)
        if not music.is_dir():
            raise InputError(f"there is no folder {music}; --music takes a folder of music files")
    home = paths.home()
    _take_settings(arguments, home)
    rate = 48000 if arguments.rate is None else arguments.rate
    soundserver.check(argparse.Namespace(name=None, rate=rate, period=arguments.period, backend=arguments.backend))
    if rate < LOWEST_RATE:
        raise InputError(f"--rate takes {LOWEST_RATE} Hz or more, not {rate}: the engine needs that")
    _check_machine(home)
    held = lock.take(paths.run() / "up.lock", "a box")
    memory = paths.runtime()
    try:
        for point in entry_points(group=FIRST):
            point.load()(home)
        ended = leftovers.end(home)
        board.clear(memory)
        if music is not None:
            board.Writer(memory).show("box", {"music": str(music)})
        server = find()
        if server.state not in ("running", "absent"):
            raise MachineError(str(server))
        in_step, companion = _companion(arguments, home)
        wishes = Wishes(music, not arguments.no_display, arguments.rate, arguments.period, arguments.backend, in_step)
        programs = box(wishes, server.running)
        if ended:
            say(f"Ended {ended} processes that an earlier `rackdeck up` left behind.")
        say(summary(server, wishes, home, companion))
        return run_programs(programs, home)
    finally:
        leftovers.tidy(memory)
        os.close(held)


def _take_settings(arguments: argparse.Namespace, home: Path) -> None:
    """What the companion set for the next start, where nothing else is asked for."""
    set_there = settings.at_start(home)
    for name in ("period", "rate"):
        value = set_there.get(f"audio.{name}")
        if getattr(arguments, name) is None and isinstance(value, str) and value.isdecimal():
            setattr(arguments, name, int(value))


def _companion(arguments: argparse.Namespace, home: Path) -> tuple[tuple[Program, ...], str]:
    """(the programs that keep the box in step with a companion, where that is)."""
    if arguments.no_companion:
        return (), "none, as asked"
    ports = embedded.Ports(arguments.companion_port, arguments.broker_port)
    for port, option in ((ports.page, "--companion-port"), (ports.broker, "--broker-port")):
        if not LOWEST_PORT <= port <= HIGHEST_PORT:
            raise InputError(f"{option} takes {LOWEST_PORT} to {HIGHEST_PORT}, not {port}: the next one is used, too")
    other = embedded.elsewhere()
    if other:
        return (embedded.sync(),), other
    return (*embedded.programs(home, ports), embedded.sync()), f"{ports.address} in a browser on this machine"


def _check_machine(home: Path) -> None:
    """ConfigError or MachineError for what supervisord would end on, or what would end it later."""
    if not os.access(home, os.W_OK):
        raise ConfigError(f"{home} cannot be written to; set RACKDECK_HOME to a folder that you may write to")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= most < config.OPEN_FILES:
        raise MachineError(
            f"a box opens up to {config.OPEN_FILES} files, but this user may open {most} (`ulimit -n`); "
            "raise that limit in /etc/security/limits.conf and log in again"
        )


def run_programs(programs: list[Program], home: Path) -> int:
    """Run these programs for a home until a signal, or until nothing vital is left. The lock is the caller's."""
    os.environ |= {
        leftovers.MARK: str(home),
        "RACKDECK_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "JACK_NO_START_SERVER": "1",  # a client that finds no server waits for ours
    }
    written = config.write(paths.run(), paths.logs(), programs)
    return Box(written, programs, Terminal(width=max(len(program.name) for program in programs) + 1)).run()


def summary(server: ServerState, wishes: Wishes, home: Path, companion: str) -> str:
    """What is being started and where to find it, in a few aligned lines."""
    me = _own_name()
    if server.running:
        sound = str(server)
        if wishes.period not in (None, server.period) or wishes.rate not in (None, server.rate):
            sound += "; --rate and --period cannot change a server that runs already"
    else:
        asked = wishes.backend not in ("auto", "alsa")
        goes = f"to {wishes.backend}, as asked" if asked else choose_backend(list_cards()).why
        sound = f"{goes}; {wishes.rate or 48000} Hz, {wishes.period or jackd.usual_period()} frames a period"
    screen = find_screen()
    if not wishes.display:
        drawn = "none, as asked"
    elif screen:
        drawn = f"a window ({screen})" if screen != "KMS" else "the connected screen (KMS)"
    else:
        drawn = f"no screen here, drawn off screen; `{me} display --screenshot FILE` takes a picture"
    rows = [
        ("sound", sound),
        ("screen", drawn),
        ("page", companion),
        ("panel", f"`{me} panel` lists every control; `{me} panel set deck1.play on` presses play"),
        ("socket", str(paths.runtime() / SOCKET_FILE)),
        ("logs", str(paths.logs())),
        ("home", str(home)),
    ]
    return "\n".join(["Rackdeck starts.", *(f"  {name:<8}{text}" for name, text in rows), "  Ctrl-C stops."])


def _own_name() -> str:
    """How the person called us, so that what we print can be typed."""
    called = Path(sys.argv[0])
    if called.name != "rackdeck" or shutil.which("rackdeck") == str(called):
        return "rackdeck"
    try:
        return str(called.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):  # not below the working folder, or that is gone
        return str(called)
