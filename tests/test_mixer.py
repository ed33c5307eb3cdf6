"""The mixer: laws of its faders, where each channel goes, and no noise from any control."""

import numpy as np
import pytest

from device.engine.offline import OfflineEngine
from device.panel import controls
from dsp_cython.names import OUTPUT_NAMES, VALUE_NAMES
from tests.signals import RATE, db, largest_step, level_at, playing, rms, sine

LOUD = 0.1
MAIN, BOOTH, PHONES = (slice(row, row + 2) for row in (0, 2, 4))
TONES = {1: 300.0, 2: 500.0, 3: 700.0, 4: 1100.0}


def desk(seconds=3.0, decks=(1,), period=64, **values):
    """An engine with a tone of its own on each of `decks`; values are named `mixer.…` without that, `__` for a dot."""
    engine = OfflineEngine(RATE, period)
    for number in decks:
        engine.load_array(number, sine(TONES[number], seconds, LOUD))
        engine.set(f"deck{number}.play", 1)
    for name, value in values.items():
        engine.set("mixer." + name.replace("__", "."), value)
    return engine


def levels(engine, outputs=MAIN, settle=0.2, seconds=0.2):
    """Each deck's amplitude against its own, left and right, after `settle` seconds."""
    engine.render(round(settle * RATE))
    heard = engine.render(round(seconds * RATE))[outputs]
    angles = [2 * np.pi * hertz * np.arange(heard.shape[1]) / RATE for hertz in TONES.values()]
    basis = np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)
    found = np.linalg.lstsq(basis, heard.T.astype(np.float64), rcond=-1)[0]
    return {number: np.hypot(found[2 * k], found[2 * k + 1]) / LOUD for k, number in enumerate(TONES)}


def level(engine, number=1, outputs=MAIN):
    return float(levels(engine, outputs)[number][0])


LAWS = {0: lambda x: x * x, 1: lambda x: x, 2: lambda x: min(1.0, x / 0.2)}


@pytest.mark.parametrize("curve", LAWS)
def test_the_channel_fader_follows_its_law(curve):
    for travel in (0.0, 0.05, 0.1, 0.25, 0.5, 0.9, 1.0):
        found = level(desk(fader_curve=curve, ch1__fader=travel, ch1__assign=0))
        assert found == pytest.approx(LAWS[curve](travel), abs=1e-5)


def test_a_closed_fader_is_silence():
    engine = desk(ch1__fader=0.0)
    assert not engine.render(RATE)[MAIN].any()


def full(away):
    return 1.0 if away <= 0.5 else np.cos((away - 0.5) * np.pi)


CROSSFADES = {0: full, 1: lambda away: np.cos(away * np.pi / 2), 2: lambda away: min(1.0, (1 - away) / 0.03)}


@pytest.mark.parametrize("curve", CROSSFADES)
def test_the_crossfader_follows_its_curve_on_both_sides(curve):
    for at in (-1.0, -0.9, -0.5, 0.0, 0.25, 0.7, 0.97, 1.0):
        found = levels(desk(decks=(1, 2), crossfader_curve=curve, crossfader=at, ch1__assign=1, ch2__assign=2))
        for number, away in ((1, (at + 1) / 2), (2, (1 - at) / 2)):
            wanted = 0.0 if away >= 1 else CROSSFADES[curve](away)
            assert found[number][0] == pytest.approx(wanted, abs=1e-5)


def test_constant_power_is_constant():
    for at in np.linspace(-1, 1, 9):
        found = levels(desk(decks=(1, 2), crossfader_curve=1, crossfader=float(at), ch1__assign=1, ch2__assign=2))
        assert found[1][0] ** 2 + found[2][0] ** 2 == pytest.approx(1.0, abs=1e-4)


def test_at_its_ends_the_crossfader_is_exactly_on_or_off():
    for curve in CROSSFADES:
        engine = desk(crossfader=1.0, crossfader_curve=curve, ch1__assign=1)
        assert not engine.render(RATE)[MAIN].any()
        engine = desk(crossfader=-1.0, crossfader_curve=curve, ch1__assign=1)
        out = engine.render(RATE)
        late = engine.engine.delay
        assert np.array_equal(out[0, 200 + late :], sine(300.0, 3.0, LOUD)[0, 200 : RATE - late])


