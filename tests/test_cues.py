"""The CUE button as on a CDJ, hot cues with and without loops, beat jumps, and quantize."""

import pytest

from tests.signals import FADE, RATE, deck, deck_on, largest_step, most_allowed, playing, position, sine

BEAT = 24000
SLOW = sine(23.0, 20.0, 0.7)


def cue_point(engine):
    """In frames."""
    return round(engine.get("deck1.cue.point") * RATE, 6)


def is_playing(engine):
    return engine.get("deck1.play") == 1


def paused_at(frame, cue=0, **values):
    """A paused deck, its play head and its cue point."""
    engine = deck_on(SLOW, **values)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.cue.at", cue / RATE)
    engine.do("deck1.seek", frame / RATE)
    deck(engine, 64)
    return engine


def press(engine, frames=640):
    engine.do("deck1.cue", 1)
    return deck(engine, frames)


def release(engine, frames=640):
    engine.do("deck1.cue", 0)
    return deck(engine, frames)


def test_cue_while_paused_elsewhere_sets_the_cue_point_silently():
    engine = paused_at(50000)
    assert not press(engine).any()
    assert (cue_point(engine), position(engine), is_playing(engine)) == (50000, 50000, False)
    assert not release(engine).any()
    assert (cue_point(engine), position(engine)) == (50000, 50000)


def test_cue_while_paused_elsewhere_with_quantize_goes_to_the_nearest_beat():
    for frame, beat in ((50000, 2 * BEAT), (66000, 3 * BEAT)):
        engine = paused_at(frame, quantize=1)
        press(engine)
        assert (cue_point(engine), position(engine)) == (beat, beat)


def test_cue_held_on_the_cue_point_plays_and_released_goes_back_and_waits():
    engine = paused_at(50000, cue=50000)
    heard = press(engine, 6400)
    assert heard[:, FADE:].any()
    assert position(engine) == 56400
    assert not is_playing(engine)
    after = release(engine, 9600)
    assert (position(engine), is_playing(engine), cue_point(engine)) == (50000, False, 50000)
    assert not after[:, FADE:].any()
    assert largest_step(after) < most_allowed(SLOW)


def test_cue_can_be_tapped_any_number_of_times_at_the_same_place():
    engine = paused_at(50000, cue=50000, tempo=3.1)
    for _ in range(20):
        press(engine, 1984)
        release(engine, 192)
        assert (position(engine), cue_point(engine)) == (50000, 50000)


def test_play_pressed_during_the_preview_plays_on_after_the_release():
    engine = paused_at(50000, cue=50000)
    press(engine, 6400)
    engine.set("deck1.play", 1)
    deck(engine, 640)
    assert is_playing(engine)
    release(engine, 6400)
    assert is_playing(engine)
    assert position(engine) == 50000 + 6400 + 640 + 6400


def test_play_and_release_in_the_same_period_play_on():
    engine = paused_at(50000, cue=50000)
    press(engine, 640)
    engine.set("deck1.play", 1)
    release(engine, 640)
    assert (is_playing(engine), position(engine)) == (True, 51280)


def test_cue_while_playing_goes_back_to_the_cue_point_and_waits():
    engine = paused_at(60000, cue=30000)
    engine.set("deck1.play", 1)
    deck(engine, 6400)
    heard = press(engine, 9600)
    assert (position(engine), is_playing(engine), cue_point(engine)) == (30000, False, 30000)
    assert not heard[:, FADE:].any()
    assert largest_step(heard) < most_allowed(SLOW)
    release(engine)
    assert (position(engine), is_playing(engine)) == (30000, False)
    engine.set("deck1.play", 1)
    deck(engine, 640)
    assert position(engine) == 30640


def test_cue_pressed_again_after_going_back_previews():
    engine = paused_at(60000, cue=30000)
    engine.set("deck1.play", 1)
    deck(engine, 6400)
    press(engine)
    release(engine)
    press(engine, 640)
    assert position(engine) == 30640
    release(engine)
    assert position(engine) == 30000


def test_pause_keeps_the_place_and_the_cue_point():
    engine = paused_at(60000, cue=30000)
    engine.set("deck1.play", 1)
    deck(engine, 6400)
    engine.set("deck1.play", 0)
    deck(engine, 6400)
    assert (position(engine), cue_point(engine)) == (66400, 30000)


