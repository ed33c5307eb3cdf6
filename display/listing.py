"""What the browser lists: rows of folders, playlists and tracks, and what is said where there are none."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """A folder, a playlist or a track. Unknown numbers are 0, unknown texts empty.

    icon: of a folder; facts: what is said of it. place: of a track in its playlist, from 1; note: what somebody wrote
    about it there; missing: it has no file on this box.
    """

    path: Path
    title: str
    folder: bool
    artist: str = ""
    bpm: float = 0.0
    key: str = ""
    seconds: float = 0.0
    icon: str = "folder"
    facts: str = ""
    place: int = 0
    note: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found at a place. title: its name, where its path does not tell; empty: what to say without rows."""

    rows: list[Row] = field(default_factory=list)
    title: str = ""
    empty: str = ""
