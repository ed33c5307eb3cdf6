"""`quality`: how clean the sound is. The same on every machine: nothing here is timed."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from device.bench import material
from device.bench.measurement import Case, Say, Settings
from device.engine import parts
from device.engine.offline import OfflineEngine

TITLE = "Sound quality at main"
COLUMNS = ()
TONES = tuple(range(1000, 11000, 1000))
TEMPO = 8.0
# Tempo in percent and a tone that it lifts beyond the band: nothing of it may fold back to where ears reach (22 kHz).
FOLDING = ((20.0, 21000.0), (50.0, 20000.0), (100.0, 16000.0), (100.0, 20000.0))
LOCKED_TEMPOS = (-16.0, -8.0, -4.0, 4.0, 8.0, 16.0)
_RATE = material.RATE
_SETTLE_SECONDS = 0.3
_TONE = 440.0
_CUTS_EACH = 6
CUTS: dict[str, tuple[tuple[str, float], ...]] = {
    "play": (("deck1.play", 0), ("deck1.play", 1)),
    "stop": (("deck1.play", 0),),
    "jump": (("deck1.seek", 2.3171),),
    "loop": (("deck1.loop.beats", 0.125),),
    "reverse": (("deck1.reverse", 1),),
}

Wave = NDArray[np.float32] | NDArray[np.float64]
_SINGULAR = 1e-15  # given, as numpy's own warns where the engine has switched denormals off in this thread


def _playing(planes: NDArray[np.float32], **values: float) -> OfflineEngine:
    engine = OfflineEngine(_RATE)
    for name, value in values.items():
        engine.set(f"deck1.{name}", value)
    engine.load_array(1, planes)
    engine.set("deck1.play", 1)
    engine.main(_SETTLE_SECONDS)
    return engine


def measure(_settings: Settings, say: Say) -> Iterator[Case]:
    """Varispeed's purity, key-lock's pitch and level, steps at cuts, and silence; all at main's output."""
    say("varispeed")
    yield from (_varispeed(hertz) for hertz in TONES)
    yield from (_folding(tempo, hertz) for tempo, hertz in FOLDING)
    if parts.stretcher() is not None:
        say("key-lock")
        yield from (_keylock(tempo) for tempo in LOCKED_TEMPOS)
    say("cuts and silence")
    yield from _steps()
    yield _silence()


def _varispeed(hertz: float) -> Case:
    wave = _playing(material.sine(hertz, 2.0), tempo=TEMPO).main(1.0)[0]
    heard = hertz * (1 + TEMPO / 100)
    return {
        "of": "varispeed",
        "tempo_percent": TEMPO,
        "tone_hz": hertz,
        "thd_n_db": thd_n(wave, heard, _RATE),
        "alias_db": strongest_other(wave, heard, _RATE),
        "level_db": decibels(split(wave, heard, _RATE)[0] / 0.5),
    }


def _folding(tempo: float, hertz: float) -> Case:
    wave = _playing(material.sine(hertz, 4.0), tempo=tempo).main(1.0)[0]
    alias = decibels(strongest(wave) / 0.5)
    return {"of": "varispeed, folding", "tempo_percent": tempo, "tone_hz": hertz, "alias_db": alias}


def _keylock(tempo: float) -> Case:
    tone = _playing(material.sine(_TONE, 6.0), tempo=tempo, keylock=1).main(2.0)[0]
    music = material.music(8.0) * np.float32(0.5)  # so that the limiter has nothing to do
    plain, locked = (_playing(music, tempo=tempo, keylock=keylock).main(4.0) for keylock in (0, 1))
    return {
        "of": "key-lock",
        "tempo_percent": tempo,
        "tone_hz": _TONE,
        "pitch_cents": cents(pitch(tone, _TONE, _RATE), _TONE),
        "level_db": decibels(rms(locked) / rms(plain)),
    }


def _largest_step(sound: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(np.asarray(sound, np.float64), axis=-1)).max())