def test_a_preview_to_the_end_of_the_track_comes_back():
    engine = paused_at(20 * RATE - 3000, cue=20 * RATE - 3000)
    press(engine, 9600)
    release(engine)
    assert (position(engine), is_playing(engine)) == (20 * RATE - 3000, False)


def test_a_new_track_has_its_cue_point_at_the_start():
    engine = paused_at(50000, cue=50000)
    engine.load_array(1, SLOW, serial=2)
    deck(engine, 64)
    assert (cue_point(engine), position(engine)) == (0, 0)


def hot(engine, number=1):
    """(where, length) in frames; -1 as it is."""
    at, length = engine.get(f"deck1.hotcue.{number}"), engine.get(f"deck1.hotcue.{number}.length")
    return (at if at < 0 else round(at * RATE, 6)), round(length * RATE, 6)


def test_a_hot_cue_is_set_gone_to_and_cleared():
    engine = playing(SLOW)
    deck(engine, 64 * 700)
    engine.do("deck1.hotcue.8.set")
    deck(engine, 64 * 300)
    assert hot(engine, 8) == (44800, 0)
    assert position(engine) == 64000
    engine.do("deck1.hotcue.8.go")
    deck(engine, 640)
    assert (position(engine), is_playing(engine)) == (45440, True)
    engine.do("deck1.hotcue.8.go", 0)
    deck(engine, 640)
    assert position(engine) == 46080
    engine.do("deck1.hotcue.8.clear")
    engine.do("deck1.hotcue.8.go")
    deck(engine, 640)
    assert hot(engine, 8) == (-1, 0)
    assert position(engine) == 46720


def test_a_release_of_set_or_clear_does_nothing():
    engine = playing(SLOW)
    engine.do("deck1.hotcue.1.set", 0)
    deck(engine, 64)
    assert hot(engine) == (-1, 0)
    engine.do("deck1.hotcue.1.set", 1)
    engine.do("deck1.hotcue.1.clear", 0)
    deck(engine, 64)
    assert hot(engine) == (64, 0)


def test_a_hot_cue_starts_a_paused_deck():
    engine = paused_at(1000)
    engine.do("deck1.hotcue.2.at", [1.0, 0.0])
    engine.do("deck1.hotcue.2.go")
    deck(engine, 640)
    assert (position(engine), is_playing(engine)) == (RATE + 640, True)


def test_hot_cues_are_independent_of_each_other_and_of_other_decks():
    engine = playing(SLOW)
    for number in range(1, 9):
        engine.do(f"deck1.hotcue.{number}.at", [number / 2, number / 100])
    deck(engine, 64)
    assert [hot(engine, n) for n in range(1, 9)] == [(n * RATE / 2, n * RATE / 100) for n in range(1, 9)]
    assert engine.get("deck2.hotcue.1") == -1


def test_a_hot_cue_set_in_a_loop_saves_the_loop_and_brings_it_back():
    engine = playing(SLOW)
    engine.do("deck1.grid", [120.0, 0.0])
    deck(engine, 64 * 100)
    engine.do("deck1.loop.beats", 1)
    deck(engine, 640)
    engine.do("deck1.hotcue.1.set")
    engine.do("deck1.loop.exit")
    deck(engine, 4 * BEAT)
    assert hot(engine) == (6400, BEAT)
    assert engine.get("deck1.loop.active") == 0
    engine.do("deck1.hotcue.1.go")
    deck(engine, 640)
    assert engine.get("deck1.loop.active") == 1
    assert position(engine) == 7040
    deck(engine, 10 * BEAT)
    assert 6400 - FADE <= position(engine) < 6400 + BEAT


def test_a_plain_hot_cue_outside_leaves_the_loop_and_one_inside_does_not():
    for where, active in ((3.0, 0), (0.3, 1)):
        engine = playing(SLOW)
        engine.do("deck1.grid", [120.0, 0.0])
        engine.do("deck1.hotcue.1.at", [where, 0.0])
        engine.do("deck1.loop.beats", 4)
        deck(engine, 6400)
        engine.do("deck1.hotcue.1.go")
        deck(engine, 640)
        assert engine.get("deck1.loop.active") == active
        assert position(engine) == where * RATE + 640


