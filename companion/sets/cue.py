"""A set as a cue sheet, which players and editors show beside the recording (the format of CDRWIN)."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

MOST_TRACKS = 99
FRAMES = 75  # of a second
LONGEST = 80  # characters that readers promise to take


class Cue(NamedTuple):
    """Where a track begins: seconds after the beginning of the recording."""

    at: float
    title: str
    artist: str


def sheet(title: str, file: str, tracks: Iterable[Cue]) -> str:
    """The text. file: the recording's name beside it. Two that begin in the same frame are one, the later of them."""
    starts = [(max(0, round(cue.at * FRAMES)), cue) for cue in sorted(tracks, key=lambda one: one.at)]
    kept = [one for one, after in pairwise(starts) if one[0] != after[0]] + starts[-1:]
    lines = [f"TITLE {_quoted(title)}", f"FILE {_quoted(file, 255)} WAVE"]
    for number, (frame, cue) in enumerate(kept[:MOST_TRACKS], 1):
        minutes, rest = divmod(frame, 60 * FRAMES)
        lines += [f"  TRACK {number:02} AUDIO", f"    TITLE {_quoted(cue.title)}"]
        if cue.artist:
            lines.append(f"    PERFORMER {_quoted(cue.artist)}")
        lines.append(f"    INDEX 01 {minutes:02}:{rest // FRAMES:02}:{rest % FRAMES:02}")
    return "\r\n".join([*lines, ""])


def _quoted(text: str, most: int = LONGEST) -> str:
    """There is no way to write a quote within."""
    line = " ".join(text.replace('"', "'").split())
    return f'"{line[:most]}"'
