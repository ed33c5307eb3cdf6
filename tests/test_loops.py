"""Loops: exact in length and time, on the grid, seamless, and left and found again as on a player."""

import numpy as np
import pytest

from device.panel.controls import BEAT_SIZES
from tests import signals
from tests.signals import FADE, RATE, deck, deck_on, largest_step, most_allowed, playing, position, sine

BEAT = 24000  # frames at 120 BPM
GRID = [120.0, 0.0]
SLOW = sine(23.0, 14.0, 0.7)


def looping(beats, material=SLOW, at=None, **values):
    """A playing deck that entered a loop of so many beats at frame `at` (0: from the start)."""
    engine = playing(material, **values)
    engine.do("deck1.grid", GRID)
    if at:
        deck(engine, at)
    engine.do("deck1.loop.beats", beats)
    return engine


def bounds(engine):
    """(active, start, end) with places in frames."""
    return engine.get("deck1.loop.active"), *(round(engine.get(f"deck1.loop.{e}") * RATE, 6) for e in ("start", "end"))


def phase_error(engine, expected, length):
    """Frames between the position and `expected`, around the loop."""
    return abs((position(engine) - expected + length / 2) % length - length / 2)


@pytest.mark.parametrize("tempo", [0.0, 7.3, -12.0, 60.0])
def test_a_hundred_passes_later_the_loop_is_exactly_on_time(tempo):
    engine = looping(0.25, at=6400, tempo=tempo)
    start = 6400 * (1 + tempo / 100)
    deck(engine, 64)
    frames = 64
    while frames * (1 + tempo / 100) < 100 * BEAT / 4:
        deck(engine, 64000)
        frames += 64000
    assert bounds(engine) == (1, round(start), round(start) + BEAT // 4)
    assert phase_error(engine, start + frames * (1 + tempo / 100), BEAT / 4) < 1e-3


def test_the_sound_of_a_loop_repeats_to_the_frame():
    material = signals.noise(3.0)
    heard = deck(looping(0.5, material, at=64 * 100), 5 * BEAT)
    first = heard[:, : BEAT // 2 - FADE]
    for turn in range(1, 9):
        again = heard[:, turn * BEAT // 2 : (turn + 1) * BEAT // 2 - FADE]
        assert np.array_equal(again, first)


@pytest.mark.parametrize("tempo", [0.0, 25.0])
def test_a_loop_of_a_periodic_sound_is_seamless(tempo):
    engine = looping(0.25, sine(480.0, 10.0), at=6400, tempo=tempo)
    heard = deck(engine, 6 * BEAT)[0]
    speed = 1 + tempo / 100
    expected = 0.5 * np.sin(2 * np.pi * 480.0 * speed * (6400 + np.arange(heard.size)) / RATE)
    assert np.abs(heard - expected).max() < 1e-4


SIZES = [pytest.param(size, marks=pytest.mark.slow) if size > 16 else size for size in BEAT_SIZES]


@pytest.mark.parametrize("size", SIZES)
def test_a_loop_of_every_size_has_its_exact_length_and_makes_no_step(size):
    engine = looping(size, SLOW if size <= 16 else sine(23.0, 40.0, 0.7), at=6400)
    length = round(size * BEAT)
    heard = deck(engine, round(max(3 * length, RATE)) if size < 16 else length + RATE)
    assert bounds(engine) == (1, 6400, 6400 + length)
    assert phase_error(engine, 6400 + heard.shape[1], length) < 1e-6
    assert largest_step(heard) < most_allowed(SLOW)
    if size < 16:
        assert np.abs(heard[:, 2 * length : 3 * length - FADE] - heard[:, length : 2 * length - FADE]).max() < 1e-6


@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_the_shortest_loops_at_any_speed_make_no_step(speed, reverse):
    engine = playing(SLOW, tempo=100 * (speed - 1))
    engine.do("deck1.grid", [180.0, 0.0])
    deck(engine, RATE)
    engine.do("deck1.loop.beats", 1 / 32)
    engine.set("deck1.reverse", reverse)
    heard = deck(engine, RATE)
    fade = min(FADE, int(500 / 2 / speed))
    assert largest_step(heard) < most_allowed(SLOW, speed, fade)


def test_without_quantize_a_loop_starts_where_it_was_pressed():
    engine = looping(1, at=64 * 777)
    deck(engine, 64)
    assert bounds(engine) == (1, 64 * 777, 64 * 777 + BEAT)


@pytest.mark.parametrize("size", [1 / 32, 1 / 8, 0.5, 1, 4])
def test_with_quantize_a_loop_lies_on_the_grid_and_holds_the_play_head(size):
    engine = deck_on(SLOW, quantize=1)
    engine.do("deck1.grid", [120.0, 0.1])
    engine.set("deck1.play", 1)
    frames = 64 * 777
    deck(engine, frames)
    engine.do("deck1.loop.beats", size)
    deck(engine, 64)
    active, start, end = bounds(engine)
    step = min(size, 1) * BEAT
    assert active == 1
    assert (start - 4800) % step == 0
    assert start <= frames < start + step
    assert end - start == size * BEAT
    deck(engine, 10 * BEAT)
    assert phase_error(engine, frames + 64 + 10 * BEAT, size * BEAT) < 1e-6


def test_a_loop_pressed_before_the_first_beat_lies_within_the_track():
    engine = playing(SLOW, quantize=1)
    engine.do("deck1.grid", [120.0, 0.3])
    deck(engine, 1280)
    engine.do("deck1.loop.beats", 1)
    deck(engine, 64)
    active, start, end = bounds(engine)
    assert (active, end - start) == (1, BEAT)
    assert start >= 0
    deck(engine, 3 * BEAT)
    assert start - FADE <= position(engine) <= end


@pytest.mark.parametrize("quantize", [0, 1])
def test_halving_and_doubling_keep_the_phase(quantize):
    engine = deck_on(SLOW, quantize=quantize)
    engine.do("deck1.grid", GRID)
    engine.set("deck1.play", 1)
    deck(engine, 2 * BEAT)
    engine.do("deck1.loop.beats", 4)
    frames = 64 * 1411  # late in the loop: every halving leaves the play head outside
    deck(engine, frames)
    length = 4 * BEAT
    for action in ("halve", "halve", "halve", "double", "double", "double", "double"):
        engine.do(f"deck1.loop.{action}")
        length = length // 2 if action == "halve" else length * 2
        deck(engine, 640)
        frames += 640
        assert bounds(engine) == (1, 2 * BEAT, 2 * BEAT + length)
        if action == "halve":
            assert phase_error(engine, 2 * BEAT + frames, length) < 1e-6
    assert 2 * BEAT - FADE <= position(engine) < 2 * BEAT + length


def test_halving_under_the_play_head_makes_no_step():
    engine = looping(4, at=6400)
    heard = [deck(engine, 64 * 1411)]
    for _ in range(6):
        engine.do("deck1.loop.halve")
        heard.append(deck(engine, 640))
    assert largest_step(np.concatenate(heard, axis=1)) < most_allowed(SLOW, fades=2)


@pytest.mark.parametrize("tempo", [0.0, 3.7])
def test_loop_in_and_out_without_quantize_loop_from_one_press_to_the_other(tempo):
    engine = playing(SLOW, tempo=tempo)
    deck(engine, 64 * 500)
    engine.do("deck1.loop.in")
    first = position(engine)
    deck(engine, 64 * 300)
    engine.do("deck1.loop.out")
    last = position(engine)
    deck(engine, 64)
    active, start, end = bounds(engine)
    assert active == 1
    assert abs(start - first) <= 0.5
    assert abs(end - last) <= 0.5
    deck(engine, 64 * 1999)
    assert start - FADE * 1.04 <= position(engine) < end
    assert phase_error(engine, first + 64 * 2300 * (1 + tempo / 100), end - start) <= 1.5


@pytest.mark.parametrize("late", [-2560, 2560])
def test_loop_in_and_out_with_quantize_snap_to_beats_and_loop_in_phase(late):
    """Pressed a little before or a little after the beat."""
    engine = playing(SLOW, quantize=1)
    engine.do("deck1.grid", GRID)
    deck(engine, BEAT - BEAT % 64 + late)
    engine.do("deck1.loop.in")
    deck(engine, 4 * BEAT)
    engine.do("deck1.loop.out")
    deck(engine, 64)
    assert bounds(engine) == (1, BEAT, 5 * BEAT)
    frames = BEAT - BEAT % 64 + late + 4 * BEAT + 64
    deck(engine, 6 * BEAT)
    assert BEAT - FADE <= position(engine) < 5 * BEAT
    assert phase_error(engine, frames + 6 * BEAT, 4 * BEAT) < 1e-6


def test_loop_out_before_an_in_does_nothing():
    engine = playing(SLOW)
    deck(engine, 6400)
    engine.do("deck1.loop.out")
    deck(engine, 64)
    assert bounds(engine) == (0, -RATE, -RATE)


def test_a_released_button_does_nothing():
    engine = playing(SLOW)
    for name in ("in", "out", "halve", "double", "exit"):
        engine.do(f"deck1.loop.{name}", 0)
    deck(engine, 64)
    assert bounds(engine) == (0, -RATE, -RATE)


def test_exit_plays_on_from_where_the_loop_is_and_reloop_goes_back_in():
    engine = looping(1, at=6400)
    deck(engine, 64 * 400)
    inside = position(engine)
    engine.do("deck1.loop.exit")
    deck(engine, 2 * BEAT)
    assert position(engine) == inside + 2 * BEAT
    assert engine.get("deck1.loop.active") == 0
    engine.do("deck1.loop.exit")
    deck(engine, 640)
    assert bounds(engine) == (1, 6400, 6400 + BEAT)
    assert position(engine) == 6400 + 640
    deck(engine, 3 * BEAT)
    assert phase_error(engine, 6400 + 640 + 3 * BEAT, BEAT) < 1e-6


def test_zero_beats_leave_the_loop():
    engine = looping(1, at=6400)
    deck(engine, 640)
    engine.do("deck1.loop.beats", 0)
    deck(engine, 3 * BEAT)
    assert engine.get("deck1.loop.active") == 0
    assert position(engine) == 6400 + 640 + 3 * BEAT


def test_another_size_while_looping_keeps_the_start_and_the_phase():
    engine = looping(4, at=6400)
    deck(engine, 64 * 1000)
    engine.do("deck1.loop.beats", 0.5)
    deck(engine, 64 * 10)
    assert bounds(engine) == (1, 6400, 6400 + BEAT // 2)
    assert phase_error(engine, 6400 + 64 * 1010, BEAT / 2) < 1e-6


def test_without_a_grid_a_beat_loop_does_nothing():
    engine = playing(SLOW)
    engine.do("deck1.loop.beats", 1)
    deck(engine, 6400)
    assert bounds(engine) == (0, -RATE, -RATE)


def test_a_loop_runs_backwards_within_its_ends():
    engine = looping(0.5, at=BEAT)
    deck(engine, 64 * 100)
    engine.set("deck1.reverse", 1)
    for _ in range(100):
        deck(engine, 64 * 23)
        assert BEAT - 1 <= position(engine) <= BEAT + BEAT / 2 + FADE
    assert phase_error(engine, 375 * 64 + 6400 - 64 * 2300, BEAT / 2) < 1e-6


def test_a_loop_ahead_is_entered_and_a_loop_behind_is_not():
    engine = playing(SLOW)
    engine.do("deck1.loop.at", [1.0, 1.5])
    engine.do("deck1.loop.exit")  # into the loop that was put there
    deck(engine, 64)
    assert bounds(engine) == (1, RATE, RATE + BEAT)
    engine.do("deck1.seek", 0.5)
    deck(engine, 3 * RATE)
    assert RATE - FADE <= position(engine) < RATE + BEAT
    engine.do("deck1.seek", 3.0)
    deck(engine, RATE)
    assert position(engine) == 4 * RATE


@pytest.mark.parametrize("length", [1, 10, 63, 64])
@pytest.mark.parametrize("tempo", [-99.9, 0.0, 100.0])
def test_a_tiny_loop_put_there_from_outside_neither_hangs_nor_escapes(length, tempo):
    engine = playing(SLOW, tempo=tempo)
    engine.do("deck1.loop.at", [1.0, 1.0 + length / RATE])
    engine.do("deck1.loop.exit")
    heard = deck(engine, RATE)
    assert np.isfinite(heard).all()
    assert abs(position(engine) - RATE) < 700


def test_a_loop_past_the_end_of_the_track_keeps_time():
    engine = playing(SLOW[:, : 3 * RATE])
    engine.do("deck1.grid", GRID)
    engine.do("deck1.seek", 2.5)
    engine.do("deck1.loop.beats", 4)
    deck(engine, 64 * 2000)
    assert engine.get("deck1.play") == 1
    assert phase_error(engine, 2.5 * RATE + 64 * 2000, 4 * BEAT) < 1e-6


def test_a_roll_gives_back_the_loop_that_ran_before_it():
    engine = playing(sine(100.0, 30.0))
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.loop.beats", 4)
    deck(engine, 64 * 100)
    loop = [engine.get(f"deck1.loop.{edge}") for edge in ("start", "end")]
    engine.do("deck1.loop.roll", 0.25)
    deck(engine, 64 * 100)
    assert engine.get("deck1.loop.end") - engine.get("deck1.loop.start") == pytest.approx(0.125)
    engine.do("deck1.loop.roll", 0)
    deck(engine, 64 * 2000)
    assert [engine.get(f"deck1.loop.{edge}") for edge in ("start", "end")] == loop
    assert engine.get("deck1.loop.active") == 1
    assert loop[0] - 0.01 <= engine.get("deck1.position") < loop[1]


def test_a_beat_loop_set_while_playing_backwards_repeats_the_beats_before():
    engine = playing(SLOW)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.seek", 3.0)
    engine.set("deck1.reverse", 1)
    deck(engine, 6400)
    here = position(engine)
    engine.do("deck1.loop.beats", 1)
    for _ in range(50):
        deck(engine, 64 * 31)
        assert here - BEAT - 1 <= position(engine) <= here + FADE
    engine.do("deck1.loop.exit")
    deck(engine, 2 * BEAT)
    assert position(engine) < here - BEAT
    engine.do("deck1.loop.exit")  # back into it, from its end
    deck(engine, 64)
    assert here - 70 <= position(engine) <= here