def test_with_quantize_a_hot_cue_set_lies_on_the_nearest_beat():
    for frames, beat in ((64 * 400, 1), (64 * 700, 2)):
        engine = playing(SLOW, quantize=1)
        engine.do("deck1.grid", [120.0, 0.0])
        deck(engine, frames)
        engine.do("deck1.hotcue.1.set")
        deck(engine, 64)
        assert hot(engine) == (beat * BEAT, 0)


@pytest.mark.parametrize("action", ["deck1.hotcue.1.set", "deck1.cue"])
def test_before_the_first_beat_quantize_finds_a_place_within_the_track(action):
    engine = deck_on(SLOW, quantize=1)
    engine.do("deck1.grid", [120.0, 0.3])
    engine.do("deck1.seek", 0.01)
    deck(engine, 64)
    engine.do(action, 1)
    deck(engine, 64)
    assert engine.get("deck1.hotcue.1") >= (0 if "hotcue" in action else -1)
    assert cue_point(engine) >= 0
    engine.do("deck1.hotcue.1.go")
    engine.set("deck1.play", 1)
    heard = deck(engine, 6400)
    assert heard[:, FADE:].any()


@pytest.mark.parametrize("frames", [64 * 410, 64 * 700])
def test_with_quantize_a_playing_deck_jumps_in_phase(frames):
    """Pressed early or late against the beat, the deck lands as early or late against the cue's beat."""
    engine = playing(SLOW, quantize=1)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.hotcue.1.at", [8 * BEAT / RATE, 0.0])
    deck(engine, frames)
    engine.do("deck1.hotcue.1.go")
    deck(engine, 640)
    beat = round(frames / BEAT)
    assert position(engine) == pytest.approx(8 * BEAT + frames - beat * BEAT + 640)


def test_with_quantize_a_paused_deck_goes_to_the_cue_itself():
    engine = paused_at(50000, quantize=1)
    engine.do("deck1.hotcue.1.at", [4.0, 0.0])
    engine.do("deck1.hotcue.1.go")
    deck(engine, 640)
    assert position(engine) == 4 * RATE + 640


@pytest.mark.parametrize("frames", [64 * 470, 64 * 560])
def test_with_quantize_a_saved_loop_shorter_than_a_beat_holds_the_deck(frames):
    """In phase may mean beyond the loop's end or before its start; the deck must still end up in the loop, in time."""
    engine = playing(SLOW, quantize=1)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.hotcue.1.at", [4.0, BEAT / 4 / RATE])
    deck(engine, frames)
    engine.do("deck1.hotcue.1.go")
    deck(engine, 8 * BEAT)
    assert engine.get("deck1.loop.active") == 1
    assert 4 * RATE - FADE <= position(engine) < 4 * RATE + BEAT / 4


@pytest.mark.parametrize("beats", [1, -1, 4, 0.25, -16, 512, -512])
def test_a_beat_jump_moves_by_beats_and_stays_within_the_track(beats):
    engine = playing(SLOW)
    engine.do("deck1.grid", [125.0, 0.1])
    deck(engine, 64 * 1500)
    engine.do("deck1.beatjump", beats)
    deck(engine, 64)
    wanted = 64 * 1500 + beats * 60 / 125 * RATE
    if wanted < 0:
        assert position(engine) == 64
    elif wanted > SLOW.shape[1]:
        deck(engine, 64)
        assert (position(engine), is_playing(engine)) == (SLOW.shape[1], False)
    else:
        assert position(engine) == pytest.approx(wanted + 64, abs=1e-6)


def test_a_beat_jump_works_while_paused_and_not_without_a_grid():
    engine = paused_at(50000)
    engine.do("deck1.beatjump", -1)
    deck(engine, 64)
    assert position(engine) == 50000 - BEAT
    engine.do("deck1.grid", [0.0, 0.0])
    engine.do("deck1.beatjump", 4)
    deck(engine, 64)
    assert position(engine) == 50000 - BEAT


def test_beats_per_minute_are_told_as_heard():
    engine = playing(SLOW, tempo=-4.0)
    engine.do("deck1.grid", [125.0, 0.25])
    deck(engine, 64)
    assert engine.get("deck1.grid.bpm") == 125
    assert engine.get("deck1.grid.first") == 0.25
    assert engine.get("deck1.bpm") == pytest.approx(120.0)
