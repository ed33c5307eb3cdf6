"""How long and how often the bench measures."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.errors import MachineError

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of the bench does. Times are in seconds; `cache` is where made music files stay."""

    cache: Path
    sound: float = 10.0  # of sound in each timed case of the engine
    watch: float = 60.0  # of each of the three runs that count xruns
    presses: int = 200
    loads: int = 12
    rest: float = 1.5  # between loads: a decoder is kept warm, and the next one needs a moment
    long_track: float = 600.0
    track: float = 300.0  # for memory
    short_track: float = 60.0  # of which the first 16 are looped
    excerpt: float = 60.0  # decoded and rendered
    repeats: int = 3
    frames_watched: float = 10.0  # of the display
    peer_watch: float = 6.0
    peer_presses: int = 60
    peer_rounds: int = 2

    @classmethod
    def lasting(cls, seconds: float | None, cache: Path) -> "Settings":
        """The usual amounts; or, with `seconds`, timed runs of that length and counts that shrink with it."""
        if seconds is None:
            return cls(cache)
        part = min(1.0, seconds / 10)
        return cls(
            cache,
            sound=min(10.0, seconds),
            watch=seconds,
            presses=max(3, round(200 * part)),
            loads=max(2, round(12 * part)),
            excerpt=max(2.0, 60 * part),
            repeats=3 if part == 1 else 1,
            frames_watched=min(10.0, seconds),
            peer_watch=min(6.0, seconds),
            peer_presses=max(40, round(60 * part)),
            peer_rounds=2 if part == 1 else 1,
        )


def usual_cache() -> Path:
    """A folder of this user's in the machine's temporary one. MachineError when somebody else made it."""
    folder = Path(tempfile.gettempdir()) / f"rackdeck-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise MachineError(f"{folder} belongs to another user; remove it, or set TMPDIR to another folder")
    return folder
