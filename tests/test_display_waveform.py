"""Waveforms: read while they grow, drawn where they are heard, and harmless when they break."""

import numpy as np
import pygame
import pytest

from display import strips, theme
from display.playhead import Playhead
from display.wavefile import WaveFile
from tests.fake_engine import COLUMNS, write_wave
from tests.fake_screen import open_screen

SECONDS = 60


def silence() -> np.ndarray:
    return np.zeros((SECONDS * COLUMNS, 4), np.uint8)


def marked(seconds: float, wide: int = 1) -> np.ndarray:
    rows = silence()
    at = round(seconds * COLUMNS)
    rows[at : at + wide] = 255
    return rows


@pytest.fixture
def screen(tmp_path):
    with open_screen(tmp_path) as opened:
        yield opened


def load(screen, rows, **states):
    screen.engine.load(1, rows=rows, seconds=float(SECONDS))
    for name in ("grid.bpm", "cue.point"):
        screen.engine.state(f"deck1.{name}", 0.0)
    for name, value in states.items():
        screen.engine.state(f"deck1.{name}", value)
    screen.frame()
    screen.frame()


def brightness(screen, name="wave1", line=0.3) -> np.ndarray:
    """Brightness of one line of pixels across a strip, as the eye sees it."""
    rect = screen.app.page.plan.rects[name]
    pixels = pygame.surfarray.array3d(screen.surface)[rect.x : rect.right, round(rect.y + line * rect.h)]
    return pixels.sum(axis=1)


def test_a_mark_in_the_track_lies_where_its_time_is_and_meets_the_play_head(screen):
    load(screen, marked(20.0))
    wave = screen.widget("wave1")
    middle = wave.rect.w // 2
    for position in (18.0, 19.0, 19.7, 20.5, 22.0):
        screen.engine.state("deck1.position", position)
        screen.frame()
        line = brightness(screen)
        line[middle - 4 : middle + 8] = 0  # the play head itself
        line[:30] = 0
        expected = middle + (20.0 - position) * wave.scale
        assert abs(int(line.argmax()) - expected) <= 1.5, position
    step = wave.scale / COLUMNS
    screen.engine.state("deck1.position", 20.0)
    screen.frame()
    tile_at = int(20.0 * wave.scale) - (int(20.0 * wave.scale) - middle)
    assert tile_at == middle  # what is heard now stands under the play head
    assert step == pytest.approx(1.06, abs=0.01)


@pytest.mark.parametrize("zoom", [1.0, 4.0, 20.0, 64.0])
def test_at_every_zoom_a_mark_keeps_its_distance_in_seconds(screen, zoom):
    load(screen, marked(20.0, wide=3), position=19.6)
    screen.app.desk.zoom = zoom
    screen.frame()
    wave = screen.widget("wave1")
    line = brightness(screen)
    middle = wave.rect.w // 2
    line[middle - 4 : middle + 8] = 0
    assert wave.scale == pytest.approx(wave.rect.w / zoom)
    expected = middle + 0.4 * wave.scale
    assert abs(int(line.argmax()) - expected) <= 3 + 3 * wave.scale / COLUMNS


