"""A deck's transport: exact playback, no clicks at any event, the same sound every time, an honest journal."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.engine.offline import OfflineEngine
from device.panel import controls
from dsp_cython.names import OPS, VALUE_NAMES
from tests import signals
from tests.signals import FADE, RATE, deck, deck_on, largest_step, most_allowed, playing, position, ramp, sine

BEND_RANGE = 0.08
# Slow and large: its own step is tiny, so that any break in the output stands out.
SLOW = sine(23.0, 12.0, 0.7)
MID = sine(440.0, 12.0, 0.5)


def around(engine, event, before=960, after=4800):
    """The deck's output around an event."""
    first = deck(engine, before)
    event(engine)
    return np.concatenate([first, deck(engine, after)], axis=1)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_playback_at_unity_is_bit_exact_after_the_fade_in(rate):
    material = signals.noise(1.0, rate=rate)
    heard = deck(playing(material, rate), rate // 2)
    assert np.array_equal(heard[:, FADE:], material[:, FADE : heard.shape[1]])


def test_main_is_the_deck_delayed_bit_for_bit_when_everything_is_at_its_default():
    material = signals.noise(1.0, 0.05)
    engine = playing(material)
    out = engine.render(24000)
    late = engine.engine.delay
    assert np.array_equal(out[:2, late + FADE :], material[:, FADE : out.shape[1] - late])


def test_the_fade_in_is_a_raised_cosine_of_four_milliseconds():
    material = signals.stereo(np.full(9600, 0.5))
    heard = deck(playing(material), 960)[0]
    expected = 0.5 * (0.5 - 0.5 * np.cos(np.pi * (np.arange(FADE) + 0.5) / FADE))
    assert np.abs(heard[:FADE] - expected).max() < 1e-6
    assert (heard[FADE:] == 0.5).all()


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("tempo", [0.0, 8.0, -8.0, 50.0, -50.0, 100.0, -99.0])
def test_the_position_moves_by_the_speed(rate, tempo):
    engine = playing(ramp(4.0, rate), rate, tempo=tempo)
    deck(engine, 64 * 500)
    assert position(engine) == pytest.approx(64 * 500 * (1 + tempo / 100), abs=1e-3)
    assert engine.get("deck1.speed") == pytest.approx(1 + tempo / 100)


def test_at_minus_100_percent_the_deck_stands_still_and_is_silent():
    engine = playing(SLOW)
    deck(engine, 9600)
    engine.set("deck1.tempo", -100)
    deck(engine, FADE + 64)
    where = position(engine)
    assert not deck(engine, 9600).any()
    assert position(engine) == where


def test_reverse_plays_the_track_backwards_bit_for_bit():
    material = signals.noise(2.0)
    engine = deck_on(material, reverse=1)
    engine.do("deck1.seek", 1.0)
    engine.set("deck1.play", 1)
    heard = deck(engine, 24000)
    assert np.array_equal(heard[:, FADE:], material[:, RATE - 24000 + 1 : RATE + 1][:, ::-1][:, FADE:])
    assert position(engine) == RATE - 24000


def test_bend_is_eight_percent_at_full_travel_either_way():
    for bend in (1.0, -1.0, 0.25):
        engine = playing(ramp(4.0), bend=bend)
        deck(engine, 6400)
        assert position(engine) == pytest.approx(6400 * (1 + BEND_RANGE * bend), abs=1e-3)


EVENTS = {
    "stop": lambda e: e.set("deck1.play", 0),
    "seek": lambda e: e.do("deck1.seek", 5.013),
    "seek to the start": lambda e: e.do("deck1.seek", 0.0),
    "beat jump on": lambda e: e.do("deck1.beatjump", 1),
    "beat jump back": lambda e: e.do("deck1.beatjump", -1),
    "hot cue": lambda e: e.do("deck1.hotcue.1.go"),
    "cue": lambda e: e.do("deck1.cue", 1),
    "reverse": lambda e: e.set("deck1.reverse", 1),
    "loop": lambda e: e.do("deck1.loop.beats", 0.25),
    "roll": lambda e: e.do("deck1.loop.roll", 0.25),
    "saved loop": lambda e: e.do("deck1.hotcue.2.go"),
    "touch": lambda e: e.set("deck1.jog.touch", 1),
    "eject": lambda e: e.do("deck1.eject"),
    "load": lambda e: e.load_array(1, -SLOW, serial=99),
    "tempo up": lambda e: e.set("deck1.tempo", 100),
    "tempo down": lambda e: e.set("deck1.tempo", -100),
    "bend": lambda e: e.set("deck1.bend", -1),
    "key-lock at unity": lambda e: e.set("deck1.keylock", 1),
}


@pytest.mark.parametrize("tempo", [0.0, 7.3])
@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("material", [SLOW, MID], ids=["slow", "mid"])
def test_no_event_makes_a_larger_step_than_the_material_and_its_fade(material, name, tempo):
    """The material may move twice as fast (tempo up); the fade adds its own slope (see signals.most_allowed)."""
    engine = playing(material, tempo=tempo)
    engine.do("deck1.grid", [127.0, 0.0131])
    engine.do("deck1.hotcue.1.at", [2.7113, 0.0])
    engine.do("deck1.hotcue.2.at", [1.9997, 0.1])
    deck(engine, 64 * 701)
    heard = around(engine, EVENTS[name])
    assert largest_step(heard) < most_allowed(material, speed=2.0 if name == "tempo up" else 1 + tempo / 100)
    if name == "load":
        assert not heard[:, -1000:].any()


@pytest.mark.parametrize("period", [16, 64])
@pytest.mark.parametrize("name", EVENTS)
def test_in_a_constant_no_event_moves_faster_than_a_fade_of_four_milliseconds(name, period):
    """The strictest material: it has no step of its own, and no place in it sounds different from another."""
    flat = signals.stereo(np.full(RATE * 6, 0.5))
    engine = playing(flat, period=period)
    engine.do("deck1.grid", [127.0, 0.0131])
    engine.do("deck1.hotcue.1.at", [2.7113, 0.0])
    engine.do("deck1.hotcue.2.at", [1.9997, 0.1])
    deck(engine, 64 * 701)
    heard = around(engine, EVENTS[name])
    if name == "load":
        heard = heard[:, :-1]
    assert largest_step(heard) < 1.02 * 0.5 * signals.STEEPEST


def test_play_and_stop_pressed_faster_than_the_fades_make_no_step():
    engine = deck_on(SLOW)
    engine.do("deck1.seek", 1.0)
    heard = []
    for press in range(40):
        engine.set("deck1.play", press % 2 == 0)
        heard.append(deck(engine, 64))
    assert largest_step(np.concatenate(heard, axis=1)) < most_allowed(SLOW, fades=3)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(4, 40)), min_size=2, max_size=8))