def test_channels_are_assigned_to_a_to_b_or_to_neither():
    for assign, at, wanted in ((0, 1.0, 1), (0, -1.0, 1), (1, -1.0, 1), (1, 1.0, 0), (2, 1.0, 1), (2, -1.0, 0)):
        assert level(desk(ch1__assign=assign, crossfader=at)) == pytest.approx(wanted, abs=1e-5)
    table = controls.table()
    assert [table[f"mixer.ch{n}.assign"].default for n in (1, 2, 3, 4)] == [1, 2, 1, 2]


@pytest.mark.parametrize("decibel", [-25.9, -12.0, -6.0, 0.0, 6.0, 12.0])
def test_trim_and_main_are_in_decibels(decibel):
    assert db(level(desk(ch1__trim=decibel, limiter=0))) == pytest.approx(decibel, abs=0.001)
    assert db(level(desk(main=decibel, limiter=0))) == pytest.approx(decibel, abs=0.001)


@pytest.mark.parametrize("name", ["ch1__trim", "main"])
def test_the_lowest_value_is_silence(name):
    low = controls.table()["mixer." + name.replace("__", ".")].low
    assert not desk(**{name: low}).render(RATE)[MAIN].any()
    for output, value in ((BOOTH, "booth"), (PHONES, "phones__level")):
        assert not desk(ch1__cue=1, **{value: -60.0}).render(RATE)[output].any()


def test_all_four_channels_are_summed():
    found = levels(desk(decks=(1, 2, 3, 4), ch3__fader=0.5, crossfader=0.0))
    assert [round(float(found[n][0]), 4) for n in (1, 2, 3, 4)] == [1, 1, 0.25, 1]


def test_left_stays_left():
    engine = OfflineEngine()
    material = sine(300.0, 2.0, LOUD)
    material[1] = 0
    for number in (1, 2):
        engine.load_array(number, material[:: 1 if number == 1 else -1])
        engine.set(f"deck{number}.play", 1)
    engine.set("mixer.crossfader", -1)
    engine.set("mixer.ch1.eq_low", -3.0)
    engine.set("mixer.ch1.filter", -0.2)
    heard = engine.render(RATE)
    assert heard[0].any()
    assert not heard[1].any()


def test_the_decks_leave_by_outputs_of_their_own_before_the_faders():
    engine = desk(decks=(1, 2, 3, 4), ch1__fader=0.0, main=-60.0)
    heard = engine.render(RATE)
    for number, hertz in TONES.items():
        rows = [OUTPUT_NAMES.index(f"deck{number}_{side}") for side in ("left", "right")]
        assert np.array_equal(heard[rows, 200:], sine(hertz, 3.0, LOUD)[:, 200:RATE])


def test_booth_has_a_level_of_its_own():
    for main, booth in ((0.0, -6.0), (-60.0, 3.0), (6.0, -60.0)):
        engine = desk(main=main, booth=booth, limiter=0)
        wanted = 0.0 if booth == -60 else 10 ** (booth / 20)
        assert level(engine, outputs=BOOTH) == pytest.approx(wanted, abs=1e-4)
        assert level(engine) == pytest.approx(0.0 if main == -60 else 10 ** (main / 20), abs=1e-4)


def test_the_headphones_blend_cue_and_main():
    for mix, cued, mixed in ((0.0, 1, 0), (1.0, 0, 1), (0.5, 0.5, 0.5), (0.2, 0.8, 0.2)):
        engine = desk(decks=(1, 2), ch1__cue=1, ch1__fader=0.0, phones__mix=mix, phones__level=0.0)
        found = levels(engine, PHONES)
        assert found[1][0] == pytest.approx(cued, abs=1e-4)
        assert found[2][0] == pytest.approx(mixed, abs=1e-4)


def test_cue_is_heard_before_the_fader_and_after_trim_and_eq():
    engine = desk(ch1__cue=1, ch1__fader=0.0, ch1__trim=-6.0, phones__mix=0.0, phones__level=0.0)
    assert db(level(engine, outputs=PHONES)) == pytest.approx(-6.0, abs=0.01)
    engine = desk(ch1__cue=1, ch1__eq_low=-26.0, ch1__eq_mid=-26.0, phones__mix=0.0, phones__level=0.0)
    assert level(engine, outputs=PHONES) < 1e-4


