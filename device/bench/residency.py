"""`memory`: what the engine keeps in RAM."""

from collections.abc import Iterator
from pathlib import Path

from device.bench import material
from device.bench.box import engine, jack_server
from device.bench.figures import Case
from device.bench.settings import Say, Settings

PERIOD = 128
TRACKS = (0, 2, 4)


def measure(settings: Settings, say: Say) -> Iterator[Case]:
    """The engine's resident megabytes with no, two and four tracks; a track's samples are shared memory."""
    track = material.file(settings.cache, "mp3", settings.track, say)
    with jack_server(PERIOD) as server, engine(server) as box:
        loaded = 0
        for count in TRACKS:
            say(f"weighing the engine with {count} tracks")
            while loaded < count:
                loaded += 1
                box.load(loaded, track)
            yield {"tracks": count, "track_minutes": settings.track / 60, **megabytes(box.pid)}


def megabytes(pid: int) -> Case:
    """Resident megabytes of a process: all, its own, and shared (tracks, the panel)."""
    found = {"VmRSS": 0.0, "RssAnon": 0.0, "RssShmem": 0.0}
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) / 1024
    return {"resident_mb": found["VmRSS"], "own_mb": found["RssAnon"], "shared_mb": found["RssShmem"]}
