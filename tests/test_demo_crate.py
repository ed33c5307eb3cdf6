"""The demo crate: what the pieces promise, how they sound, and how their folder is filled."""

import os
import shutil
import signal
import subprocess
import sys
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from device.demo import crate, crate_command, flac, loudness, render, soundfont
from device.demo.harmony import Key, chord, lead, pitch
from device.demo.mixdown import Desk
from device.demo.pieces import PIECES, find, first_light, loading_bay, low_tide, night_ferry
from device.demo.score import RATE, Form, Grid, Section, hits, line, over, seeded, sustain
from device.errors import MachineError
from device.library.crate import describe, list_folder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BRIEF = range(16, 17)  # the bar that the crates of these tests hold of each piece
SHORT = (low_tide.PIECE, first_light.PIECE)
NAMES = [piece.name for piece in PIECES]
# the full sound with bass, chords and tune
EXCERPTS = {
    "first-light": range(32, 36),
    "loading-bay": range(32, 36),
    "night-ferry": range(40, 44),
    "low-tide": range(8, 12),
}


class WrittenDesk(Desk):
    """A desk that keeps the pitched notes of each part and stays silent."""

    def __init__(self, piece):
        super().__init__(Grid(piece.bpm, piece.first_beat), piece.form, piece.seed, range(1))
        self.notes = {}
        for part in piece.parts:
            self._part = part.__name__
            part(self)

    def samples(self, notes, sound, pan=0.0):
        return np.zeros((2, self.frames), np.float32)

    def play(self, notes, voice, pan=0.0):
        self.notes.setdefault(self._part, []).extend(notes)
        return np.zeros((2, self.frames), np.float32)

    def band(self, notes, program, drums=False):
        return np.zeros((2, self.frames), np.float32) if drums else self.play(notes, None)

    def strip(self, signal, decibels, **sends):
        pass


class KickDesk(Desk):
    """A desk that keeps its first strip, which is the kick's, and when the kicks are due."""

    def __init__(self, piece, window):
        super().__init__(Grid(piece.bpm, piece.first_beat), piece.form, piece.seed, window)
        self.kick = None
        self.due = []
        piece.parts[0](self)

    def listen(self, kicks):
        self.due = [self.grid.seconds(note.beat) for note in self.heard(kicks)]

    def strip(self, signal, decibels, **sends):
        self.kick = signal if self.kick is None else self.kick


@pytest.fixture(scope="module")
def excerpts():
    """Four bars of each piece, mastered."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(EXCERPTS, pool.map(lambda name: find(name).render(EXCERPTS[name]), EXCERPTS), strict=True))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A crate of two very short pieces, the lines that were said while it was rendered, and the first file's bytes."""
    folder = tmp_path_factory.mktemp("crate") / "demo"
    said: list[str] = []
    entries = crate.ensure(folder, said.append, pieces=SHORT, window=BRIEF)
    return folder, entries, said, entries[0].path.read_bytes()