@example(data=[("beat jump on", 4), ("touch", 4), ("load", 4)])
def test_no_sequence_of_events_makes_a_step(data):
    engine = playing(SLOW)
    engine.do("deck1.grid", [127.0, 0.0131])
    engine.do("deck1.hotcue.1.at", [2.7113, 0.0])
    engine.do("deck1.hotcue.2.at", [1.9997, 0.1])
    heard = [deck(engine, 64 * 50)]
    for number, (name, blocks) in enumerate(data):
        if name == "load":
            engine.load_array(1, -SLOW, serial=100 + number)
            engine.set("deck1.play", 1)
        else:
            EVENTS[name](engine)
        heard.append(deck(engine, 64 * blocks))
    heard = np.concatenate(heard, axis=1)
    # fades of neighbouring events overlap, and a loop may be short after many of them
    assert largest_step(heard) < most_allowed(SLOW, speed=2.1, fades=3)


def test_the_end_of_the_track_stops_the_deck_without_a_step():
    loud = signals.stereo(np.full(RATE, 0.5))
    whole = signals.noise(1.0)
    engine = playing(whole)
    heard = deck(engine, 2 * RATE)
    assert np.array_equal(heard[:, FADE:RATE], whole[:, FADE:])
    assert not heard[:, RATE + 64 :].any()
    assert engine.get("deck1.play") == 0
    assert position(engine) == RATE
    engine = playing(loud, tempo=30.0)  # a track that ends in full sound: the edge is the material's own
    assert np.abs(deck(engine, RATE)).max() < 0.6


def test_reverse_into_the_start_stops_the_deck_there():
    engine = deck_on(MID, reverse=1)
    engine.do("deck1.seek", 0.25)
    engine.set("deck1.play", 1)
    deck(engine, RATE)
    assert (engine.get("deck1.play"), position(engine)) == (0, 0)


