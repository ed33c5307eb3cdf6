"""Key-lock and key shift: right in pitch, level and time, and gone without a trace when nothing is to be shifted."""

import numpy as np
import pytest

from device.engine import parts
from tests import signals
from tests.signals import RATE, deck, deck_on, lag, largest_step, playing, position, rms, sine

pytestmark = [pytest.mark.slow, pytest.mark.skipif(parts.stretcher() is None, reason="built without Rubber Band")]

BLOCK = 64
WARM = 9600  # by then the stretched sound is heard


def cents(found, wanted):
    return 1200 * np.log2(found / wanted)


def slow(*values):
    """A case that the quick check leaves out."""
    return pytest.param(*values, marks=pytest.mark.slow)


PITCHES = [(-16.0, RATE), (8.0, RATE), *(slow(tempo, RATE) for tempo in (-50.0, -8.0, -2.0, 2.0, 16.0, 50.0))]


@pytest.mark.parametrize(
    ("tempo", "rate"), [*PITCHES, slow(8.0, 44100), slow(-8.0, 44100), slow(8.0, 96000), slow(-8.0, 96000)]
)
def test_key_lock_keeps_the_pitch_within_two_cents(tempo, rate):
    engine = playing(sine(440.0, 6.0, rate=rate), rate, keylock=1, tempo=tempo)
    deck(engine, WARM)
    assert engine.get("deck1.stretching") == 1
    assert abs(cents(signals.pitch(deck(engine, 2 * rate)[0], 440.0, rate), 440.0)) < 2


@pytest.mark.parametrize("keylock", [0, 1])
@pytest.mark.parametrize("key", [-12, slow(-7), -1, slow(0.5), slow(1), 5, 12])
def test_key_shift_moves_the_pitch_by_semitones(key, keylock):
    engine = playing(sine(440.0, 6.0), key=key, keylock=keylock, tempo=4.0)
    deck(engine, WARM)
    wanted = 440.0 * 2 ** (key / 12) * (1 if keylock else 1.04)
    assert abs(cents(signals.pitch(deck(engine, RATE)[0], wanted), wanted)) < 2


@pytest.mark.parametrize(
    ("tempo", "key"), [slow(-16, 0), (-8, 0), slow(3, 0), (8, 0), slow(16, 0), slow(0, 3), (0, -4), slow(5, 2)]
)
def test_the_level_of_music_stays_within_half_a_decibel(tempo, key):
    material = signals.music(10.0)
    plain, locked = playing(material, tempo=tempo), playing(material, tempo=tempo, keylock=1, key=key)
    sounds = []
    for engine in (plain, locked):
        deck(engine, WARM)
        sounds.append(deck(engine, 4 * RATE))
    assert abs(signals.db(rms(sounds[1]) / rms(sounds[0]))) < 0.5