def heard_signature(mix: np.ndarray) -> frozenset[int]:
    """The major scale, as pitch classes, that holds most of the sound between 60 Hz and 2 kHz."""
    size = 16384
    mono = mix.mean(axis=0)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    chosen = (frequency > 60) & (frequency < 2000)
    classes = np.rint(69 + 12 * np.log2(frequency[chosen] / 440)).astype(int) % 12
    chroma = np.zeros(12)
    for start in range(0, len(mono) - size, size // 2):
        seen = np.abs(np.fft.rfft(mono[start : start + size] * np.hanning(size)))[chosen]
        chroma += np.bincount(classes, seen / (np.linalg.norm(seen) + 1e-9), 12)
    scales = [Key("", tonic, minor=False).scale for tonic in range(12)]
    return max(scales, key=lambda scale: sum(chroma[list(scale)]))


def onset_curve(mix: np.ndarray, hop: int) -> np.ndarray:
    """How much new energy each hop brings, summed over the bands."""
    size = 512
    mono = mix.mean(axis=0)
    index = np.arange(0, len(mono) - size, hop)[:, None] + np.arange(size)
    bands = np.log1p(100 * np.abs(np.fft.rfft(mono[index] * np.hanning(size), axis=1)))
    return np.maximum(np.diff(bands, axis=0), 0).sum(axis=1)


def onset(sound: np.ndarray, near: int) -> int:
    """The frame about `near` at which a sound starts: its first quarter of full height."""
    level = np.abs(sound[:, near - 1000 : near + 1000]).max(axis=0)
    return near - 1000 + int(np.argmax(level > 0.25 * level.max()))


# what the pieces promise


def test_there_are_house_drum_and_bass_and_downtempo_pieces_of_two_to_three_minutes():
    assert len(PIECES) >= 4
    assert len(set(NAMES)) == len(PIECES)
    assert {124.0, 126.0, 174.0, 90.0} <= {piece.bpm for piece in PIECES}
    for piece in PIECES:
        assert 120 <= piece.frames() / RATE <= 180
        assert 0 <= piece.first_beat <= 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_piece_is_built_of_eight_bar_sections_with_room_to_mix_at_both_ends(name):
    piece = find(name)
    assert all(section.bars % 8 == 0 for section in piece.sections)
    assert piece.sections[0].name == "intro"
    assert piece.sections[-1].name == "outro"
    assert sum(section.bars for section in piece.sections) == piece.form.bars


def test_the_two_house_pieces_are_neighbours_on_the_camelot_wheel():
    one, other = (Key.parse(piece.key) for piece in (first_light.PIECE, loading_bay.PIECE))
    assert (one.camelot, other.camelot) == ("8A", "9A")
    assert one.compatible(other)
    assert not one.compatible(Key.parse("Ebm"))


@pytest.mark.parametrize(("name", "code"), [("C", "8B"), ("Am", "8A"), ("F#m", "11A"), ("Db", "3B"), ("Bbm", "3A")])
def test_keys_have_the_camelot_codes_that_djs_know(name, code):
    assert Key.parse(name).camelot == code


def test_a_key_or_note_or_chord_that_does_not_exist_is_refused_by_name():
    for read, word in ((Key.parse, "H"), (pitch, "A"), (chord, "Axyz")):
        with pytest.raises(ValueError, match=word):
            read(word)


@pytest.mark.parametrize("name", NAMES)
def test_every_pitched_note_belongs_to_the_declared_key_and_the_bass_begins_on_its_tonic(name):
    piece = find(name)
    written = WrittenDesk(piece).notes
    key = Key.parse(piece.key)
    allowed = key.scale | ({(key.tonic + 11) % 12} if key.minor else set())  # a minor key may raise its seventh
    notes = [note for part in written.values() for note in part]
    assert len(notes) > 500
    strangers = [note for note in notes if note.pitch % 12 not in allowed]
    assert len(strangers) <= 0.005 * len(notes)
    assert all(note.beats <= 0.5 for note in strangers)  # passing notes of the bass
    assert min(written["bass"], key=lambda note: note.beat).pitch % 12 == key.tonic


def test_chords_are_complete_and_move_in_small_steps():
    names = ["Am7", "Fmaj7", "Dm9", "Em7"]
    led = lead(names, 55, 76)
    for name, voicing in zip(names, led, strict=True):
        assert {note % 12 for note in voicing} == set(chord(name)[:4])
        assert all(55 <= note <= 76 for note in voicing)
    for one, other in zip(led, led[1:] + led[:1], strict=True):
        assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) <= 10


def test_a_held_voice_is_tied_and_not_struck_again():
    notes = sustain([(60, 64, 67), (60, 65, 69)], 1)
    assert [(note.beat, note.beats) for note in notes if note.pitch == 60] == [(0, 8)]
    assert [(note.beat, note.beats) for note in notes if note.pitch == 65] == [(4, 4)]


def test_rhythms_and_tunes_are_read_as_they_are_written():
    assert [(note.beat, round(note.velocity * 9)) for note in hits("9..5|...3", 36)] == [(0, 9), (0.75, 5), (1.75, 3)]
    assert [(note.beat, note.beats, note.pitch) for note in line("A4:3 -:1 | C#5:4!")] == [(0, 0.75, 69), (1, 1, 73)]
    form = Form([Section("intro", 4), Section("outro", 6)])
    placed = over(hits("9", 36), 4, form["outro"])
    assert [note.beat for note in placed] == [16, 32]
    assert (form.first("outro", 2), form.last("outro", 2)) == (range(4, 6), range(8, 10))


# how they sound


def test_the_grid_never_drifts_from_the_exact_tempo():
    grid = Grid(174.0, 0.05)
    for beat in (0, 1, 333, 511):
        assert abs(grid.frame(beat) - (0.05 + beat * 60 / 174) * RATE) <= 0.5


