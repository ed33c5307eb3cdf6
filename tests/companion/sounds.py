"""Files for tests, made as they are needed: sounds, pictures, archives."""

import io
import wave
import zipfile

import numpy as np
from PIL import Image


def tone(seconds=2.0, hertz=997.0, level=0.5, rate=44100, channels=2):
    """Samples of a sine, shape (channels, frames)."""
    time = np.arange(round(seconds * rate)) / rate
    return np.tile(level * np.sin(2 * np.pi * hertz * time), (channels, 1)).astype(np.float32)


def wav(samples=None, rate=44100, **options):
    """A WAV file of 16 bits."""
    samples = tone(rate=rate, **options) if samples is None else samples
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(len(samples))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples.T, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def picture(kind="JPEG", size=(400, 300), colour=(200, 80, 40), **options):
    """An image file."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


def archive(files=None):
    """A ZIP file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in (files or {"project.json": b"{}"}).items():
            made.writestr(name, data)
    return out.getvalue()
