"""Slip: time runs on beneath. Scratch: the platter under the hand."""

import numpy as np
import pytest

from tests import signals
from tests.signals import FADE, RATE, deck, deck_on, largest_step, most_allowed, playing, position, sine

BEAT = 24000
BLOCK = 64
TURN = 1.8 * RATE  # frames a turn of the platter at 33 1/3 rpm
SLOW = sine(23.0, 16.0, 0.7)


def scratch(engine, blocks=60):
    """A hand on the platter, moving it to and fro."""
    engine.set("deck1.jog.touch", 1)
    for block in range(blocks):
        engine.set("deck1.jog.angle", 0.1 * np.sin(block / 9))
        deck(engine, BLOCK)
    engine.set("deck1.jog.touch", 0)


def beats(engine, number):
    engine.do("deck1.loop.beats", number)


# name: (start of the diversion, end of it)
DIVERSIONS = {
    "loop": (lambda e: beats(e, 0.25), lambda e: e.do("deck1.loop.exit")),
    "loop left by zero": (lambda e: beats(e, 0.5), lambda e: beats(e, 0)),
    "reverse": (lambda e: e.set("deck1.reverse", 1), lambda e: e.set("deck1.reverse", 0)),
    "hot cue": (lambda e: e.do("deck1.hotcue.1.go", 1), lambda e: e.do("deck1.hotcue.1.go", 0)),
    "roll": (lambda e: e.do("deck1.loop.roll", 0.125), lambda e: e.do("deck1.loop.roll", 0)),
    "scratch": (lambda e: e.set("deck1.jog.touch", 1), lambda e: e.set("deck1.jog.touch", 0)),
}


def slipping(tempo=0.0, slip=1, **values):
    engine = playing(SLOW, tempo=tempo, slip=slip, **values)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.hotcue.1.at", [7.0, 0.0])
    deck(engine, BLOCK * 500)
    return engine


@pytest.mark.parametrize("tempo", [0.0, 5.0, -8.0])
@pytest.mark.parametrize("name", DIVERSIONS)
def test_after_the_release_the_deck_is_where_time_would_have_been(name, tempo):
    """To the block: controls act between blocks."""
    begin, end = DIVERSIONS[name]
    engine = slipping(tempo)
    begin(engine)
    deck(engine, BLOCK * 333)
    assert name == "scratch" or abs(position(engine) - (1 + tempo / 100) * BLOCK * 833) > 100
    assert engine.get("deck1.slip.position") * RATE == pytest.approx((1 + tempo / 100) * BLOCK * 833, abs=BLOCK)
    end(engine)
    deck(engine, BLOCK * 400)
    # a platter let go takes a moment to come up to speed, so it lags by what it missed meanwhile
    lag = 0.03 * RATE if name == "scratch" else 0
    assert position(engine) == pytest.approx((1 + tempo / 100) * BLOCK * 1233, abs=BLOCK + lag)


@pytest.mark.parametrize("name", [name for name in DIVERSIONS if name != "scratch"])
def test_many_diversions_do_not_add_up_to_a_delay(name):
    begin, end = DIVERSIONS[name]
    engine = slipping()
    for _ in range(20):
        begin(engine)
        deck(engine, BLOCK * 20)
        end(engine)
        deck(engine, BLOCK * 20)
    assert position(engine) == pytest.approx(BLOCK * (500 + 20 * 40), abs=BLOCK)


@pytest.mark.parametrize("name", [*DIVERSIONS])
@pytest.mark.parametrize("material", [SLOW, sine(440.0, 16.0)], ids=["slow", "mid"])
def test_slipping_out_and_back_makes_no_step(name, material):
    begin, end = DIVERSIONS[name]
    engine = playing(material, slip=1)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.hotcue.1.at", [7.0, 0.0])
    heard = [deck(engine, BLOCK * 500)]
    for action in (begin, end, begin, end):
        action(engine)
        heard.append(deck(engine, BLOCK * 37))
    assert largest_step(np.concatenate(heard, axis=1)) < most_allowed(material, fades=2)


