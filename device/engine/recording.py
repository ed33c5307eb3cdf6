"""Recording main: the file, its journal, and what the panel says of them."""

import errno
import logging
import os
import time
from datetime import datetime
from pathlib import Path

from device.decks.setlog import Ending
from device.engine import parts
from device.engine.journal import Journal, JournalFile, Line, compile_log
from device.engine.mend import write_whole
from device.errors import InputError, MachineError
from dsp_cython.engine import Engine
from dsp_cython.recorder import Recorder

log = logging.getLogger(__name__)
LEAST_SECONDS = 60  # no recording starts with less room than this
LAST_SECONDS = 15  # a running one is ended while there is still room to end it well
_FULL = (errno.ENOSPC, errno.EDQUOT)
BYTES_A_FRAME = 6  # FLAC takes less: the forecast is the safe one


def free_seconds(folder: Path, samplerate: int) -> float:
    """How much more sound fits on the disk."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize / (BYTES_A_FRAME * samplerate)


class Recording:
    """One recording from start to finished log. `message` says why it ended early."""

    def __init__(self, engine: Engine, journal: Journal, folder: Path, kind: str, now: datetime):
        self._engine, self._journal = engine, journal
        self._folder = folder
        self.message = ""
        self._ended: Ending = "stopped"
        rate = int(engine.samplerate)
        if free_seconds(folder, rate) < LEAST_SECONDS:
            raise MachineError(f"the disk is full: less than {LEAST_SECONDS} s fit; free space in {folder}")
        encoder = parts.flac_encoder() if kind == "flac" else None
        if kind == "flac" and encoder is None:
            raise InputError("FLAC is not available in this build; set record.format to wav")
        self.path = self._new_path(now, kind)
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as exc:
            raise MachineError(f"recording could not start: {_reason(exc.errno)}") from exc
        try:
            self._recorder = Recorder(self._file, rate, encoder)
        except OSError as exc:
            os.close(self._file)
            self.path.unlink(missing_ok=True)
            raise MachineError(f"recording could not start: {_reason(exc.errno)}") from exc
        self._lines: JournalFile | None = None
        self._keeps_journal = True
        self._earlier = journal.recordings
        self._stopping, self._stop_queued = 0.0, False
        if not engine.record(self._recorder):
            self._recorder.finish()
            raise InputError("too many actions at one time; try again")

    def _new_path(self, now: datetime, kind: str) -> Path:
        stem = now.strftime("%Y-%m-%d %H-%M-%S")
        taken = {path.stem for path in self._folder.iterdir()}  # by a recording of any kind, or its log
        found, number = stem, 2
        while found in taken:  # a box without a clock may see the same second twice
            found, number = f"{stem} ({number})", number + 1
        return self._folder / f"{found}.{kind}"

    @property
    def seconds(self) -> float:
        """Length on the disk."""
        return float(self._recorder.safe / self._engine.samplerate)

    @property
    def dropped(self) -> int:
        """Frames that the disk was too slow for."""
        return int(self._recorder.dropped)

    def note(self, fresh: list[Line]) -> None:
        """Keep the journal on disk in step; call after each drain."""
        if not self._keeps_journal:
            return
        try:
            if self._lines is not None:
                self._lines.append(fresh)
            elif self._began:
                path, rate = self.path.with_suffix(".journal"), int(self._engine.samplerate)
                self._lines = JournalFile(path, self.path.name, rate, self._journal.recorded)
        except OSError as exc:  # the sound goes on, and so does the journal in memory
            self._keeps_journal = False
            log.warning("the journal of %s ends here: %s", self.path.name, _reason(exc.errno))

    @property
    def _began(self) -> bool:
        """Whether the audio thread took it up; it does not while the sound server is away."""
        return self._journal.recordings > self._earlier

    def stop(self) -> None:
        """Ask for the end; `poll` says when it came."""
        if not self._stopping:
            self._stop_queued = self._engine.record(None)
            self._stopping = time.monotonic()

    def poll(self) -> bool:
        """True once the recording is finished, well or not; then `close`."""
        if not self._stopping and self._room() < LAST_SECONDS:
            self.message = "the disk is nearly full: recording was ended; free space and start again"
            self._ended = "disk full"
            self.stop()
        if self._recorder.failure and not self._stopping:
            self.message = f"recording ended: {_reason(self._recorder.failure)}"
            self._ended = "disk full" if self._recorder.failure in _FULL else "disk failed"
            self.stop()
        if self._stopping and not self._stop_queued:
            self._stop_queued = self._engine.record(None)
        if self._stopping and time.monotonic() - self._stopping > 2:  # no audio thread runs any more
            self._recorder.finish()
        return bool(self._recorder.ended)

    def _room(self) -> float:
        space = os.fstatvfs(self._file)  # of the file, which is there even when its folder was removed
        return space.f_bavail * space.f_frsize / (BYTES_A_FRAME * self._engine.samplerate)

    def close(self) -> None:
        """Finish the files."""
        self._recorder.close()
        os.close(self._file)
        if not self._began:
            return
        take = self._journal.recorded
        stopped = take.started + self._recorder.safe
        if take.stopped is not None and not self._recorder.failure:
            stopped = min(stopped, take.stopped)
        setlog = compile_log(take, int(self._engine.samplerate), stopped)
        setlog.ended, setlog.dropped = self._ended, self.dropped
        try:
            if self._lines is not None:
                self._lines.close()
            write_whole(self.path.with_suffix(".json"), setlog.as_json())
            self.path.with_suffix(".journal").unlink(missing_ok=True)
        except OSError as exc:  # the journal stays, and the next start makes the log from it
            self.message = self.message or f"the set log was not written: {_reason(exc.errno)}"


def _reason(number: int | None) -> str:
    number = number or errno.EIO
    if number in _FULL:
        return "the disk is full; free space and start again"
    return f"the disk reports: {os.strerror(number).lower()}"
