"""Stems played by FluidSynth from the General MIDI soundfont that Debian packages."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import mido  # type: ignore[import-untyped]
import numpy as np

from device.demo.filters import Signal
from device.demo.score import RATE, Grid, Notes
from device.errors import MachineError

PROGRAM = "fluidsynth"
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
DRUM_CHANNEL = 9
REMEDY = "`provisioning/install.sh` installs it, or install the Debian packages fluidsynth and fluid-soundfont-gm"
TICKS = 9600  # a second; at 60 BPM by definition, so that no tempo is rounded
_GAIN = 0.7
_SECONDS_ALLOWED = 120.0


def require() -> str:
    """The path of the FluidSynth program. Raises MachineError, saying how to mend it, if a part is missing."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise MachineError(f"the program {PROGRAM} is missing, which plays the demo's instruments: {REMEDY}")
    if not SOUNDFONT.is_file():
        raise MachineError(f"the soundfont {SOUNDFONT} is missing, which holds the demo's instruments: {REMEDY}")
    return program


def midi(notes: Notes, grid: Grid, program: int, drums: bool) -> mido.MidiFile:
    """The notes as a MIDI file whose ticks are exact times, not beats."""
    channel = DRUM_CHANNEL if drums else 0
    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))
    track.append(mido.Message("program_change", program=program, channel=channel))
    events: list[tuple[int, int, int, int]] = []
    for note in notes:
        start = round(grid.seconds(note.beat) * TICKS)
        end = max(start + 1, round(grid.seconds(note.beat + note.beats) * TICKS))
        events.append((start, 1, note.pitch, max(1, min(127, round(note.velocity * 127)))))
        events.append((end, 0, note.pitch, 0))
    now = 0
    for tick, on, number, velocity in sorted(events):  # at one tick, ends come before starts
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, channel=channel, note=number, velocity=velocity, time=tick - now))
        now = tick
    return file


def render(notes: Notes, grid: Grid, program: int, frames: int, drums: bool = False) -> Signal:
    """Play notes on one General MIDI program (0 to 127; with `drums` a kit), dry, as (2, frames).

    Raises MachineError if FluidSynth or the soundfont is missing, or if the program fails.
    """
    out = np.zeros((2, frames), np.float32)
    if not notes:
        return out
    command = require()
    with tempfile.TemporaryDirectory(prefix="rackdeck-stem-") as name:
        score, sound = Path(name) / "stem.mid", Path(name) / "stem.raw"
        midi(notes, grid, program, drums).save(str(score))
        # dry, as the desk has its own hall; the empty command file keeps a personal ~/.fluidsynth out of the music
        options = (
            f"-niq -f {os.devnull} -R 0 -C 0 -r {RATE} -g {_GAIN} -T raw -O float -o synth.dynamic-sample-loading=1"
        )
        words = [command, *options.split(), "-F", str(sound), str(SOUNDFONT), str(score)]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_SECONDS_ALLOWED)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise MachineError(f"{PROGRAM} did not render a stem of the demo ({exc}): {REMEDY}") from exc
        if done.returncode or not sound.exists():
            said = (done.stderr or done.stdout).strip().splitlines() or ["it did not say why"]
            raise MachineError(f"{PROGRAM} failed on a stem of the demo ({said[-1]}): {REMEDY}")
        played = np.fromfile(sound, "<f4").reshape(-1, 2).T[:, :frames]
    out[:, : played.shape[1]] = played
    return out