def test_play_at_the_end_starts_again_at_the_cue_point():
    engine = playing(MID[:, :RATE])
    engine.do("deck1.cue.at", 0.5)
    deck(engine, 2 * RATE)
    engine.set("deck1.play", 1)
    deck(engine, 640)
    assert position(engine) == RATE // 2 + 640


@pytest.mark.parametrize("keylock", [0, 1])
def test_a_jump_anywhere_is_never_silent_for_longer_than_the_fade(keylock):
    material = signals.noise(60.0, 0.2)
    engine = playing(material, keylock=keylock, tempo=4.0 * keylock)
    random = np.random.default_rng(5)
    deck(engine, 9600)
    for place in random.uniform(0, 58, 8):
        engine.do("deck1.seek", place)
        heard = deck(engine, 4800)
        loudness = np.convolve(np.abs(heard[0]), np.ones(48) / 48, "valid")
        assert loudness.min() > 0.03
        assert largest_step(heard) < largest_step(material) + 0.01


def test_position_duration_and_readiness_are_reported():
    engine = deck_on(MID)
    engine.render(64)
    assert engine.get("deck1.serial") == 1
    assert engine.get("deck1.ready") == 1
    assert engine.get("deck1.duration") == 12.0
    engine.do("deck1.eject")
    engine.render(64)
    assert [engine.get(f"deck1.{name}") for name in ("serial", "ready", "duration", "play")] == [0, 0, 0, 0]


def test_rendering_leaves_the_arithmetic_of_its_caller_alone():
    """The audio thread flushes the smallest numbers to zero; Python's own thread must not go on doing so."""
    playing(MID).render(64)
    smallest = float("5e-324")
    assert smallest * 1.0 > 0.0


def test_an_empty_deck_takes_every_action_and_stays_silent():
    engine = OfflineEngine()
    for name, row in controls.table().items():
        if name.startswith("deck1.") and row.kind in ("action", "switch") and not name.endswith(".load"):
            engine.do(name, {"number": 3.0, "pair": [1.0, 2.0]}.get(row.argument, 1.0))
    assert not engine.render(9600).any()


def test_a_track_of_no_frames_plays_nothing_and_stops():
    engine = playing(np.zeros((2, 0), np.float32))
    assert not deck(engine, 9600).any()
    assert engine.get("deck1.play") == 0


# Things that happen at frames which every period up to 1024 divides.
SCRIPT = {
    0: [("deck1.play", 1), ("deck2.play", 1), ("deck2.tempo", 6.5)],
    4096: [("deck2.keylock", 1), ("deck1.loop.beats", 0.25)],
    12288: [("deck1.slip", 1), ("deck1.reverse", 1), ("mixer.ch2.filter", 0.6)],
    20480: [("deck1.reverse", 0), ("deck2.seek", 3.0), ("mixer.ch1.eq_low", -26)],
    28672: [("deck2.tempo", -5.0), ("mixer.crossfader", 0.4), ("deck1.loop.exit", 1)],
    36864: [("deck2.reverse", 1), ("mixer.eq_mode", 1), ("mixer.main", 9)],
}


def perform(period):
    engine = OfflineEngine(RATE, period)
    for number in (1, 2):
        engine.load_array(number, signals.music(8.0, seed=number))
        engine.do(f"deck{number}.grid", [120.0 + number, 0.01])
    heard = []
    for frame in range(0, 49152, 4096):
        for name, value in SCRIPT.get(frame, []):
            engine.set(name, value) if name in VALUE_NAMES else engine.do(name, value)
        heard.append(engine.render(4096))
    return np.concatenate(heard, axis=1)


def test_two_renders_are_bit_identical_and_the_period_does_not_matter():
    reference = perform(64)
    assert reference[:2].any()
    for period in (64, 128, 256, 512, 1024):
        assert np.array_equal(perform(period), reference), period


