"""Loading tracks: what a child decodes arrives whole, and whatever happens to a child or a file is one sentence."""

import fcntl
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.engine.musicfile import MusicFile
from device.engine.planes import PAD
from device.engine.tracks import RESERVE_BYTES, DecoderPool, Track
from display.wavefile import WaveFile
from tests import audio_files, broken_files

pytestmark = pytest.mark.slow

RATE = 48000
LONG_SECONDS = 150


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecoderPool]:
    """A pool for the tests that leave it as it was."""
    pool = DecoderPool(RATE, tmp_path_factory.mktemp("waves"), spare=2)
    yield pool
    pool.close()


@pytest.fixture
def long_wav(tmp_path: Path) -> Path:
    """Minutes of silence that take no room on the disk, and some time to decode."""
    size = 4 * RATE * LONG_SECONDS
    head = audio_files.wav_bytes(b"", RATE, 2, 16)
    path = tmp_path / "long.wav"
    path.write_bytes(head[:-4] + size.to_bytes(4, "little"))
    os.truncate(path, len(head) + size)
    return path


class OwnPool(DecoderPool):
    """A pool of a test's own: without spares, so that its only child is the one at work, in a folder of its own."""

    def __init__(self, folder: Path, **options: Any):
        self._others = set(children())
        (folder / "waves").mkdir(exist_ok=True)
        super().__init__(RATE, folder / "waves", **{"spare": 0, **options})

    def __enter__(self) -> "OwnPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def children(self) -> list[int]:
        """Its decoders, the dead ones that it has not asked about included."""
        return [pid for pid in children() if pid not in self._others]


def pump(pool: DecoderPool, seconds: float = 0.2) -> list[Track]:
    """Wait for the pool to have something to do, and let it."""
    select.select([pool.fileno()], [], [], seconds)
    return pool.pump()


def finish(pool: DecoderPool, *tracks: Track) -> None:
    """Wait until tracks are done or have failed."""
    end = time.monotonic() + 60
    while not all(track.done or track.error for track in tracks):
        pump(pool)
        assert time.monotonic() < end, "loading does not end"


def begin(pool: DecoderPool, track: Track) -> None:
    """Wait until something of `track` can be played."""
    end = time.monotonic() + 60
    while not track.ready:
        pump(pool)
        assert not track.error
        assert time.monotonic() < end, "nothing comes"


def children(pid: int | str = "self") -> list[int]:
    """The living children of a process and its dead ones that nobody asked about."""
    listed = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return sorted(int(child) for group in listed for child in group)


def opened() -> dict[str, str]:
    """What this process has open, by number."""
    listed = {}
    for path in Path("/proc/self/fd").iterdir():
        if path.is_symlink():  # not the one that lists them
            listed[path.name] = str(path.readlink())
    return listed


