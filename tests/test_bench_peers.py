"""The programs that the bench starts: its children, and the peers it compares us with."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from device.bench import mixxx, peers, xwax
from device.bench.material import RATE
from device.bench.measurement import Settings
from device.bench.process import Child, Watch, resident_mb
from device.errors import MachineError


@pytest.fixture
def settings(tmp_path):
    return Settings.quick(tmp_path)


@pytest.fixture
def said():
    return []


def test_without_peers_the_bench_says_how_to_get_them(settings, said, monkeypatch):
    monkeypatch.setattr(mixxx, "installed", lambda: False)
    monkeypatch.setattr(xwax, "installed", lambda: False)
    with pytest.raises(MachineError, match="apt install mixxx xwax"):
        list(peers.measure(settings, said.append))


def test_a_peer_that_is_not_installed_is_named_as_such(settings, said, monkeypatch):
    monkeypatch.setattr(mixxx, "installed", lambda: False)
    monkeypatch.setattr(xwax, "installed", lambda: True)
    monkeypatch.setattr(peers.Run, "turn", lambda *_: iter(()))
    assert list(peers.measure(settings, said.append)) == [{"program": "Mixxx", "left_out": "not installed"}]


def test_turns_are_compared_by_their_medians():
    def turn(program, spent):
        return {"program": program, "frames": 64, "of": peers.PLAIN, "realtime_threads_percent": spent}

    cases = [turn("Rackdeck", spent) for spent in (2.0, 4.0, 9.0)] + [turn("Mixxx", 8.0), turn("Mixxx", 8.0)]
    (found,) = peers.compared(cases)
    assert (found["peer"], found["rackdeck"], found["its"], found["times"]) == ("Mixxx", 4.0, 8.0, 2.0)


def test_a_peer_that_fails_is_left_out_and_the_others_go_on(settings, said, monkeypatch):
    def failing(_server):
        raise MachineError("it shows no window")
        yield

    run = peers.Run(settings, said.append, (Path("a"), Path("b")))
    run.left_out.clear()
    ours = [{"of": peers.PLAIN, "realtime_threads_percent": 1.0}]
    monkeypatch.setattr(peers, "jack_server", contextlib.nullcontext)
    monkeypatch.setattr(run, "sessions", (("Rackdeck", lambda _server: iter(ours)), ("Mixxx", failing)))
    cases = list(run.turn(64, 1)) + list(run.turn(64, 2))
    assert [case["program"] for case in cases] == ["Rackdeck", "Rackdeck"]
    assert run.left_out == {"Mixxx": "it shows no window"}


def test_the_timecode_turns_forwards():
    tone = xwax.timecode(1.0)
    turning = np.unwrap(np.angle(tone[0] + 1j * tone[1]))
    assert tone.shape == (2, RATE)
    assert abs(turning[-1] - turning[0]) / (2 * np.pi) == pytest.approx(xwax.CARRIER_HZ, rel=1e-3)


def test_the_time_of_real_time_threads_is_told_apart(tmp_path):
    code = "import time\nend = time.thread_time() + 0.2\nwhile time.thread_time() < end: pass\ntime.sleep(60)"
    with Child([sys.executable, "-c", code], tmp_path / "log") as child:
        watch = Watch(child.pid)
        child.wait_until(lambda: watch.usage().process > 0.1, "it works")
        assert (watch.usage().audio, watch.usage().realtime) == (0, 0)
        memory = resident_mb(child.pid)
    assert memory["own_mb"] > 0


# --- children ---


def test_a_child_that_ends_too_early_is_told_with_its_last_words(tmp_path):
    code = "import sys; sys.exit('no sound here')"
    child = Child([sys.executable, "-c", code], tmp_path / "log")
    with child, pytest.raises(MachineError, match="no sound here"):
        child.wait_until(lambda: False, "it plays")


def test_a_child_dies_with_the_bench(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from device.bench.process import Child\n"
        f"child = Child([sys.executable, '-c', 'import time; time.sleep(600)'], Path({str(tmp_path / 'log')!r}))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    wait_until_gone(child)


def wait_until_gone(pid):
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z":
        assert time.monotonic() < end
        time.sleep(0.02)
