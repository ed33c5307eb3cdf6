"""Checks of the way to the loudspeakers: JACK, the card, the cables between them, and whether it was ever late."""

import os
from pathlib import Path

from device.doctor.finding import Finding
from device.errors import RackdeckError
from device.panel.client import Panel
from device.soundserver.cards import Card, choose_backend
from device.soundserver.server import ServerState, SoundReport


def library(server: ServerState) -> Finding:
    """libjack can be loaded."""
    if server.state == "no library":
        return Finding("JACK library", "bad", server.detail, "run provisioning/install.sh, then `make setup`")
    return Finding("JACK library", "ok", "libjack and jack-client load")


def jack_server(server: ServerState) -> Finding:
    """A server runs, answers, and has real-time priority."""
    if server.state == "no library":
        return Finding("JACK server", "absent", "cannot be looked for without the library")
    if server.state == "absent":
        return Finding("JACK server", "absent", str(server), "`rackdeck up` starts one")
    if not server.running:
        return Finding("JACK server", "bad", str(server), "end the server and start the box again")
    if not server.realtime:
        return Finding(
            "JACK server", "warn", str(server), "get the right to real-time priority (see below), start again"
        )
    return Finding("JACK server", "ok", str(server))


def card(cards: list[Card], report: SoundReport | None, root: Path = Path("/")) -> Finding:
    """There is a card, this user may open it, and the sound goes there."""
    name = "Sound card"
    chosen = choose_backend(cards)
    if chosen.card is None:
        return Finding(name, "absent", f"the sound goes {chosen.why}", "plug one in; a running box takes it by itself")
    node = root / f"dev/snd/pcmC{chosen.card.index}D{chosen.card.device}p"
    if not os.access(node, os.R_OK | os.W_OK):
        return Finding(
            name,
            "warn",
            f"{chosen.why}; this user may not open it",
            "`sudo usermod -aG audio $USER`, then log in again",
        )
    if report is not None and report.driver == "dummy":
        return Finding(
            name,
            "warn",
            f"{chosen.card} is there, but the sound goes {report.why}",
            "plug it in again, or restart the box",
        )
    if report is not None:
        return Finding(name, "ok", f"the sound goes {report.why}")
    return Finding(name, "ok", chosen.why)


def output(server: ServerState) -> Finding:
    """The engine's main output is connected."""
    if server.wired is None:
        return Finding("Main output", "absent", "no engine runs", "`rackdeck up` starts it")
    if not server.wired:
        mend = "connect rackdeck:main_left and main_right with a patch tool such as qjackctl"
        return Finding("Main output", "warn", "main is not connected to an output of the card", mend)
    return Finding("Main output", "ok", "connected")


def dropouts(folder: Path | None = None) -> Finding:
    """The running engine was never late. `folder` is its runtime folder; None for this home's."""
    name = "Dropouts"
    try:
        with Panel(folder) as panel:
            if not panel.alive:
                return Finding(name, "absent", "no engine runs")
            late, period = int(panel.get_number("engine.xruns")), int(panel.get_number("engine.period"))
            minutes = panel.get_number("engine.frame") / max(1.0, panel.get_number("engine.samplerate")) / 60
    except RackdeckError:
        return Finding(name, "absent", "no engine runs")
    if not late:
        return Finding(name, "ok", f"none in {minutes:.0f} min (periods of {period} frames)")
    found = f"{late} period{'s' * (late > 1)} of {period} frames came too late in {minutes:.0f} min (xruns)"
    mend = f"mend the warnings under Real time; if it goes on, start with `rackdeck up --period {2 * period}`"
    return Finding(name, "warn", found, mend)
