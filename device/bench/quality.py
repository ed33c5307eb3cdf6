"""`quality`: how clean the sound is. The same on every machine: nothing here is timed."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from device.bench import material, tones
from device.bench.figures import Case
from device.bench.settings import Say, Settings
from device.engine import parts
from device.engine.offline import OfflineEngine

TONES = tuple(range(1000, 11000, 1000))
TEMPO = 8.0
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
    say("measuring varispeed")
    yield from (_varispeed(hertz) for hertz in TONES)
    if parts.stretcher() is not None:
        say("measuring key-lock")
        yield from (_keylock(tempo) for tempo in LOCKED_TEMPOS)
    yield from _steps()
    yield _silence()


def _varispeed(hertz: float) -> Case:
    wave = _playing(material.sine(hertz, 2.0), tempo=TEMPO).main(1.0)[0]
    heard = hertz * (1 + TEMPO / 100)
    return {
        "of": "varispeed",
        "tempo_percent": TEMPO,
        "tone_hz": hertz,
        "thd_n_db": tones.thd_n(wave, heard, _RATE),
        "alias_db": tones.strongest_other(wave, heard, _RATE),
        "level_db": tones.decibels(tones.split(wave, heard, _RATE)[0] / 0.5),
    }


def _keylock(tempo: float) -> Case:
    tone = _playing(material.sine(_TONE, 6.0), tempo=tempo, keylock=1).main(2.0)[0]
    music = material.music(8.0) * np.float32(0.5)  # so that the limiter has nothing to do
    plain, locked = (_playing(music, tempo=tempo, keylock=keylock).main(4.0) for keylock in (0, 1))
    return {
        "of": "key-lock",
        "tempo_percent": tempo,
        "tone_hz": _TONE,
        "pitch_cents": tones.cents(tones.pitch(tone, _TONE, _RATE), _TONE),
        "level_db": tones.decibels(tones.rms(locked) / tones.rms(plain)),
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
