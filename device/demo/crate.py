"""The demo crate: a folder of the project's own pieces, rendered once and kept."""

import contextlib
import fcntl
import os
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import device
from device import paths
from device.demo import flac, render, soundfont
from device.demo.mixdown import Piece
from device.demo.pieces import PIECES
from device.demo.score import RATE
from device.errors import MachineError
from device.library import crate
from device.library.crate import Entry

WORKERS = min(2, os.cpu_count() or 1)  # pieces at a time: each takes some 900 MB while it is mixed
# One thread of arithmetic a piece, as two pieces already fill two cores. And whole-piece arrays come from the heap and
# stay there: asking the system for 60 MB anew for every step of every strip takes a third of the time.
_CHILD_SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "100000000",
}
_LOCK_FILE = ".crate.lock"
_PART_SUFFIX = ".part"
_SAY_EVERY = 5  # percent

Say = Callable[[str], None]


def default_folder() -> Path:
    """Where a box keeps the demo crate."""
    return paths.music() / "demo"


def ensure(
    folder: Path, say: Say, *, again: bool = False, pieces: Sequence[Piece] = PIECES, window: range | None = None
) -> list[Entry]:
    """Make sure that the folder holds every piece and its `crate.json`; return the entries in mixing order.

    What is there already is left alone, unless `again`. `window` asks for some bars only of every piece. Rendering
    takes a minute or so; `say` hears a line with the percent now and then. A file appears whole or not at all,
    `crate.json` names those that are there at any time, and when two processes ask at once one waits for the other.
    Raises MachineError if FluidSynth, its soundfont, memory or disk space is missing.
    """
    entries = [_entry(piece, folder, window) for piece in pieces]
    if not again and all(_whole(entry) and crate.describe(entry.path) == entry for entry in entries):
        return entries
    soundfont.require()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _sole(folder, say):
            paired = zip(pieces, entries, strict=True)
            wanted = [piece for piece, entry in paired if again or not _whole(entry)]
            for stray in folder.glob(f".*{_PART_SUFFIX}"):  # of a run that was killed
                stray.unlink(missing_ok=True)
            if wanted:
                _render(wanted, window, folder, say, lambda: crate.write(folder, _there(entries)))
            crate.write(folder, entries)
    except OSError as exc:
        raise MachineError(
            f"the demo crate cannot be written to {folder} ({exc.strerror or exc}): "
            "mend that, or choose another folder with --folder"
        ) from exc
    return entries


def _file(folder: Path, piece: Piece) -> Path:
    return folder / f"{piece.name}.flac"


def _entry(piece: Piece, folder: Path, window: range | None) -> Entry:
    seconds = piece.frames(window) / RATE
    return Entry(_file(folder, piece), piece.title, render.ARTIST, piece.bpm, piece.first_beat, piece.key, seconds)


def _whole(entry: Entry) -> bool:
    """Whether an entry's file is there, of full length and of this edition."""
    sheet = flac.look(entry.path)
    return (
        sheet is not None and sheet.frames == round(entry.seconds * RATE) and sheet.tags.get("comment") == render.mark()
    )


def _there(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.path.exists()]


@contextlib.contextmanager
def _sole(folder: Path, say: Say) -> Iterator[None]:
    """Hold the folder's lock, which the system lets go of even when this process is killed."""
    with (folder / _LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("demo crate: another process is rendering it; waiting for that")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _render(pieces: list[Piece], window: range | None, folder: Path, say: Say, finished: Callable[[], None]) -> None:
    """Render pieces, WORKERS at a time, each by a child into a part file that is renamed when it is whole.

    `finished` is called when one more is there.
    """
    waiting = deque(pieces)
    percents = {piece.name: 0 for piece in pieces}
    running: dict[int, tuple[Piece, subprocess.Popen[bytes], Path]] = {}
    said = -_SAY_EVERY
    with selectors.DefaultSelector() as eye:
        try:
            while waiting or running:
                while waiting and len(running) < WORKERS:
                    piece = waiting.popleft()
                    part = folder / f".{piece.name}.{os.getpid()}{_PART_SUFFIX}"
                    child = _start(piece, window, part)
                    running[_pipe(child)] = (piece, child, part)
                    eye.register(_pipe(child), selectors.EVENT_READ)
                for key, _ in eye.select():
                    piece, child, part = running[key.fd]
                    text = os.read(key.fd, 4096).decode(errors="replace")
                    if text:
                        _listen(text, piece, percents)
                        continue
                    eye.unregister(key.fd)
                    del running[key.fd]
                    _finish(piece, child, part, _file(folder, piece))
                    finished()
                percent = sum(percents.values()) // len(pieces)
                if percent >= said + _SAY_EVERY:
                    said = percent
                    titles = " and ".join(piece.title for piece, _, _ in running.values())
                    say(f"demo crate: {percent} %" + (f", rendering {titles}" if titles else ""))
        finally:
            for _, child, part in running.values():
                child.kill()
                child.wait()
                _close(child)
                part.unlink(missing_ok=True)


def _start(piece: Piece, window: range | None, part: Path) -> subprocess.Popen[bytes]:
    root = str(Path(device.__file__).parents[1])  # the child finds this very code, installed or not
    known = os.environ.get("PYTHONPATH")
    environment = {**os.environ, **_CHILD_SETTINGS, "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root}
    words = [sys.executable, "-m", "device.demo.render", piece.name, str(part)]
    if window is not None:
        words += [str(window.start), str(window.stop)]
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=environment,
        process_group=0,  # one of its own: Ctrl-C is the parent's to answer
    )


def _pipe(child: subprocess.Popen[bytes]) -> int:
    assert child.stdout is not None
    return child.stdout.fileno()


def _close(child: subprocess.Popen[bytes]) -> None:
    if child.stdout is not None:
        child.stdout.close()


def _listen(text: str, piece: Piece, percents: dict[str, int]) -> None:
    """Take the newest percent; a line that starts with FAILED is the child's last word."""
    for line in text.splitlines():
        if line.startswith(render.FAILED):
            raise MachineError(line.removeprefix(render.FAILED))
        if line.isdigit():
            percents[piece.name] = int(line)


def _finish(piece: Piece, child: subprocess.Popen[bytes], part: Path, target: Path) -> None:
    """Give a rendered file its name. Raises MachineError if the child died."""
    status = child.wait()
    _close(child)
    if status:
        part.unlink(missing_ok=True)
        reason = f"was ended by signal {-status}, perhaps for want of memory" if status < 0 else f"failed ({status})"
        raise MachineError(f"rendering {piece.title} {reason}: close other programs and run the command again")
    part.replace(target)