@pytest.mark.parametrize("name", NAMES)
def test_kicks_land_on_the_grid_within_a_millisecond(name):
    piece = find(name)
    desk = KickDesk(piece, piece.form.first("outro", 4))
    sixteenth = 15 / piece.bpm
    assert len(desk.due) >= 8
    assert desk.due[0] == piece.first_beat
    for due in desk.due:
        assert 0 <= onset(desk.kick, round(due * RATE)) / RATE - due < 0.001
        away = (due - piece.first_beat) / sixteenth
        swing = low_tide.SWING if piece is low_tide.PIECE and round(away) % 2 else 0
        assert away == pytest.approx(round(away) + swing, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_tempo_heard_in_the_finished_sound_is_the_declared_one(name, excerpts):
    piece, mix = find(name), excerpts[name]
    hop = 64
    curve = onset_curve(mix, hop)
    curve = curve - curve.mean()
    echo = np.fft.irfft(np.abs(np.fft.rfft(curve, 2 * len(curve))) ** 2)
    tempi = piece.bpm + np.linspace(-2, 2, 801)
    alike = np.interp(8 * 60 / tempi * RATE / hop, np.arange(len(echo)), echo)
    assert tempi[alike.argmax()] == pytest.approx(piece.bpm, abs=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_the_finished_sound_has_the_signature_of_the_declared_key(name, excerpts):
    assert heard_signature(excerpts[name]) == Key.parse(find(name).key).scale


@pytest.mark.parametrize("name", NAMES)
def test_the_finished_sound_is_loud_clean_and_whole(name, excerpts):
    mix = excerpts[name]
    assert mix.shape == (2, find(name).frames(EXCERPTS[name]))
    assert mix.dtype == np.float32
    assert np.isfinite(mix).all()
    assert loudness.integrated(mix) == pytest.approx(loudness.TARGET, abs=0.3)
    assert np.abs(mix).max() <= 10 ** (-1 / 20)
    assert np.abs(mix.mean(axis=1)).max() < 1e-3
    body = mix[:, int(0.05 * RATE) : -int(RATE * 2)]
    tenths = body[:, : body.shape[1] // 4410 * 4410].reshape(2, -1, 4410)
    assert 10 * np.log10((tenths**2).mean(axis=(0, 2)).min()) > -40  # no gap
    low = np.fft.rfft(body)[:, np.fft.rfftfreq(body.shape[1], 1 / RATE) < 80]
    assert (np.abs(low[0] - low[1]) ** 2).sum() < 1e-3 * (np.abs(low[0] + low[1]) ** 2).sum()  # mono below
    assert np.corrcoef(mix)[0, 1] < 0.99  # stereo above


def test_the_same_samples_come_out_in_every_process(filled):
    piece = low_tide.PIECE
    here = loudness.dithered(piece.render(BRIEF), seeded(piece.seed, "dither"))
    with av.open(str(filled[1][0].path)) as file:
        there = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in file.decode(audio=0)]).T
    assert np.array_equal(here, there)


def test_loudness_is_measured_as_the_standard_says():
    time_axis = np.arange(RATE * 5) / RATE
    tone = np.sin(2 * np.pi * 997 * time_axis).astype(np.float32)
    one_side = np.stack([tone, np.zeros_like(tone)])
    assert loudness.integrated(one_side) == pytest.approx(-3.01, abs=0.05)
    assert loudness.integrated(one_side * np.float32(0.1)) == pytest.approx(-23.01, abs=0.05)
    half_silent = np.concatenate([one_side, one_side * 0], axis=1)
    assert loudness.integrated(half_silent) == pytest.approx(-3.01, abs=0.4)  # the gate leaves silence out
    assert loudness.integrated(one_side * 0) == float("-inf")


def test_the_limiter_holds_peaks_and_leaves_quiet_sound_alone():
    rng = np.random.default_rng(4)
    quiet = (rng.standard_normal((2, RATE)) * 0.05).astype(np.float32)
    assert np.allclose(loudness.limit(quiet), quiet, atol=1e-6)
    loud = quiet.copy()
    loud[:, 20000:20050] *= 40
    held = loudness.limit(loud)
    assert np.abs(held).max() <= 10 ** (loudness.CEILING / 20) + 1e-6
    assert np.allclose(held[:, :19000], quiet[:, :19000], atol=1e-6)
    assert np.allclose(held[:, 40000:], quiet[:, 40000:], atol=1e-3)


def test_mastering_moves_nothing_in_time():
    beats = np.zeros((2, RATE * 2), np.float32)
    places = [5000, 30000, 71000]
    fade = np.exp(-np.arange(6000) / 1500)
    for place in places:
        beats[:, place : place + 6000] = 0.5 * fade * np.sin(2 * np.pi * 110 * np.arange(6000) / RATE)
    done = loudness.master(beats)
    for place in places:
        assert abs(onset(done, place) - onset(beats, place)) < 0.001 * RATE


# the folder


def test_the_crate_says_what_its_files_are(filled):
    folder, entries, said, _ = filled
    assert said[0].startswith("demo crate: 0 %")
    shares = [int(line.split()[2]) for line in said]
    assert shares == sorted(set(shares))
    assert shares[-1] >= 95
    assert [entry.path for entry in entries] == [folder / f"{piece.name}.flac" for piece in SHORT]
    for entry, piece in zip(entries, SHORT, strict=True):
        assert describe(entry.path) == entry
        assert (entry.bpm, entry.key, entry.first_beat) == (piece.bpm, piece.key, piece.first_beat)
        with av.open(str(entry.path)) as file:
            frames = sum(frame.samples for frame in file.decode(audio=0))
            stream = file.streams.audio[0]
            assert (stream.codec_context.name, stream.rate, stream.channels) == ("flac", 44100, 2)
        assert frames == piece.frames(BRIEF) == round(entry.seconds * RATE)
        tags = flac.look(entry.path).tags
        assert (tags["title"], tags["artist"]) == (piece.title, "Rackdeck")
        assert (float(tags["bpm"]), tags["initialkey"]) == (piece.bpm, piece.key)
    assert [entry.title for entry in list_folder(folder)[1]] == ["First Light", "Low Tide"]


def test_a_second_run_renders_nothing(filled, monkeypatch):
    folder, entries, _, _ = filled
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    monkeypatch.setattr(soundfont, "SOUNDFONT", Path("/nowhere"))  # not even needed any more
    said: list[str] = []
    assert crate.ensure(folder, said.append, pieces=SHORT, window=BRIEF) == entries
    assert said == []
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_files_that_are_damaged_or_of_another_edition_are_rendered_again(filled, tmp_path):
    folder, entries, _, good = filled
    kept, stale = entries[1].path, entries[0].path
    kept_at = kept.stat().st_mtime_ns
    samples = np.zeros((2, SHORT[0].frames(BRIEF)), np.int16)
    silent = tmp_path / "silent.flac"
    flac.write(silent, samples, {"COMMENT": f"{render.mark()}0"})
    for spoilt in (good[:1000], good[:-20000], silent.read_bytes()):
        stale.write_bytes(spoilt)
        assert not crate._whole(entries[0])
    crate.ensure(folder, lambda _: None, pieces=SHORT, window=BRIEF)
    assert stale.read_bytes() == good
    assert kept.stat().st_mtime_ns == kept_at


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _ensuring(folder: Path) -> subprocess.Popen:
    code = (
        "import sys; from pathlib import Path; from device.demo import crate; from device.demo.pieces import find;"
        "crate.ensure(Path(sys.argv[1]), lambda line: print(line, flush=True), pieces=[find('low-tide')],"
        " window=range(16, 17))"
    )
    words = [sys.executable, "-c", code, str(folder)]
    return subprocess.Popen(words, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_leaves_no_half_file(tmp_path, how):
    folder = tmp_path / "demo"
    child = _ensuring(folder)
    assert "0 %" in child.stdout.readline()
    child.send_signal(how)
    child.stdout.close()
    assert child.wait(timeout=20) != 0
    assert list_folder(folder) == ([], [])
    assert not (folder / "crate.json").exists()


def test_ctrl_c_in_a_terminal_ends_it_without_a_word_of_its_helpers(tmp_path):
    words = [sys.executable, "-m", "device.cli", "crate", "--folder", str(tmp_path / "demo")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    terminal = subprocess.Popen(words, cwd=ROOT, env=_environment(), text=True, start_new_session=True, **pipes)
    assert "0 %" in terminal.stdout.readline()
    os.killpg(terminal.pid, signal.SIGINT)  # as a terminal does: to everybody in the foreground
    assert "Traceback" not in terminal.communicate(timeout=60)[0]
    assert terminal.returncode == 130
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [".crate.lock"]


def test_titles_are_known_of_every_piece_as_soon_as_it_is_there(tmp_path, monkeypatch, filled):
    titles = []

    def start(piece, window, part):
        titles.append([entry.title for entry in list_folder(tmp_path)[1]])
        shutil.copy(filled[0] / f"{piece.name}.flac", part)
        return subprocess.Popen(["true"], stdout=subprocess.PIPE, bufsize=0)

    monkeypatch.setattr(crate, "WORKERS", 1)
    monkeypatch.setattr(crate, "_start", start)
    crate.ensure(tmp_path, lambda _: None, pieces=SHORT, window=BRIEF)
    assert titles == [[], [SHORT[0].title]]


def test_the_run_after_a_kill_clears_up_and_finishes(tmp_path, filled):
    (tmp_path / ".low-tide.1.part").write_bytes(b"half")  # as a kill during the writing leaves it
    (tmp_path / ".crate.lock").touch()
    entries = crate.ensure(tmp_path, lambda _: None, pieces=SHORT[:1], window=BRIEF)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".crate.lock", "crate.json", "low-tide.flac"]
    assert entries[0].path.read_bytes() == filled[3]


def test_two_processes_at_once_do_no_harm(tmp_path, filled):
    folder = tmp_path / "demo"
    children = [_ensuring(folder), _ensuring(folder)]
    spoken = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sum("rendering Low Tide" in text for text in spoken) == 1
    assert sorted(path.name for path in folder.iterdir()) == [".crate.lock", "crate.json", "low-tide.flac"]
    assert (folder / "low-tide.flac").read_bytes() == filled[3]


def test_a_missing_soundfont_or_program_is_said_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(soundfont, "SOUNDFONT", tmp_path / "missing.sf2")
    with pytest.raises(MachineError, match=r"missing\.sf2 is missing.*provisioning/install\.sh"):
        crate.ensure(tmp_path / "demo", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"program fluidsynth is missing.*provisioning/install\.sh"):
        crate.ensure(tmp_path / "demo", lambda _: None)
    assert not (tmp_path / "demo").exists()


def test_a_program_that_fails_is_said_with_what_it_said(tmp_path, monkeypatch):
    broken = tmp_path / "fluidsynth"
    broken.write_text("#!/bin/sh\necho no voice today >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(MachineError, match="no voice today"):
        crate.ensure(tmp_path / "demo", lambda _: None, pieces=SHORT[:1], window=BRIEF)
    assert list_folder(tmp_path / "demo") == ([], [])


def test_a_folder_that_cannot_be_written_is_said_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match=r"cannot be written.*--folder"):
        crate.ensure(tmp_path / "file" / "demo", lambda _: None)


def test_a_full_disk_is_said_with_a_way_out(monkeypatch, capsys):
    silent = replace(low_tide.PIECE, parts=())
    monkeypatch.setattr(render, "find", lambda _: silent)
    assert render.main([silent.name, "/dev/full", "16", "17"]) == MachineError.exit_status
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("!/dev cannot take Low Tide (No space left on device): free some 30 MB")


def test_a_child_that_is_killed_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def start(piece, window, part):
        part.write_bytes(b"half")
        return subprocess.Popen(["sh", "-c", "kill -9 $$"], stdout=subprocess.PIPE, bufsize=0)

    monkeypatch.setattr(crate, "_start", start)
    with pytest.raises(MachineError, match=r"First Light was ended by signal 9"):
        crate.ensure(tmp_path / "demo", lambda _: None, pieces=[first_light.PIECE])
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [".crate.lock"]


def test_a_renderer_ends_when_nobody_listens(tmp_path):
    words = [sys.executable, "-m", "device.demo.render", "low-tide", str(tmp_path / "x.flac"), "16", "17"]
    child = subprocess.Popen(words, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.close()
    complaint = child.stderr.read()
    child.stderr.close()
    assert child.wait(timeout=60) == 1
    assert complaint == b""
    assert not (tmp_path / "x.flac").exists()


def test_the_command_prints_the_crate_in_the_box_s_music_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    asked = {}

    def ensure(folder, say, *, again):
        asked.update(folder=folder, again=again)
        say("demo crate: 0 %")
        return [crate._entry(piece, folder, None) for piece in PIECES]

    monkeypatch.setattr(crate, "ensure", ensure)
    parser = ArgumentParser()
    crate_command.add_arguments(parser)
    assert crate_command.run(parser.parse_args(["--again"])) == 0
    assert asked == {"folder": tmp_path / "music" / "demo", "again": True}
    printed = capsys.readouterr().out
    assert "First Light" in printed
    assert "124 BPM  Am (8A)" in printed
    assert night_ferry.PIECE.camelot in printed


def test_the_comment_of_a_file_names_its_edition():
    assert render.mark().endswith(f"edition {render.EDITION}")
