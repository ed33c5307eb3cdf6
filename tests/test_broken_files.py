"""Broken files, and files that are no music: each gives one sentence, or the music that is in it."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.engine.decoder import open_regular
from device.engine.filekind import shown
from device.engine.musicfile import MusicFile
from device.engine.tracks import DecoderPool, Track
from device.errors import InputError
from tests import audio_files, broken_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecoderPool]:
    """A pool for the tests that leave it as it was."""
    pool = DecoderPool(48000, tmp_path_factory.mktemp("waves"), spare=2)
    yield pool
    pool.close()


def finish(pool: DecoderPool, *tracks: Track) -> None:
    """Wait until tracks are done or have failed."""
    end = time.monotonic() + 60
    while not all(track.done or track.error for track in tracks):
        select.select([pool.fileno()], [], [], 0.2)
        pool.pump()
        assert time.monotonic() < end, "loading does not end"


def check(broken: broken_files.Broken, frames: int, error: str, note: str) -> None:
    """Hold what a file gave against what it must give."""
    told = f"{broken.path}: {frames} frames, error {error!r}, note {note!r}"
    assert bool(error) != bool(frames), told
    assert (error + note).isprintable(), told
    if not broken.either:
        assert broken.error in error, told
        assert bool(broken.error) == bool(error), told
        assert broken.note in note, told
        assert bool(broken.note) == bool(note), told


@pytest.mark.parametrize("group", ["no_music", "no_files", "headers", "mended", "unusual"])
def test_every_broken_file_gives_one_sentence_or_its_music(tmp_path: Path, group: str) -> None:
    for broken in getattr(broken_files, group)(tmp_path):
        name, frames, note, error = shown(broken.path), 0, "", ""
        try:
            with os.fdopen(open_regular(broken.path, name), "rb", buffering=0) as file:
                music = MusicFile(file, name, 48000)
                frames = sum(block.shape[1] for block in music.blocks())
                note = music.note(frames)
        except InputError as exc:
            error = str(exc)
        check(broken, frames, error or ("" if frames else "no sound could be read"), note)


SAMPLE = {
    "empty.mp3", "stream.mp3", "noise.mp3", "album.wav", "loop.mp3", "pipe.mp3", "device.wav", "255-channels.wav",
    "2-gigabytes.wav", "18-days.flac", "two\nlines.wav", "caf\udce9\udcff.wav", "clip.mp4", "picture.mp3",
    "chained-vorbis.ogg",
}  # fmt: skip


def test_broken_files_go_through_a_decoder_like_any_other(tmp_path: Path, shared: DecoderPool) -> None:
    groups = (broken_files.no_music, broken_files.no_files, broken_files.headers, broken_files.unusual)
    corpus = [broken for group in groups for broken in group(tmp_path) if broken.path.name in SAMPLE]
    assert {broken.path.name for broken in corpus} == SAMPLE
    for start in range(0, len(corpus), 3):
        some = corpus[start : start + 3]
        tracks = [shared.load(broken.path, number) for number, broken in enumerate(some)]
        finish(shared, *tracks)
        for broken, track in zip(some, tracks, strict=True):
            check(broken, track.ready, track.error, track.note)
            assert track.title.isprintable()
            track.close()
    assert not list(shared.folder.iterdir())


def test_hundreds_of_cut_and_flipped_files_are_read_or_refused(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.broken_files", str(tmp_path), "8", "16"],
        capture_output=True, text=True, timeout=300, check=False, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    counts = re.fullmatch(r"(\d+) played, (\d+) refused\n", run.stdout)
    assert counts, run.stdout
    assert int(counts[1]) + int(counts[2]) == 24 * (len(audio_files.EXACT) + len(audio_files.LOSSY))
    assert min(int(counts[1]), int(counts[2])) > 100