def test_a_roll_returns_even_without_slip_and_a_loop_does_not():
    for name, back in (("roll", True), ("loop", False)):
        begin, end = DIVERSIONS[name]
        engine = slipping(slip=0)
        begin(engine)
        deck(engine, BLOCK * 333)
        end(engine)
        deck(engine, BLOCK)
        assert (abs(position(engine) - BLOCK * 834) <= BLOCK) == back


def test_a_roll_changes_its_size_while_it_is_held():
    engine = slipping(slip=0)
    engine.do("deck1.loop.roll", 1)
    deck(engine, BLOCK * 30)
    engine.do("deck1.loop.roll", 0.25)
    deck(engine, BLOCK * 30)
    assert engine.get("deck1.loop.end") - engine.get("deck1.loop.start") == pytest.approx(BEAT / 4 / RATE)
    engine.do("deck1.loop.roll", 0)
    deck(engine, BLOCK)
    assert abs(position(engine) - BLOCK * 561) <= BLOCK
    assert engine.get("deck1.loop.active") == 0


def test_a_second_diversion_within_the_first_still_returns_to_time():
    engine = slipping()
    engine.do("deck1.loop.beats", 1)
    deck(engine, BLOCK * 50)
    engine.do("deck1.loop.roll", 0.125)
    deck(engine, BLOCK * 50)
    engine.do("deck1.loop.roll", 0)
    engine.set("deck1.reverse", 1)
    deck(engine, BLOCK * 50)
    engine.set("deck1.reverse", 0)
    engine.do("deck1.loop.beats", 0)
    deck(engine, BLOCK * 50)
    assert position(engine) == pytest.approx(BLOCK * 700, abs=BLOCK)


def test_slip_switched_off_in_a_diversion_stays_where_it_is():
    engine = slipping()
    engine.set("deck1.reverse", 1)
    deck(engine, BLOCK * 100)
    engine.set("deck1.slip", 0)
    engine.set("deck1.reverse", 0)
    deck(engine, BLOCK)
    assert position(engine) == pytest.approx(BLOCK * 400, abs=2 * BLOCK)


def test_time_beneath_stands_still_while_the_deck_is_paused():
    engine = slipping()
    engine.do("deck1.loop.beats", 1)
    deck(engine, BLOCK * 100)
    engine.set("deck1.play", 0)
    deck(engine, BLOCK * 100)
    engine.set("deck1.play", 1)
    deck(engine, BLOCK * 100)
    assert engine.get("deck1.slip.position") * RATE == pytest.approx(BLOCK * 700, abs=BLOCK)


def test_cue_in_a_slipping_loop_goes_to_the_cue_point_and_stays_there():
    engine = slipping()
    engine.do("deck1.cue.at", 0.25)
    engine.do("deck1.loop.beats", 1)
    deck(engine, BLOCK * 100)
    engine.do("deck1.cue", 1)
    engine.do("deck1.cue", 0)
    deck(engine, BLOCK * 10)
    engine.do("deck1.loop.beats", 0)
    deck(engine, BLOCK * 10)
    assert (position(engine), engine.get("deck1.play")) == (RATE / 4, 0)


def grab(engine):
    """Lay the hand on the platter; it holds from the next block on."""
    engine.set("deck1.jog.touch", 1)
    return deck(engine, BLOCK)


def turn(engine, blocks, turns_per_block, angle=0.0):
    """Move the platter evenly; returns (sound, angle at the end)."""
    heard = []
    for _ in range(blocks):
        angle += turns_per_block
        engine.set("deck1.jog.angle", angle)
        heard.append(deck(engine, BLOCK))
    return np.concatenate(heard, axis=1), angle


