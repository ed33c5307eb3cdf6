"""The engine's optional parts: what this build has, and by what name a missing one is told."""

import importlib
from types import ModuleType

# module of dsp_cython: (what it is built on, what is missing without it)
OPTIONAL = {
    "jack_client": ("libjack (libjack-jackd2-dev)", "live sound"),
    "rubberband": ("Rubber Band (librubberband-dev)", "key-lock and key shift"),
    "flac": ("libFLAC (libflac-dev)", "recording as FLAC"),
}


def optional(name: str) -> ModuleType | None:
    """The part, or None when this build lacks it."""
    try:
        return importlib.import_module(f"dsp_cython.{name}")
    except ImportError:
        return None


def missing() -> list[str]:
    """A sentence for each part that this build lacks."""
    return [
        f"not available: {lacks}; the engine was built without {library}: "
        "run provisioning/install.sh, then `make clean setup`"
        for name, (library, lacks) in OPTIONAL.items()
        if optional(name) is None
    ]


def stretcher() -> object | None:
    """The capsule of the key-lock's stretcher, or None."""
    part = optional("rubberband")
    return part.api() if part else None


def flac_encoder() -> object | None:
    """The capsule of the FLAC encoder, or None."""
    part = optional("flac")
    return part.encoder() if part else None
