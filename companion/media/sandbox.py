"""Probing a file in a child process that can do no harm: what it crashes, eats or never ends costs the child alone."""

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from companion.errors import Unavailable
from companion.media.kinds import Format, Refused

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 900.0  # and one for each MiB
MOST_BYTES = 64 << 20  # of an answer
_SECOND = 0.5  # how often a caller hears that it goes on
_DAMAGED = "this file cannot be read; it may be damaged. Export or send it again"
_ENVIRON = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": os.defpath, "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Report:
    """What a probe told. facts: as JSON; blobs: files by name (`waveform`, `art-320`)."""

    facts: dict[str, Any]
    blobs: dict[str, bytes] = field(default_factory=dict)


def probe(
    path: Path,
    format_: Format,
    progress: Callable[[float], None] = lambda _share: None,
    timeout: float | None = None,
    command: tuple[str, ...] = (sys.executable, "-I", "-m", "companion.media.child"),
) -> Report:
    """Read a file as `format_`. Refused says why it is not taken; Unavailable when no child can be started.

    progress: called with 0 to 1; what it raises ends the child. command: what is started (tests start others).
    """
    with path.open("rb") as file:
        try:
            child = subprocess.Popen(
                [*command, format_.name],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=_ENVIRON,
                cwd="/",
            )
        except OSError as exc:
            raise Unavailable(f"no process could be started to look at the file: {exc.strerror}") from exc
    try:
        patience = TIMEOUT_SECONDS + (path.stat().st_size >> 20) if timeout is None else timeout
        return _listen(child, progress, time.monotonic() + patience)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def _listen(child: "subprocess.Popen[bytes]", progress: Callable[[float], None], end: float) -> Report:
    """Take lines until the last one, then the blobs."""
    assert child.stdout is not None
    buffer, share, facts, wanted = bytearray(), 0.0, None, 0
    descriptor = child.stdout.fileno()
    os.set_blocking(descriptor, False)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if time.monotonic() > end:
                raise Refused("reading this file took too long; make it smaller or simpler")
            if not selector.select(_SECOND):
                progress(share)
                continue
            piece = os.read(descriptor, 1 << 20)
            buffer += piece
            if len(buffer) > MOST_BYTES:
                raise Refused(_DAMAGED)
            while facts is None and (line_end := buffer.find(b"\n")) >= 0:
                line = _read(bytes(buffer[:line_end]))
                del buffer[: line_end + 1]
                if "progress" in line:
                    share = line["progress"]
                    progress(share)
                else:
                    facts, names = _answer(line)
                    wanted = sum(size for _, size in names)
            if facts is not None and len(buffer) >= wanted:
                return Report(facts, _cut(bytes(buffer), names))
            if not piece:
                raise Refused(_epitaph(child.wait()))


def _read(line: bytes) -> dict[str, Any]:
    """A line of the child as it must look: one that was taken over may say anything."""
    try:
        found = json.loads(line)
        if "progress" in found:
            share = float(found["progress"])
            return {"progress": share if 0 <= share <= 1 else 0.0}
        if "facts" in found:
            blobs = [(str(name), int(size)) for name, size in found["blobs"]]
            if isinstance(found["facts"], dict) and all(size >= 0 for _, size in blobs):
                return {"facts": found["facts"], "blobs": blobs}
        return {name: str(found[name])[:500] for name in ("refused", "broken") if name in found}
    except (ValueError, TypeError, KeyError):
        return {}


def _answer(line: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    if "refused" in line:
        raise Refused(line["refused"])
    if "facts" not in line:
        log.warning("a probe failed: %s", line.get("broken", "it says nothing that can be understood"))
        raise Refused(_DAMAGED)
    return line["facts"], line["blobs"]


def _cut(data: bytes, names: list[tuple[str, int]]) -> dict[str, bytes]:
    blobs, at = {}, 0
    for name, size in names:
        blobs[name] = data[at : at + size]
        at += size
    return blobs


def _epitaph(code: int) -> str:
    log.warning("a probe ended with %d", code)
    if code == -signal.SIGXCPU:
        return "reading this file took too long; make it smaller or simpler"
    return _DAMAGED
