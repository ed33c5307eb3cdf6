"""One piece rendered to a file, in a process of its own: `python -m device.demo.render NAME FILE [FROM TO]`.

FROM and TO are bars, counted from 0 and TO excluded: only these are rendered. The process writes its percent to
standard output, a line each; a line that starts with `!` is the sentence it fails with. It ends when nobody reads
it any more.
"""

import os
import sys
from pathlib import Path

from device.demo import flac
from device.demo.loudness import dithered
from device.demo.mixdown import Piece
from device.demo.pieces import find
from device.demo.score import seeded
from device.errors import MachineError, RackdeckError

ARTIST = "Rackdeck"
ALBUM = "Demo Crate"
EDITION = 1  # raised when a piece sounds different, so that boxes render it again
FAILED = "!"


def mark() -> str:
    """The comment by which a file of this edition is known."""
    return f"Composed and rendered by Rackdeck, edition {EDITION}"


def tags(piece: Piece) -> dict[str, str]:
    """A piece's tags as FLAC players name them."""
    return {
        "TITLE": piece.title,
        "ARTIST": ARTIST,
        "ALBUM": ALBUM,
        "BPM": f"{piece.bpm:g}",
        "INITIALKEY": piece.key,
        "COMMENT": mark(),
    }


def main(words: list[str]) -> int:
    """Render the piece named by the first word into the file named by the second; then come first and last bar."""
    piece, target = find(words[0]), Path(words[1])
    window = range(int(words[2]), int(words[3])) if len(words) > 2 else None
    try:
        mix = piece.render(window, say=lambda done: print(int(97 * done), flush=True))
        try:
            flac.write(target, dithered(mix, seeded(piece.seed, "dither")), tags(piece))
        except OSError as exc:
            raise MachineError(
                f"{target.parent} cannot take {piece.title} ({exc.strerror or exc}): "
                "free some 30 MB there, or choose another folder with --folder"
            ) from exc
        print(100, flush=True)
    except RackdeckError as exc:
        print(f"{FAILED}{exc}", flush=True)
        return exc.exit_status
    except BrokenPipeError:  # whoever asked for the piece is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
