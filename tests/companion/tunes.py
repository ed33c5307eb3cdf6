"""Music for tests of the page: short, and with something to see in its waveform, loudness and spectrum."""

import wave

import numpy as np

RATE = 44100


def write_tune(path, seconds=12, seed=1):
    """A WAV with a beat. Returns the path."""
    time = np.arange(seconds * RATE) / RATE
    beat = np.sin(2 * np.pi * 55 * time) * np.exp(-8 * (time % 0.5))
    noise = np.random.default_rng(seed).standard_normal(len(time)) * np.exp(-30 * ((time + 0.25) % 0.5)) * 0.2
    mono = np.tanh(beat + noise) * 0.7 * np.clip(time / 2, 0, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.stack([mono, mono], 1) * 32767).astype("<i2").tobytes())
    return path
