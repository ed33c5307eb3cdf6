"""Checks of what hands and eyes use: MIDI, screen, touch."""

import importlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from device.doctor.finding import Finding
from device.runner.screen import find_screen

_DIRECT = 1  # the bit of PROP that says: a finger touches the picture itself


def midi(root: Path = Path("/")) -> Finding:
    """Controllers that speak MIDI."""
    sequencer = root / "dev/snd/seq"
    if not sequencer.exists():
        return Finding(
            "MIDI",
            "absent",
            "no ALSA sequencer here, so no MIDI",
            "`sudo modprobe snd-seq`, unless this is a container",
        )
    if not os.access(sequencer, os.R_OK | os.W_OK):
        return Finding(
            "MIDI", "warn", "this user may not use MIDI", "`sudo usermod -aG audio $USER`, then log in again"
        )
    try:
        rtmidi = importlib.import_module("rtmidi")
    except ImportError as exc:
        return Finding("MIDI", "warn", f"python-rtmidi does not load: {exc}", "`make setup` installs it")
    try:
        ports = [port for port in rtmidi.MidiIn(name="rackdeck-doctor").get_ports() if "Midi Through" not in port]
    except rtmidi.RtMidiError as exc:
        return Finding("MIDI", "warn", f"the ports cannot be listed: {exc}", "plug the controller in again, or restart")
    if not ports:
        return Finding("MIDI", "absent", "no controller", "plug one in")
    return Finding("MIDI", "ok", ", ".join(ports))


def screen(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> Finding:
    """Something to draw on."""
    kind = find_screen(environment, root)
    if not kind:
        return Finding("Screen", "absent", "no screen", "`rackdeck display --screenshot FILE` draws off screen")
    if kind == "KMS":
        cards = sorted((root / "dev/dri").glob("card*"))
        if not any(os.access(card, os.R_OK | os.W_OK) for card in cards):
            mend = "`sudo usermod -aG video,render $USER`, then log in again"
            return Finding("Screen", "warn", "a screen is connected, but this user may not draw on it", mend)
    return Finding("Screen", "ok", kind)


def touch(root: Path = Path("/")) -> Finding:
    """Screens that feel fingers."""
    try:
        text = (root / "proc/bus/input/devices").read_text()
    except OSError:
        text = ""
    names = []
    for block in text.split("\n\n"):
        name = re.search(r'^N: Name="(.*)"$', block, re.MULTILINE)
        properties = re.search(r"^B: PROP=(?:.* )?([0-9a-f]+)$", block, re.MULTILINE)
        if name and properties and int(properties[1], 16) >> _DIRECT & 1:
            names.append(name[1])
    if not names:
        return Finding("Touch", "absent", "no touch screen; a mouse does as well")
    return Finding("Touch", "ok", ", ".join(names))