def test_a_faster_track_is_squeezed_so_that_equal_beats_stand_above_each_other(screen):
    for deck in (1, 2):
        screen.engine.load(deck, rows=marked(21.0 if deck == 1 else 21.5), seconds=float(SECONDS))
        screen.engine.state(f"deck{deck}.position", 20.0)
        screen.engine.state(f"deck{deck}.grid.bpm", 0.0)
    screen.engine.put("deck2.tempo", 50.0)  # its 1.5 s are heard in 1 s
    screen.frame()
    screen.frame()
    found = []
    for name in ("wave1", "wave2"):
        line = brightness(screen, name)
        line[: len(line) // 2 + 10] = 0
        found.append(int(line.argmax()))
    assert abs(found[0] - found[1]) <= 2


def test_cues_loop_and_grid_are_drawn_at_their_times(screen):
    load(screen, silence(), position=10.0, **{"hotcue.3": 11.0, "loop.start": 8.0, "loop.end": 9.0, "loop.active": 1.0})
    wave = screen.widget("wave1")
    rect = wave.rect

    def colour(seconds, line=0.5):
        x = wave.head_x + round((seconds - 10.0) * wave.scale)
        return [tuple(screen.surface.get_at((x + dx, rect.y + round(line * rect.h))))[:3] for dx in (-1, 0, 1, 2)]

    assert theme.HOT_CUES[2] in colour(11.0)
    assert theme.PLAY in colour(8.0)
    assert theme.PLAY in colour(9.0)
    assert colour(8.5)[0][1] > colour(9.5)[0][1] + 20  # within the loop it is greener
    screen.engine.state("deck1.grid.bpm", 120.0)
    screen.engine.state("deck1.grid.first", 0.25)
    screen.frame()
    assert sum(max(colour(11.25), key=sum)) > sum(max(colour(11.4), key=sum)) + 60


def test_the_overview_shows_the_whole_track_and_dims_what_was_played(screen):
    rows = silence()
    rows[:, :] = 120
    load(screen, rows, position=30.0)
    rect = screen.app.page.plan.rects["deck1.overview"]
    pixels = pygame.surfarray.array3d(screen.surface)[rect.x : rect.right, rect.y : rect.bottom].sum(axis=2)
    played, coming = pixels[10 : rect.w // 2 - 10].mean(), pixels[rect.w // 2 + 10 : -10].mean()
    assert coming > 1.5 * played


def test_a_waveform_grows_while_the_decoder_writes(tmp_path):
    rows = np.arange(4000, dtype=np.uint8).repeat(4).reshape(-1, 4)
    path = tmp_path / "wave-1"
    write_wave(path, rows, ready=0)
    wave = WaveFile(path)
    assert not wave.poll(0.0)
    for ready in (10, 150, 4000):
        write_into(path, rows, ready)
        assert wave.poll(0.0)
        assert np.array_equal(wave.rows, rows[:ready])
        assert wave.whole == (ready == 4000)
        assert not wave.poll(0.0)
    assert wave.rate == COLUMNS
    assert wave.seconds == pytest.approx(4000 / COLUMNS)


def write_into(path, rows, ready):
    """Rewrite the file in place, as the decoder does: the reader keeps its open file."""
    fresh = path.with_name("fresh")
    write_wave(fresh, rows, ready=ready, expected=len(rows))
    with path.open("r+b") as file:
        file.write(fresh.read_bytes())


def test_a_waveform_that_is_missing_foreign_cut_short_or_vanishes_is_no_crash(tmp_path):
    path = tmp_path / "wave-9"
    wave = WaveFile(path)
    assert not wave.poll(0.0)
    path.write_bytes(b"something else")
    assert not wave.poll(1.0)
    path.write_bytes(b"X" * 400)
    assert not wave.poll(2.0)
    assert wave.seconds == 0
    rows = np.full((3000, 4), 9, np.uint8)
    other = tmp_path / "wave-10"
    write_wave(other, rows, ready=3000)
    cut = WaveFile(other)
    with other.open("r+b") as file:
        file.truncate(64 + 4 * 1000)
    assert cut.poll(0.0)
    assert cut.ready == 1000
    other.unlink()
    assert not cut.poll(0.1)
    assert len(cut.rows) == 1000
    cut.close()


def test_a_header_that_promises_the_moon_takes_no_memory(tmp_path):
    path = tmp_path / "wave-1"
    write_wave(path, np.zeros((10, 4), np.uint8), ready=10, expected=10)
    with path.open("r+b") as file:
        file.seek(16)
        file.write((2**60).to_bytes(8, "little") * 2)
    wave = WaveFile(path)
    wave.poll(0.0)
    assert wave.ready == 10
    assert wave._rows.nbytes < 10_000_000


def test_a_deck_whose_waveform_never_comes_still_shows_its_title_and_time(screen):
    serial = screen.engine.load(1, rows=silence(), seconds=60.0, title="No wave")
    (screen.engine.folder / f"wave-{serial}").unlink()
    for _ in range(3):
        screen.frame(0.1)
    assert screen.widget("deck1.title").look()[1] == "No wave"
    assert screen.widget("deck1.time").look()[0] == "−1:00.0"


def test_a_new_load_shows_the_new_waveform(screen):
    found = []
    for seconds in (20.0, 21.0):
        load(screen, marked(seconds, wide=4), position=20.5)
        line = brightness(screen)
        line[len(line) // 2 - 4 : len(line) // 2 + 8] = 0
        found.append(int(line.argmax()))
    assert found[1] - found[0] == pytest.approx(screen.widget("wave1").scale, abs=3)


def test_resampling_keeps_every_peak_and_puts_nothing_outside_the_track():
    rows = marked(10.0)
    for step in (0.3, 1.0, 2.7, 11.0, 40.0):
        count = int(len(rows) / step) + 200
        levels = strips.resample(rows, -100 * step, step, count)
        assert levels.shape == (4, count)
        assert not levels[:, :99].any()
        assert not levels[:, 101 + int(len(rows) / step) :].any()
        assert levels[0].max() == pytest.approx(1.0, abs=0.35 if step < 1 else 0.001)
        assert abs(levels[0].argmax() - (100 + 1500 / step)) <= max(1, 1 / step)
    assert not strips.resample(rows[:0], 0.0, 1.0, 50).any()
    assert not strips.resample(rows, 1e9, 1.0, 50).any()


def test_a_strip_is_mirrored_and_as_tall_as_its_level():
    levels = np.zeros((4, 8), np.float32)
    levels[0, 2] = 1.0
    levels[:, 5] = 0.5
    picture = pygame.surfarray.array3d(strips.paint(levels, 40)).sum(axis=2)
    assert picture.shape == (8, 40)
    assert np.array_equal(picture, picture[:, ::-1])
    ground = sum(theme.SUNK)
    assert (picture[2] > ground).all()
    assert (picture[0] == ground).all()
    assert 15 <= (picture[5] > ground).sum() <= 25


def test_the_play_head_runs_smoothly_between_periods_and_jumps_at_once():
    head = Playhead()
    shown, now = [], 0.0
    for frame in range(60):
        now = frame / 60
        published = (now // 0.0213) * 0.0213  # a period of 1024 frames
        shown.append(head.at(published, 1.0, now))
    steps = np.diff(shown[10:])
    assert steps.std() < 0.002 < np.diff([(frame / 60 // 0.0213) * 0.0213 for frame in range(10, 60)]).std()
    assert abs(shown[-1] - now) < 0.025
    assert head.at(42.0, 1.0, now + 1 / 60) == 42.0
    assert head.at(42.3, 0.0, now + 2 / 60) == 42.3