def _steps() -> Iterator[Case]:
    """What each kind of cut adds: the largest difference of two neighbouring frames against the sound's own largest.

    The sound is a chord, whose own differences are small; each cut is made at several places of it.
    """
    chord = np.sum([material.sine(hertz, 4.0, 0.15) for hertz in (220, 1108.7, 3136)], axis=0)
    own = _largest_step(chord)
    for name, actions in CUTS.items():
        largest = 0.0
        for turn in range(_CUTS_EACH):
            engine = _playing(chord)
            engine.do("deck1.grid", [174.0, 0.0])
            engine.main(0.0101 * (turn + 1))
            for action, value in actions:
                control = engine.set if action == "deck1.reverse" else engine.do
                control(action, value)
                largest = max(largest, _largest_step(engine.main(0.2)))
        yield {"of": f"step at {name}", "step_ratio": largest / own}


def _silence() -> Case:
    """The loudest sample of four decks of silence through everything at once; nothing but 0 is right."""
    engine = OfflineEngine(_RATE)
    for deck in range(1, 5):
        engine.set(f"deck{deck}.tempo", 4.0)
        engine.set(f"deck{deck}.keylock", deck % 2)
        engine.set(f"mixer.ch{deck}.eq_low", 6.0)
        engine.set(f"mixer.ch{deck}.filter", 0.4)
        engine.load_array(deck, np.zeros((2, 2 * _RATE), np.float32))
        engine.set(f"deck{deck}.play", 1)
    return {"of": "silence", "loudest": float(np.abs(engine.render(_RATE)).max())}


def decibels(ratio: float) -> float:
    """Of an amplitude ratio; -400 for nothing."""
    return float(20 * np.log10(max(ratio, 1e-20)))


def rms(wave: Wave) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(np.asarray(wave, np.float64)))))


def split(wave: Wave, hertz: float, rate: int) -> tuple[float, NDArray[np.float64]]:
    """The amplitude of the sine of that frequency, by least squares, and what is left without it."""
    samples = np.asarray(wave, np.float64)
    angle = 2 * np.pi * hertz * np.arange(samples.size) / rate
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found, *_ = np.linalg.lstsq(basis, samples, rcond=_SINGULAR)
    return float(np.hypot(*found)), samples - basis @ found


def thd_n(wave: Wave, hertz: float, rate: int) -> float:
    """Distortion and noise: everything but the sine against it, in dB."""
    amplitude, rest = split(wave, hertz, rate)
    return decibels(rms(rest) / (amplitude / np.sqrt(2)))


def strongest(wave: Wave) -> float:
    """The amplitude of the strongest line of the spectrum."""
    window = np.blackman(wave.size) ** 2
    return float(np.abs(np.fft.rfft(wave * window)).max() / (window.sum() / 2))


def strongest_other(wave: Wave, hertz: float, rate: int) -> float:
    """The strongest line of the spectrum away from the sine (an alias, a harmonic), in dB against it."""
    amplitude, rest = split(wave, hertz, rate)
    return decibels(strongest(rest) / amplitude)


def pitch(wave: Wave, near: float, rate: int) -> float:
    """The frequency of the strongest tone within a tenth of `near`, by the advance of its phase."""
    samples = np.asarray(wave, np.float64)
    angle = 2j * np.pi * near * np.arange(samples.size) / rate
    size = rate // 10
    window = np.hanning(size)
    starts = np.arange(0, samples.size - size, size // 4)
    phases = [np.angle(np.sum(window * samples[at : at + size] * np.exp(-angle[at : at + size]))) for at in starts]
    slope = np.polyfit(starts / rate, np.unwrap(phases), 1, rcond=_SINGULAR)[0]
    return float(near + slope / (2 * np.pi))


def cents(found: float, wanted: float) -> float:
    """How far a frequency is from another, in hundredths of a semitone."""
    return float(1200 * np.log2(found / wanted))