@pytest.mark.parametrize("play", [0, 1])
@pytest.mark.parametrize("speed", [1.0, -1.0, 0.3, 3.0, -2.0])
def test_under_the_hand_the_position_follows_the_platter(speed, play):
    engine = deck_on(SLOW)
    engine.do("deck1.seek", 10.0)
    engine.set("deck1.play", play)
    engine.set("deck1.jog.angle", 1234.5)
    deck(engine, BLOCK)
    before = position(engine)
    grab(engine)
    _, angle = turn(engine, 400, speed * BLOCK / TURN, 1234.5)
    deck(engine, RATE // 4)  # at rest: it has caught up
    assert position(engine) == pytest.approx(before + (angle - 1234.5) * TURN, abs=0.01)


def test_a_moved_platter_sounds_like_its_speed():
    engine = deck_on(sine(1000.0, 16.0))
    engine.do("deck1.seek", 10.0)
    grab(engine)
    heard, _ = turn(engine, 750, 0.8 * BLOCK / TURN)
    assert signals.pitch(heard[0, RATE // 4 :], 800.0) == pytest.approx(800.0, abs=0.1)
    assert signals.level_at(heard[0, RATE // 4 :], 800.0) == pytest.approx(0.5, rel=0.02)


def test_to_and_fro_ends_where_it_began():
    engine = playing(SLOW)
    deck(engine, BLOCK * 3000)
    before = position(engine)
    engine.set("deck1.jog.touch", 1)
    for block in range(4000):
        engine.set("deck1.jog.angle", 0.3 * np.sin(block / 30))
        deck(engine, BLOCK)
    engine.set("deck1.jog.angle", 0.0)
    deck(engine, RATE // 2)
    assert position(engine) == pytest.approx(before, abs=0.01)


def test_a_platter_at_rest_is_silent_without_a_constant_left():
    engine = playing(signals.stereo(np.full(30 * RATE, 0.5)))
    deck(engine, RATE)
    engine.set("deck1.jog.touch", 1)
    heard = deck(engine, 2 * RATE)
    assert np.abs(heard[:, RATE // 5 :]).max() < 1e-6
    assert np.abs(heard[:, RATE:]).max() < 1e-9
    assert engine.get("deck1.play") == 1


def test_let_go_the_deck_comes_up_to_speed_and_plays_on():
    engine = playing(SLOW, tempo=4.0)
    deck(engine, RATE)
    engine.set("deck1.jog.touch", 1)
    deck(engine, RATE)
    rest = position(engine)
    engine.set("deck1.jog.touch", 0)
    heard = deck(engine, RATE // 2)
    assert engine.get("deck1.speed") == pytest.approx(1.04)
    missed = 1.04 * RATE / 2 - (position(engine) - rest)
    assert 0 < missed < 0.05 * RATE
    assert largest_step(heard) < most_allowed(SLOW)


def test_let_go_while_paused_it_stays_there_in_silence():
    engine = deck_on(SLOW)
    engine.do("deck1.seek", 1.0)
    deck(engine, BLOCK)
    grab(engine)
    turn(engine, 100, BLOCK / TURN)
    engine.set("deck1.jog.touch", 0)
    deck(engine, FADE + BLOCK)
    where = position(engine)
    assert not deck(engine, RATE).any()
    assert position(engine) == where


def test_scratching_makes_no_step_however_the_hand_moves():
    """The platter may turn at up to 32 times the speed; 23 Hz then still moves only 0.067 a frame."""
    engine = playing(SLOW)
    deck(engine, BLOCK * 5000)
    engine.set("deck1.jog.touch", 1)
    random = np.random.default_rng(2)
    heard, angle = [], 0.0
    for _ in range(1500):
        angle += random.normal(0, 1.0) * 3 * BLOCK / TURN
        engine.set("deck1.jog.angle", angle)
        heard.append(deck(engine, BLOCK))
    heard = np.concatenate(heard, axis=1)
    assert largest_step(heard) < 12 * largest_step(SLOW) + 0.7 / BLOCK


def test_a_leap_of_the_platter_is_followed_without_ringing():
    engine = deck_on(SLOW)
    engine.do("deck1.seek", 10.0)
    engine.set("deck1.jog.touch", 1)
    deck(engine, BLOCK * 10)
    engine.set("deck1.jog.angle", 1.0)
    places = []
    for _ in range(750):
        deck(engine, BLOCK)
        places.append(position(engine))
    goal = 10 * RATE + TURN
    assert max(places) < goal + 0.08 * TURN
    assert places[-1] == pytest.approx(goal, abs=0.01)


def test_a_scratch_within_a_loop_goes_round_with_it():
    engine = playing(SLOW)
    engine.do("deck1.grid", [120.0, 0.0])
    deck(engine, BLOCK * 750)
    engine.do("deck1.loop.beats", 0.5)
    grab(engine)
    angle = 0.0
    for speed in (3.0, -3.0, 1.5, -0.7):
        for _ in range(8):
            _, angle = turn(engine, 100, speed * BLOCK / TURN, angle)
            assert 2 * BEAT - 4 * FADE <= position(engine) <= 2.5 * BEAT + 4 * FADE


def test_a_platter_turned_to_and_fro_across_the_loops_start_stays_in_the_loop():
    engine = playing(SLOW)
    engine.do("deck1.grid", [120.0, 0.0])
    deck(engine, BLOCK * 750)
    engine.do("deck1.loop.beats", 0.5)
    engine.set("deck1.jog.touch", 1)
    for block in range(1500):
        engine.set("deck1.jog.angle", 0.01 * np.sin(block / 5.0))
        deck(engine, BLOCK)
    turn(engine, 400, -BLOCK / TURN)
    assert 2 * BEAT - 4 * FADE <= position(engine) <= 2.5 * BEAT + 4 * FADE


def test_the_platter_can_be_pushed_against_the_start_and_pulled_back_in():
    engine = deck_on(SLOW)
    engine.do("deck1.seek", 0.1)
    grab(engine)
    _, angle = turn(engine, 400, -2 * BLOCK / TURN)
    assert position(engine) <= BLOCK
    heard, _ = turn(engine, 400, BLOCK / TURN, angle)
    assert position(engine) > 0.4 * RATE
    assert heard[:, -1000:].any()


@pytest.mark.parametrize("action", [("deck1.seek", 12.0), ("deck1.hotcue.1.go", 1.0), ("deck1.beatjump", 16.0)])
def test_a_jump_under_the_hand_stays_where_it_jumped(action):
    engine = playing(SLOW)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.hotcue.1.at", [12.0, 0.0])
    deck(engine, BLOCK * 3000)
    engine.set("deck1.jog.touch", 1)
    deck(engine, RATE // 2)
    before = position(engine)
    engine.do(*action)
    heard = deck(engine, RATE // 2)
    goal = before + 16 * BEAT if "beatjump" in action[0] else 12.0 * RATE
    assert position(engine) == pytest.approx(goal, abs=2)
    assert largest_step(heard) < most_allowed(SLOW)


@pytest.mark.parametrize("play", [0, 1])
def test_key_lock_and_scratch_do_not_disturb_each_other(play):
    engine = deck_on(sine(440.0, 16.0), keylock=1, tempo=6.0)
    engine.do("deck1.seek", 5.0)
    engine.set("deck1.play", play)
    heard = [deck(engine, BLOCK * 100)]
    before = position(engine)
    heard.append(grab(engine))
    sound, _ = turn(engine, 300, -BLOCK / TURN)
    heard.append(sound)
    assert engine.get("deck1.stretching") == 0
    heard.append(deck(engine, RATE // 4))
    assert position(engine) == pytest.approx(before - 300 * BLOCK, abs=1)
    engine.set("deck1.jog.touch", 0)
    heard.append(deck(engine, RATE // 2))
    assert engine.get("deck1.stretching") == play
    assert largest_step(np.concatenate(heard, axis=1)) < most_allowed(sine(440.0, 1.0), speed=1.2, fades=2)