def arrival(tempo, key=0.0, rate=RATE):
    """Seconds by which bursts come later with the stretcher than without."""
    material = signals.bursts(5.5, every=0.25, rate=rate)
    sounds = []
    for keylock in (0, 1):
        engine = playing(material, rate, tempo=tempo, keylock=keylock, key=key * keylock)
        deck(engine, rate // 5)
        sounds.append(deck(engine, round(4.5 * rate))[0])
    return lag(sounds[1], sounds[0], rate)


@pytest.mark.parametrize("rate", [slow(44100), 48000, slow(96000)])
@pytest.mark.parametrize("tempo", [-8.0, 8.0])
def test_what_is_stretched_is_heard_when_it_would_be_without(tempo, rate):
    assert abs(arrival(tempo, rate=rate)) < 0.001


FAR = [slow(key, rate) for key in (-5.0, 5.0) for rate in (44100, 96000)]
SHIFTS = [slow(key, RATE) for key in (-12.0, -1.0, 1.0, 12.0)]


@pytest.mark.parametrize("tempo", [-8.0, 8.0])
@pytest.mark.parametrize(("key", "rate"), [(-5.0, RATE), (5.0, RATE), *SHIFTS, *FAR])
def test_what_is_shifted_is_heard_when_it_would_be_without(key, rate, tempo):
    assert abs(arrival(tempo, key, rate)) < 0.0025


def test_key_lock_at_the_original_speed_changes_nothing():
    material = signals.noise(2.0)
    engine = playing(material)
    heard = []
    for press in range(10):
        engine.set("deck1.keylock", press % 2)
        heard.append(deck(engine, BLOCK * 100))
    heard = np.concatenate(heard, axis=1)
    assert np.array_equal(heard[:, signals.FADE :], material[:, signals.FADE : heard.shape[1]])
    assert engine.get("deck1.stretching") == 0


@pytest.mark.parametrize("tempo", [-8.0, 8.0])
def test_key_lock_on_and_off_moves_nothing_in_time_and_makes_no_step(tempo):
    material = sine(220.0, 12.0)
    engine = playing(material, tempo=tempo)
    heard = []
    for press in range(12):
        engine.set("deck1.keylock", press % 2)
        heard.append(deck(engine, BLOCK * 97))
        assert position(engine) == pytest.approx((press + 1) * BLOCK * 97 * (1 + tempo / 100), abs=1e-3)
    # the two sounds differ in phase, so their crossfade may take the whole range of the sine
    assert largest_step(np.concatenate(heard, axis=1)) < signals.most_allowed(material, 1.1, fades=2)


EVENTS = {
    "seek": lambda e: e.do("deck1.seek", 5.0123),
    "hot cue": lambda e: e.do("deck1.hotcue.1.go"),
    "beat jump": lambda e: e.do("deck1.beatjump", -1),
    "stop": lambda e: e.set("deck1.play", 0),
    "cue": lambda e: e.do("deck1.cue", 1),
    "reverse": lambda e: e.set("deck1.reverse", 1),
    "loop": lambda e: e.do("deck1.loop.beats", 0.25),
    "short loop": lambda e: e.do("deck1.loop.beats", 1 / 32),
    "long loop": lambda e: e.do("deck1.loop.beats", 2),
    "roll": lambda e: e.do("deck1.loop.roll", 0.5),
    "load": lambda e: e.load_array(1, signals.sine(330.0, 3.0), serial=9),
    "eject": lambda e: e.do("deck1.eject"),
    "touch": lambda e: e.set("deck1.jog.touch", 1),
    "tempo through zero": lambda e: e.set("deck1.tempo", -3.0),
    "tempo to nothing": lambda e: e.set("deck1.tempo", 0.0),
    "tempo far down": lambda e: e.set("deck1.tempo", -60.0),
    "key": lambda e: e.set("deck1.key", 5.0),
    "bend": lambda e: e.set("deck1.bend", 1.0),
}


@pytest.mark.parametrize("name", EVENTS)
def test_no_event_under_key_lock_makes_a_step(name):
    material = sine(220.0, 12.0)
    engine = playing(material, keylock=1, tempo=6.0)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.hotcue.1.at", [8.0, 0.0])
    heard = [deck(engine, BLOCK * 700)]
    EVENTS[name](engine)
    heard.append(deck(engine, RATE))
    speed = 2 ** (5 / 12) if name == "key" else 1.2
    assert largest_step(np.concatenate(heard, axis=1)[:, :-1]) < signals.most_allowed(material, speed, fades=2)


def chirp(seconds=24.0):
    """A tone that rises 50 Hz a second from 200 Hz: its pitch tells the place."""
    at = signals.times(seconds)
    return signals.stereo(0.5 * np.sin(2 * np.pi * (200 * at + 25 * at * at)))


def place(sound):
    """Seconds into the chirp of the middle of a sound."""
    window = np.hanning(sound.size)
    spectrum = np.abs(np.fft.rfft(sound * window, 8 * sound.size))
    return (np.argmax(spectrum) * RATE / (8 * sound.size) - 200) / 50


@pytest.mark.parametrize(("reverse", "turned"), [(0, False), (1, False), (1, True), (0, True)])
@pytest.mark.parametrize("tempo", [8.0, -8.0])
def test_the_sound_is_of_the_place_that_is_told(tempo, reverse, turned):
    """Also backwards, and after the direction changed while key-lock was on."""
    engine = deck_on(chirp(), keylock=1, tempo=tempo, reverse=1 - reverse if turned else reverse)
    engine.do("deck1.seek", 12.0)
    engine.set("deck1.play", 1)
    if turned:
        deck(engine, RATE)
        engine.set("deck1.reverse", reverse)
    deck(engine, WARM)
    assert engine.get("deck1.stretching") == 1
    for _ in range(4):
        before = position(engine)
        sound = deck(engine, BLOCK * 150)[0]
        middle = (before + position(engine)) / 2 / RATE
        assert place(sound) == pytest.approx(middle, abs=0.03)
        assert (position(engine) < before) == bool(reverse)


def test_turning_round_under_key_lock_takes_effect_at_once():
    engine = deck_on(chirp(), keylock=1, tempo=8.0)
    engine.do("deck1.seek", 12.0)
    engine.set("deck1.play", 1)
    deck(engine, RATE // 64 * 64)
    before = position(engine)
    engine.set("deck1.reverse", 1)
    deck(engine, BLOCK * 10)
    assert position(engine) == pytest.approx(before - 1.08 * BLOCK * 10, abs=2 * BLOCK)


def test_after_a_jump_the_sound_is_of_the_new_place():
    engine = playing(chirp(), keylock=1, tempo=8.0)
    deck(engine, RATE)
    for there in (15.0, 3.0, 9.0):
        engine.do("deck1.seek", there)
        deck(engine, WARM)
        before = position(engine)
        sound = deck(engine, BLOCK * 150)[0]
        assert place(sound) == pytest.approx((before + position(engine)) / 2 / RATE, abs=0.03)


def test_a_jump_to_just_behind_a_loop_plays_on_there():
    """What lies before the place is inside the loop; the stretcher, fed from before it, must not turn back."""
    engine = playing(chirp(), keylock=1, tempo=8.0)
    engine.do("deck1.grid", [120.0, 0.0])
    engine.do("deck1.seek", 4.0)
    engine.do("deck1.loop.beats", 4)
    deck(engine, RATE)
    engine.do("deck1.seek", 6.005)
    deck(engine, WARM)
    for _ in range(4):
        before = position(engine)
        sound = deck(engine, BLOCK * 150)[0]
        assert before > 6.0 * RATE
        assert place(sound) == pytest.approx((before + position(engine)) / 2 / RATE, abs=0.03)


@pytest.mark.parametrize("reverse", [0, slow(1)])
@pytest.mark.parametrize("tempo", [slow(-7.0), 9.0])
def test_loops_under_key_lock_stay_on_time_over_fifty_passes(tempo, reverse):
    """By the sound: bursts in the loop come as many frames apart as the loop lasts, to the end."""
    material = signals.bursts(6.0, every=0.5)
    engine = deck_on(material, keylock=1, tempo=tempo)
    engine.do("deck1.grid", [120.0, 0.3])
    engine.do("deck1.seek", 1.3)
    engine.do("deck1.loop.beats", 1)
    engine.set("deck1.reverse", reverse)
    engine.set("deck1.play", 1)
    speed, passes = 1 + tempo / 100, 50
    wave = deck(engine, round(passes * 24000 / speed))[0]
    envelope = np.convolve(np.abs(wave), np.hanning(480), "same")
    size = round(24000 / speed)
    peaks = [turn * size + int(np.argmax(envelope[turn * size : (turn + 1) * size])) for turn in range(2, passes - 1)]
    expected = [peaks[0] + turn * 24000 / speed for turn in range(len(peaks))]
    assert np.abs(np.array(peaks) - expected).max() < 0.004 * RATE
    assert abs(signals.slope(np.arange(len(peaks)), np.array(peaks) - expected)) < 1


@pytest.mark.slow
def test_two_minutes_do_not_drift():
    tempo = 4.7
    material = signals.bursts(130.0, every=1.0)
    sounds = []
    for keylock in (0, 1):
        engine = playing(material, tempo=tempo, keylock=keylock)
        parts_heard = []
        for part in range(12):
            wave = deck(engine, 10 * RATE)[0]
            if part in (0, 11):
                parts_heard.append(wave[RATE:])
        sounds.append(parts_heard)
        assert position(engine) == pytest.approx(120 * RATE * (1 + tempo / 100), abs=1e-2)
    for plain, locked in zip(*sounds, strict=True):
        assert abs(lag(locked, plain)) < 0.001


@pytest.mark.slow
def test_a_tempo_that_never_rests_does_not_drift():
    material = signals.bursts(70.0, every=0.5)
    sounds = []
    engines = [playing(material, keylock=keylock, tempo=2.0) for keylock in (0, 1)]
    lead = 25 * BLOCK  # while locked, the speed follows the fader one lead late
    tempos = [6.0 + 4.0 * np.sin(step / 20) for step in range(15000)]
    for engine, late in zip(engines, (0, lead // BLOCK), strict=True):
        heard = []
        for step in range(0, len(tempos), 5):
            engine.set("deck1.tempo", tempos[max(0, step - 25 + late)])
            heard.append(deck(engine, 5 * BLOCK)[0])
        sounds.append(np.concatenate(heard))
    assert abs(position(engines[0]) - position(engines[1])) < 0.004 * RATE
    assert abs(lag(sounds[1][-4 * RATE :], sounds[0][-4 * RATE :])) < 0.004


def test_key_lock_is_the_same_from_run_to_run():
    material = signals.music(4.0)
    first, second = (deck(playing(material, keylock=1, tempo=3.3, key=2), 2 * RATE) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("period", [16, slow(48), slow(64), slow(100), 256, slow(1000), 1024])
def test_key_lock_works_at_every_period(period):
    engine = playing(sine(440.0, 4.0), period=period, keylock=1, tempo=8.0)
    deck(engine, WARM)
    wave = deck(engine, RATE)[0]
    assert abs(cents(signals.pitch(wave, 440.0), 440.0)) < 2
    assert signals.level_at(wave, 440.0) == pytest.approx(0.5, rel=0.06)
    assert largest_step(wave) < 1.2 * largest_step(sine(440.0, 1.0))


def test_the_end_of_the_track_under_key_lock_is_heard_and_stops_the_deck():
    material = signals.bursts(3.2, every=1.0)
    engine = playing(material, keylock=1, tempo=10.0)
    heard = deck(engine, 3 * RATE)
    assert engine.get("deck1.play") == 0
    assert position(engine) == material.shape[1]
    late = heard[0, round(2.9 / 1.1 * RATE) : round(3.1 / 1.1 * RATE)]
    assert np.abs(late).max() > 0.2
    assert not heard[:, round(3.3 / 1.1 * RATE) :].any()


def test_a_speed_that_cannot_be_stretched_plays_with_its_own_pitch():
    engine = playing(sine(440.0, 12.0), keylock=1, tempo=-75.0)
    deck(engine, WARM)
    assert engine.get("deck1.stretching") == 0
    assert signals.pitch(deck(engine, RATE)[0], 110.0) == pytest.approx(110.0, abs=0.1)


@pytest.mark.parametrize("earlier", [{"tempo": 6.0}, {"tempo": -5.0}, {"tempo": 3.0, "key": 4}], ids=str)
def test_what_a_deck_played_before_does_not_show_in_its_sound(earlier):
    """A stretcher that was used once remembers it, even after a reset: each start gets a new one."""
    sounds = []
    for before in ({}, {"keylock": 1, **earlier}):
        engine = deck_on(signals.music(12.0))
        for name, value in before.items():
            engine.set(f"deck1.{name}", value)
        engine.set("deck1.play", 1 if before else 0)
        deck(engine, 2 * RATE // 64 * 64)
        engine.set("deck1.play", 0)
        deck(engine, 2 * RATE // 64 * 64)
        engine.set("deck1.tempo", 3.0)
        engine.set("deck1.key", 0)
        engine.set("deck1.keylock", 1)
        engine.do("deck1.seek", 4.0)
        engine.set("deck1.play", 1)
        sounds.append(deck(engine, 3 * RATE))
    assert np.array_equal(sounds[0], sounds[1])
