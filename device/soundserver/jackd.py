"""How jackd is called for a backend, and how to tell why a card would not play."""

import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path

from device.soundserver.cards import Backend, Card
from device.soundserver.rights import PRIORITY_OF_SERVER

SAFE_PERIOD = 1024
SMALLEST_PERIOD, LARGEST_PERIOD = 16, 8192


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of the server: rate in Hz, period in frames, periods in the card's buffer (0: the usual)."""

    name: str
    rate: int = 48000
    period: int = 128
    periods: int = 0

    def safer(self) -> "Settings":
        """Settings that nearly every card can play."""
        return replace(self, period=max(self.period, SAFE_PERIOD), periods=3)


def usual_period(root: Path = Path("/")) -> int:
    """Frames per period that this machine plays without dropouts: 256 on a Pi 4 or older, else 128."""
    try:
        model = (root / "proc/device-tree/model").read_text(errors="replace")
    except OSError:
        return 128
    return 128 if "Raspberry Pi" not in model or "Pi 5" in model or "Module 5" in model else 256


def jackd_command(backend: Backend, settings: Settings, realtime: bool, program: str = "jackd") -> list[str]:
    """The command line. It dies with the process that starts it."""
    words = ["setpriv", "--pdeathsig", "TERM", "--", program, "-n", settings.name]
    words += ["-R", "-P", str(PRIORITY_OF_SERVER)] if realtime else ["-r"]
    words += ["-d", backend.driver, "-r", str(settings.rate), "-p", str(settings.period)]
    if backend.driver == "alsa":
        periods = settings.periods or (3 if backend.card is not None and backend.card.kind == "usb" else 2)
        words += ["-d", backend.device, "-n", str(periods)]
        if backend.card is not None and not backend.card.captures:
            words.append("-P")
    return words


def jackd_environment() -> dict[str, str]:
    """jackd asks the desktop's session for the card; without a session that request fails, so it is left out."""
    environment = dict(os.environ)
    if "DBUS_SESSION_BUS_ADDRESS" not in environment:
        environment["JACK_NO_AUDIO_RESERVATION"] = "1"
    return environment


def why_refused(card: Card | None, settings: Settings, root: Path = Path("/")) -> str:
    """Why jackd could not play through a card, as the end of a sentence that starts with the card's name."""
    if card is None:
        return "does not play; jackd's lines above say why, `aplay -l` lists the cards"
    try:
        node = root / f"dev/snd/pcmC{card.index}D{card.device}p"
        os.close(os.open(node, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as exc:
        if exc.errno in (errno.EBUSY, errno.EAGAIN):
            return "is in use by another program; close that program, then plug the card in again or restart"
        if exc.errno in (errno.EACCES, errno.EPERM):
            return "may not be opened by this user; `sudo usermod -aG audio $USER`, then log in again"
        return "is gone; plug it in again"
    return f"does not play at {settings.rate} Hz with {settings.period} frames; jackd's lines above say why"
