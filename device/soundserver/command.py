"""`rackdeck jack`: a JACK server on the best sound card, or on the dummy driver where there is none."""

import argparse
import signal
import time

from device.errors import InputError, MachineError
from device.soundserver import jackd
from device.soundserver.keeper import Keeper
from device.soundserver.rights import realtime_allowed
from device.soundserver.server import find, server_name

LEAVING_SECONDS = 3.0  # a server whose keeper was killed needs a moment to end

HELP = "run a JACK server on the best sound card, or silently where there is none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be asked of the server; each has a default that suits the machine."""
    parser.add_argument("--rate", type=int, default=48000, help="sample rate in Hz (48000)")
    parser.add_argument("--period", type=int, help="frames per period, a power of two (128; 256 on a Pi 4)")
    parser.add_argument("--name", help="name of the server (JACK_DEFAULT_SERVER, else `default`)")
    parser.add_argument(
        "--backend",
        default="auto",
        metavar="auto|alsa|dummy|hw:CARD,DEVICE",
        help="a card if there is one (auto, alsa), none (dummy), or one card by ALSA's name for it",
    )


def check(arguments: argparse.Namespace) -> jackd.Settings:
    """The settings asked for. InputError for a rate, period or backend that no card has."""
    period = arguments.period if arguments.period is not None else jackd.usual_period()
    if not jackd.SMALLEST_PERIOD <= period <= jackd.LARGEST_PERIOD or period & (period - 1):
        raise InputError(
            f"--period takes a power of two from {jackd.SMALLEST_PERIOD} to {jackd.LARGEST_PERIOD}, not {period}"
        )
    if not 8000 <= arguments.rate <= 192000:
        raise InputError(f"--rate takes 8000 to 192000 Hz, not {arguments.rate}")
    if arguments.backend not in ("auto", "alsa", "dummy") and ":" not in arguments.backend:
        raise InputError(f"--backend takes auto, alsa, dummy or a device such as hw:CODEC,0, not {arguments.backend!r}")
    return jackd.Settings(arguments.name or server_name(), arguments.rate, period)


def run(arguments: argparse.Namespace) -> int:
    """Run the server until a signal ends it."""
    settings = check(arguments)
    there = find(settings.name)
    deadline = time.monotonic() + LEAVING_SECONDS
    while there.state not in ("absent", "no library"):
        if time.monotonic() > deadline:
            raise MachineError(f"{there}; one of a name is enough (--name chooses another)")
        time.sleep(0.1)
        there = find(settings.name)
    realtime = realtime_allowed()
    if not realtime:
        _say("no right to real-time priority, so the sound may stutter; `rackdeck doctor` says how to get it")
    keeper = Keeper(settings, arguments.backend, realtime=realtime, say=_say)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: keeper.stop())
    return keeper.run()


def _say(sentence: str) -> None:
    print(f"rackdeck jack: {sentence}", flush=True)