@pytest.mark.slow
def test_every_period_that_a_block_divides_works_and_others_are_refused():
    material = signals.noise(1.0)
    for period in range(16, 1025):
        engine = OfflineEngine(RATE, period)
        if any(period % block == 0 for block in range(16, 65)):
            if period % 37 in (0, 5, 9) or period < 70:
                engine.load_array(1, material)
                engine.set("deck1.play", 1)
                heard = deck(engine, 3000)
                assert np.array_equal(heard[:, FADE:], material[:, FADE : heard.shape[1]]), period
                assert 16 <= engine.engine.block <= 64
                assert period % engine.engine.block == 0
        else:
            with pytest.raises(ValueError, match=f"divides a period of {period}"):
                engine.render(period)
    for period in range(1, 16):
        with pytest.raises(ValueError, match="divides"):
            OfflineEngine(RATE, period).render(period)


def test_a_change_of_the_period_while_playing_changes_nothing():
    material = signals.noise(2.0)
    engine = playing(material)
    heard = []
    for period in (64, 256, 48, 1024, 16, 100, 64):
        engine.period = period
        heard.append(deck(engine, 2 * period))
    heard = np.concatenate(heard, axis=1)
    assert np.array_equal(heard[:, FADE:], material[:, FADE : heard.shape[1]])


TRAVEL = st.lists(st.integers(0, 1000), min_size=len(VALUE_NAMES), max_size=len(VALUE_NAMES))


@settings(max_examples=25, deadline=None)
@given(travel=TRAVEL)
def test_silence_in_gives_exact_silence_out_wherever_the_controls_are(travel):
    engine = OfflineEngine()
    for number in (1, 2, 3, 4):
        engine.load_array(number, np.zeros((2, 48000), np.float32))
        engine.set(f"deck{number}.play", 1)
    for name, part in zip(VALUE_NAMES, travel, strict=True):
        row = controls.table()[name]
        value = row.low + part / 1000 * (row.high - row.low)
        engine.set(name, round(value) if row.taper == "steps" else value)
    assert not engine.render(9600).any()


def test_three_seconds_after_the_sound_everything_is_exactly_zero():
    engine = OfflineEngine()
    engine.set("mixer.resonance", 1.0)
    for number in (1, 2, 3, 4):
        engine.load_array(number, signals.noise(2.0, 0.3, number))
        engine.set(f"deck{number}.play", 1)
        engine.set(f"deck{number}.keylock", number % 2)
        engine.set(f"deck{number}.tempo", 3.0)
        engine.set(f"mixer.ch{number}.eq_low", (6, -26, 3, 0)[number - 1])
        engine.set(f"mixer.ch{number}.filter", (0.1, -0.9, 0.9, 0.0)[number - 1])
        engine.set(f"mixer.ch{number}.cue", 1)
    engine.render(RATE)
    for number in (1, 2, 3, 4):
        engine.set(f"deck{number}.play", 0)
    engine.render(3 * RATE)
    assert not engine.render(RATE // 2).any()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -1e30])
def test_hostile_numbers_in_shared_memory_are_ignored(value):
    material = signals.noise(2.0, 0.1)
    slots = controls.slots("value")
    expected = playing(material).render(9600)
    engine = playing(material)
    for name in VALUE_NAMES:
        engine._values[slots[name]] = value
    assert np.array_equal(engine.render(9600), expected)
    for name in VALUE_NAMES:
        engine._values[slots[name]] = controls.table()[name].default
    assert np.isfinite(engine.render(9600)).all()


def test_values_that_are_between_the_choices_do_no_harm():
    engine = playing(signals.noise(2.0, 0.1))
    slots = controls.slots("value")
    for name in VALUE_NAMES:
        row = controls.table()[name]
        engine._values[slots[name]] = row.low + 0.37 * (row.high - row.low)
    heard = engine.render(48000)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() < 32


@pytest.mark.parametrize("name", ["seek", "beatjump", "loop.beats", "loop.roll", "cue.at", "grid", "loop.at"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e300])
def test_hostile_numbers_in_a_command_cannot_break_the_engine(name, value):
    """The panel refuses them; the engine does not rely on it."""
    engine = playing(MID)
    engine.do("deck1.grid", [120.0, 0.0])
    deck(engine, 640)
    try:
        engine.engine.command(OPS.index(name), 0, 0, value, value)
    except ValueError:
        return
    assert np.isfinite(deck(engine, 6400)).all()
    engine.do("deck1.loop.exit")
    engine.do("deck1.seek", 1.0)
    engine.set("deck1.play", 1)
    assert np.isfinite(deck(engine, 6400)).all()
    assert 0 <= position(engine) <= MID.shape[1]