def test_split_cue_puts_cue_left_and_main_right_in_mono():
    engine = desk(decks=(1, 2), ch1__cue=1, ch1__fader=0.0, phones__split=1, phones__level=0.0)
    found = levels(engine, PHONES)
    assert found[1] == pytest.approx([1, 0], abs=1e-4)
    assert found[2] == pytest.approx([0, 1], abs=1e-4)


def test_the_headphones_level_is_in_decibels():
    engine = desk(ch1__cue=1, phones__mix=0.0, phones__level=-11.0)
    assert db(level(engine, outputs=PHONES)) == pytest.approx(-11, abs=0.01)


THROWN = [
    name
    for name in VALUE_NAMES
    if name.startswith(("mixer.ch1.", "mixer.")) and "ch2" not in name and "ch3" not in name and "ch4" not in name
    and "mic" not in name
]  # fmt: skip


@pytest.mark.parametrize("period", [16, 64])
@pytest.mark.parametrize("name", THROWN)
def test_a_control_thrown_from_end_to_end_makes_no_step(name, period):
    """Levels ramp with a time constant of 4 ms, so nothing moves faster than 1/192 of its way a frame, sound apart."""
    row = controls.table()[name]
    engine = OfflineEngine(RATE, period)
    material = sine(150.0, 6.0, 0.12)
    engine.load_array(1, material)
    engine.set("deck1.play", 1)
    engine.set("mixer.ch1.cue", 1)
    engine.set("mixer.crossfader", 0.9)
    most = largest_step(engine.render(RATE // 4)[:6, 1000:])
    if name.startswith("mixer.limiter"):
        engine.set("mixer.main", 12)
    heard = []
    for value in (row.high, row.low, row.high, row.low):
        engine.set(name, value)
        heard.append(engine.render(6400)[:6])
    heard = np.concatenate(heard, axis=1)
    reach, gain = np.abs(heard).max(), max(1.0, np.abs(heard).max() / 0.12)
    assert largest_step(heard) < 1.1 * max(most, gain * largest_step(material)) + 4 * reach / 192


def test_controls_of_a_silent_channel_have_arrived_when_the_sound_begins():
    engine = desk(decks=())
    engine.load_array(1, sine(300.0, 2.0, LOUD))
    engine.render(640)
    engine.set("mixer.ch1.fader", 0.0)
    engine.set("deck1.play", 1)
    assert not engine.render(9600)[MAIN].any()


def test_without_a_microphone_the_mix_is_untouched_when_it_is_open():
    reference = desk().render(RATE)[MAIN]
    assert np.array_equal(desk(mic__on=1, mic__level=24.0).render(RATE)[MAIN], reference)


def test_the_peaks_of_four_loud_decks_are_summed_without_clipping_inside():
    engine = desk(decks=(1, 2, 3, 4), main=-24.0, ch1__trim=12.0, ch2__trim=12.0, ch3__trim=12.0, ch4__trim=12.0)
    found = levels(engine)
    assert [float(found[n][0]) for n in (1, 2, 3, 4)] == pytest.approx([10 ** (-12 / 20)] * 4, rel=1e-3)
    assert rms(engine.render(RATE)[MAIN]) > 0.01


def test_someone_talking_ducks_the_music_by_the_set_amount_and_lets_it_come_back():
    engine = playing(sine(440.0, 30.0, 0.3))
    engine.set("mixer.mic.on", 1)
    engine.set("mixer.mic.duck", 15)
    talk = np.zeros((2, 8 * RATE), np.float32)
    talk[:, 2 * RATE : 4 * RATE] = 0.2 * np.sin(2 * np.pi * 1500 * np.arange(2 * RATE) / RATE)
    main = engine.engine.render(8 * RATE // 64, 64, talk)[0]

    def level(start, end, hertz):
        return level_at(main[round(start * RATE) : round(end * RATE)], hertz)

    before = level(0.5, 1.9, 440)
    assert level(2.5, 3.9, 440) == pytest.approx(before * 10 ** (-15 / 20), rel=0.02)
    assert level(2.5, 3.9, 1500) == pytest.approx(0.4, rel=0.02)  # both inputs are one microphone
    assert level(7.0, 8.0, 440) == pytest.approx(before, rel=0.01)