def join_threads() -> None:
    """Wait for memory that is being given back."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(20)


def planes(track: Track) -> np.ndarray:
    """The sound of a track, (2, frames)."""
    return track.samples.reshape(2, track.stride)[:, PAD : PAD + track.frames]


@pytest.mark.parametrize("name", ["24-bit.wav", "16-bit.flac", "lame.mp3", "itunes.m4a", "opus.opus"])
def test_a_loaded_track_is_what_its_file_holds_between_silence(shared: DecoderPool, tmp_path: Path, name: str) -> None:
    rate = 48000 if name == "opus.opus" else 44100
    path = audio_files.write(tmp_path, name, audio_files.tune(rate, 2.0), rate)
    with path.open("rb", buffering=0) as file:
        expected = np.concatenate(list(MusicFile(file, name, RATE).blocks()), axis=1)
    track = shared.load(path, 11)
    finish(shared, track)
    assert (track.error, track.note, track.title, track.artist) == ("", "", path.stem, "")
    assert (track.serial, track.path, track.samplerate) == (11, path, RATE)
    assert track.frames == track.ready == expected.shape[1]
    assert track.seconds == pytest.approx(2.0, abs=0.01)
    assert np.array_equal(planes(track), expected)
    whole = track.samples.reshape(2, track.stride)
    assert track.stride == track.capacity + 2 * PAD
    assert not whole[:, :PAD].any()
    assert not whole[:, PAD + track.frames : PAD + track.frames + PAD].any()
    track.close()


def test_the_waveform_file_is_there_while_the_track_is(tmp_path: Path, shared: DecoderPool) -> None:
    path = audio_files.write(tmp_path, "16-bit.wav", audio_files.sine(100, 44100, 4.0, 0.9), 44100)
    track = shared.load(path, 12)
    wave = shared.folder / "wave-12"
    reader = WaveFile(wave)
    finish(shared, track)
    reader.poll(0.0)
    assert (reader.ready, reader.expected, reader.rate) == (600, 600, 150)
    assert reader.rows[50:550, 0].min() > 180
    reader.close()
    track.close()
    assert not list(shared.folder.iterdir())


def test_music_can_be_played_from_the_first_block_and_only_grows(shared: DecoderPool, long_wav: Path) -> None:
    track = shared.load(long_wav, 13)
    seen = [0]
    while not track.done:
        for changed in pump(shared):
            assert changed is track
        assert not track.error
        assert track.frames >= track.ready >= seen[-1]
        if track.ready != seen[-1]:
            seen.append(track.ready)
        if track.ready:
            assert track.seconds == pytest.approx(LONG_SECONDS, abs=0.001)
    assert seen[1] < 10 * RATE
    assert len(seen) > 10
    track.close()


def test_what_is_ready_is_already_mapped_for_the_audio_thread(shared: DecoderPool, long_wav: Path) -> None:
    track = shared.load(long_wav, 14)
    begin(shared, track)
    ready = track.ready
    here = track.samples.__array_interface__["data"][0]
    pages = np.fromfile("/proc/self/pagemap", np.uint64, 2 * track.stride // PAD, offset=here // mmap.PAGESIZE * 8)
    present = (pages >> np.uint64(63)).astype(bool).reshape(2, -1)
    assert present[:, : ready // PAD + 3].all()
    assert not present[:, -1].any()
    track.close()


def test_nobody_can_take_memory_from_under_the_audio_thread(shared: DecoderPool, tmp_path: Path) -> None:
    path = audio_files.write(tmp_path, "16-bit.wav", audio_files.tune(RATE, 1.0), RATE)
    track = shared.load(path, 15)
    finish(shared, track)
    number = next(number for number, target in opened().items() if "memfd:track" in target)
    with Path(f"/proc/self/fd/{number}").open("r+b") as file:
        seals = fcntl.fcntl(file, fcntl.F_GET_SEALS)
        assert seals & fcntl.F_SEAL_SHRINK
        assert seals & fcntl.F_SEAL_SEAL
        with pytest.raises(PermissionError):
            file.truncate(4096)
    with pytest.raises((TypeError, ValueError)):
        track.samples[0] = 1.0
    held = planes(track)
    assert held.any()
    track.close()
    join_threads()
    assert not held.any()  # whoever still reads hears silence, and lives


@pytest.mark.parametrize("change", ["delete", "replace", "cut"])
def test_a_file_may_vanish_change_or_shrink_while_it_loads(tmp_path: Path, long_wav: Path, change: str) -> None:
    with OwnPool(tmp_path) as pool:
        track = pool.load(long_wav, 1)
        begin(pool, track)
        (child,) = pool.children()
        os.kill(child, signal.SIGSTOP)
        if change == "delete":
            long_wav.unlink()
        elif change == "replace":
            (tmp_path / "other").write_bytes(b"no music")
            (tmp_path / "other").replace(long_wav)
        else:
            os.truncate(long_wav, long_wav.stat().st_size // 2)
        os.kill(child, signal.SIGCONT)
        finish(pool, track)
        if change == "cut":
            assert track.note == "long.wav is cut short: 75 s of 150 s could be read; copy it again"
        else:
            assert (track.note, track.seconds) == ("", LONG_SECONDS)
        track.close()


def test_a_spare_decoder_that_died_is_replaced_without_a_word(tmp_path: Path) -> None:
    path = audio_files.write(tmp_path, "16-bit.wav", audio_files.tune(RATE, 0.2), RATE)
    with OwnPool(tmp_path, spare=1) as pool:
        (spare,) = pool.children()
        os.kill(spare, signal.SIGKILL)
        os.waitid(os.P_PID, spare, os.WEXITED | os.WNOWAIT)
        track = pool.load(path, 1)
        finish(pool, track)
        assert (track.error, track.frames) == ("", RATE // 5)
        track.close()


def test_a_decoder_killed_once_before_it_had_anything_is_replaced(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path) as pool:
        track = pool.load(long_wav, 1)
        os.kill(pool.children()[0], signal.SIGKILL)
        finish(pool, track)
        assert (track.error, track.note, track.frames) == ("", "", LONG_SECONDS * RATE)
        track.close()


def test_a_decoder_killed_twice_is_a_sentence(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path) as pool:
        track = pool.load(long_wav, 1)
        (first,) = pool.children()
        os.kill(first, signal.SIGKILL)
        while pool.children() in ([first], []):
            pump(pool)
        os.kill(pool.children()[0], signal.SIGKILL)
        finish(pool, track)
        assert track.error == "the decoder stopped (signal 9) while it read long.wav; the file may be damaged"
        assert not pool.children()
        track.close()


def test_a_decoder_that_is_killed_halfway_leaves_a_shorter_track(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path) as pool:
        track = pool.load(long_wav, 1)
        begin(pool, track)
        os.kill(pool.children()[0], signal.SIGKILL)
        finish(pool, track)
        assert (track.error, track.done) == ("", True)
        assert 0 < track.frames == track.ready < LONG_SECONDS * RATE
        assert track.note.startswith("the decoder stopped (signal 9)")
        reader = WaveFile(pool.folder / "wave-1")
        reader.poll(0.0)
        assert reader.expected == reader.ready
        reader.close()
        track.close()


def test_a_decoder_that_says_nothing_for_ten_seconds_is_stopped(tmp_path: Path, long_wav: Path) -> None:
    now = [0.0]
    with OwnPool(tmp_path, clock=lambda: now[0]) as pool:
        track = pool.load(long_wav, 1)
        os.kill(pool.children()[0], signal.SIGSTOP)
        now[0] = 9.9
        pool.pump()
        assert pool.children()
        now[0] = 10.1
        finish(pool, track)
        expected = "nothing more could be read from long.wav for 10 s; its disk may be slow or the file damaged"
        assert track.error == expected
        track.close()


def test_loading_can_be_called_off(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path) as pool:
        tracks = [pool.load(long_wav, 1), pool.load(long_wav, 2)]
        begin(pool, tracks[1])
        pool.cancel(tracks[0])
        tracks[1].close()
        assert not list(pool.folder.glob("wave-2*"))
        end = time.monotonic() + 30
        while pool.children():
            assert pump(pool) == []
            assert time.monotonic() < end
        assert not tracks[0].done
        tracks[0].close()


LIES = {
    "too much": [{"ready": 10**15}],
    "more than fits": [{"done": RATE * 7200 + 1024}],
    "backwards": [{"ready": 4096, "length": 1}, {"ready": 10}],
    "negative": [{"ready": -5}],
    "a word": [{"ready": "many"}],
    "half a frame": [{"ready": 0.5}],
    "a list": [[1, 2, 3]],
    "no text": [{"error": 7}],
    "nothing": [{"done": 0}],
    "no title": [{"title": None}],
}


@pytest.mark.parametrize("lie", [*LIES, "no JSON"])
def test_a_decoder_that_talks_nonsense_is_not_believed(tmp_path: Path, lie: str) -> None:
    lines = [json.dumps(line) for line in LIES[lie]] if lie in LIES else ["\x00\xff{"]
    script = (
        "import socket, sys, time; link = socket.socket(fileno=int(sys.argv[1])); link.recv(65536);"
        f"[link.send(line.encode('latin-1')) for line in {lines!r}]; time.sleep(60)"
    )
    with OwnPool(tmp_path, program=(sys.executable, "-S", "-c", script)) as pool:
        track = pool.load(tmp_path / "any.wav", 1)
        finish(pool, track)
        assert "the decoder lost its way in any.wav" in track.error + track.note
        assert track.ready <= track.frames <= track.capacity
        track.close()


@pytest.mark.parametrize("program", [("/bin/false",), ("/no/such/program",)])
def test_a_decoder_that_cannot_start_is_a_sentence_and_not_a_storm(tmp_path: Path, program: tuple[str, ...]) -> None:
    with OwnPool(tmp_path, spare=1, program=program) as pool:
        for _ in range(20):
            pump(pool, 0.02)
        assert not pool.children()
        track = pool.load(tmp_path / "any.wav", 1)
        finish(pool, track)
        assert "any.wav" in track.error
        track.close()


def test_decoders_die_with_the_engine(tmp_path: Path, long_wav: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from device.engine.tracks import DecoderPool\n"
        "pool = DecoderPool(48000, Path(sys.argv[1])); track = pool.load(Path(sys.argv[2]), 1)\n"
        "while not track.ready: pool.pump()\n"
        "while not pool._children[-1].warm: pool.pump()\n"
        "print('loading', flush=True); time.sleep(60)"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(long_wav)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    with engine:
        assert engine.stdout is not None
        engine.stdout.readline()
        orphans = children(engine.pid)
        assert orphans
        engine.kill()
    end = time.monotonic() + 20
    while any(_alive(pid) for pid in orphans):
        assert time.monotonic() < end
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_decoder_at_work_is_confined(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path) as pool:
        track = pool.load(long_wav, 1)
        begin(pool, track)
        (child,) = pool.children()
        os.kill(child, signal.SIGSTOP)
        process = Path(f"/proc/{child}")
        limits = {line[:25].strip(): line[25:].split() for line in (process / "limits").read_text().splitlines()}
        assert limits["Max open files"][:2] == ["0", "0"]
        assert limits["Max core file size"][:2] == ["0", "0"]
        assert limits["Max processes"][:2] == ["0", "0"]
        for bounded in ("Max cpu time", "Max address space", "Max file size"):
            assert int(limits[bounded][1]) > 0
        status = (process / "status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Threads:\t1\n" in status
        assert (process / "oom_score_adj").read_text().strip() == "1000"
        opened = {str(path.readlink()) for path in (process / "fd").iterdir()}
        assert sum("socket:" in path for path in opened) == 1
        assert {path for path in opened if path.startswith(str(tmp_path))} == {
            str(long_wav),
            str(pool.folder / "wave-1"),
        }
        track.close()


def test_a_track_longer_than_a_deck_takes_is_refused_with_both_lengths(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path, longest_seconds=100) as pool:
        track = pool.load(long_wav, 1)
        finish(pool, track)
        assert track.error == "long.wav is 2 min 30 s long; a deck takes at most 1 min 40 s: cut it into parts"
        track.close()


def test_a_track_for_which_memory_is_short_is_refused_with_both_lengths(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path, available=lambda: RESERVE_BYTES + 101 * RATE * 8) as pool:
        track = pool.load(long_wav, 1)
        finish(pool, track)
        assert "long.wav is 2 min 30 s long; free memory holds 1 min 40 s: eject another deck" in track.error
        track.close()
    with OwnPool(tmp_path, available=lambda: RESERVE_BYTES) as pool:
        track = pool.load(long_wav, 1)
        assert "256 MB of memory are free and 256 MB must stay so; eject another deck" in track.error
        assert pool.pump() == [track]
        track.close()


def test_a_file_that_hides_its_length_is_cut_where_the_room_ends(tmp_path: Path) -> None:
    path = audio_files.write(tmp_path, "raw.aac", audio_files.tune(44100, 4.0), 44100)
    with path.open("r+b") as file:
        first = file.read()
        file.write(first * 2)
    with OwnPool(tmp_path, longest_seconds=11) as pool:
        track = pool.load(path, 1)
        finish(pool, track)
        assert track.frames == track.capacity < 11.1 * RATE
        assert track.note.startswith("only the first 0 min 11 s of raw.aac were loaded; a deck takes at most")
        track.close()


def test_loading_stops_when_memory_runs_out_meanwhile(tmp_path: Path, long_wav: Path) -> None:
    now, free = [0.0], [8 << 30]
    with OwnPool(tmp_path, clock=lambda: now[0], available=lambda: free[0]) as pool:
        track = pool.load(long_wav, 1)
        begin(pool, track)
        now[0], free[0] = 2.0, RESERVE_BYTES // 4
        finish(pool, track)
        assert track.note == "memory ran out while long.wav was loading; eject another deck"
        track.close()


def test_a_limit_on_addresses_makes_room_for_less(tmp_path: Path) -> None:
    path = audio_files.write(tmp_path, "16-bit.wav", audio_files.tune(44100, 1.0), 44100)
    script = (
        "import resource, sys, tempfile; from pathlib import Path\n"
        "from device.engine.tracks import DecoderPool\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "pool = DecoderPool(48000, Path(sys.argv[1]).parent); track = pool.load(Path(sys.argv[1]), 1)\n"
        "while not track.done and not track.error: pool.pump()\n"
        "print(track.capacity < 48000 * 7000, track.frames, track.error); track.close(); pool.close()"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert run.stdout == "True 48000 \n", run.stderr


def test_a_new_load_takes_the_decoder_that_waits_and_another_takes_its_place(tmp_path: Path, long_wav: Path) -> None:
    with OwnPool(tmp_path, spare=1) as pool:
        (spare,) = pool.children()
        track = pool.load(long_wav, 1)
        assert pool.children() == [spare]
        begin(pool, track)
        os.kill(spare, signal.SIGSTOP)
        pump(pool)
        assert len(pool.children()) == 2
        assert spare in pool.children()
        track.close()


def test_nothing_is_left_behind(tmp_path: Path, long_wav: Path) -> None:
    broken = [each.path for each in (*list(broken_files.no_files(tmp_path))[:3], *broken_files.mended(tmp_path))]
    before, maps = opened(), Path("/proc/self/maps").read_text().count("memfd:track")
    pool = OwnPool(tmp_path, spare=1)
    tracks = [pool.load(path, serial) for serial, path in enumerate([*broken, long_wav, tmp_path / "16-bit.flac"])]
    pool.cancel(tracks[-2])
    finish(pool, *tracks[:-2], tracks[-1])
    for track in tracks[:3]:
        track.close()
    pool.close()
    pool.close()
    for track in tracks:
        track.close()
        track.close()
    join_threads()
    assert opened() == before
    assert Path("/proc/self/maps").read_text().count("memfd:track") == maps
    assert not pool.children()
    assert not list(pool.folder.iterdir())
