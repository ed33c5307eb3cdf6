"""The doctor's checks on machines of our making, its report, and its command on this machine."""

import argparse
import json
import sys
import time
from pathlib import Path

import pytest

from device import paths
from device.doctor import command, machine, realtime, report, software, sound, surfaces
from device.doctor.finding import Finding
from device.panel import controls
from device.panel.client import PANEL_FILE
from device.panel.memory import PanelMemory
from device.soundserver.cards import Card
from device.soundserver.server import ServerState, SoundReport

RUNNING = ServerState("default", "running", 48000, 128, True, 2, True)
CARD = Card(1, "CODEC", "USB-Audio", "USB Audio CODEC", 0, "USB Audio", False)


def tree(root: Path, **files: str) -> Path:
    """A file tree; `__` in a name stands for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_part_of_the_engine_that_is_not_built_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(software.PARTS, "dsp_cython.nothing", ("Nothing", True, "no key-lock", "libnothing-dev"))
    monkeypatch.setitem(software.PARTS, "dsp_cython.heart", ("Heart", False, "no sound", "build-essential"))
    optional, vital = software.engine_part("dsp_cython.nothing"), software.engine_part("dsp_cython.heart")
    assert (optional.state, vital.state) == ("absent", "bad")
    assert "dsp_cython.nothing is not built: no key-lock" in optional.found
    assert "apt install libnothing-dev" in optional.mend


def test_a_part_that_is_built_but_broken_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_part.py").write_text("raise ImportError('undefined symbol: rubberband_new')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(software.PARTS, "broken_part", ("Broken", True, "", ""))
    finding = software.engine_part("broken_part")
    assert finding.state == "bad"
    assert "undefined symbol" in finding.found


def test_missing_packages_are_named_as_pip_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "PACKAGES", {"no_such_package": ("no-such-package", "a test"), "json": ("json", "x")})
    assert software.packages().found == "missing: no-such-package (a test)"
    assert software.python() == Finding("Python", "ok", f"CPython {sys.version.split()[0]}")


@pytest.mark.parametrize(
    ("server", "states"),
    [
        (RUNNING, ["ok", "ok", "ok"]),
        (ServerState("default", "running", 48000, 128, False, 2, False), ["ok", "warn", "warn"]),
        (ServerState("default", "absent"), ["ok", "absent", "absent"]),
        (ServerState("default", "hung"), ["ok", "bad", "absent"]),
        (ServerState("default", "no library", detail="libjack.so.0"), ["bad", "absent", "absent"]),
    ],
)
def test_each_state_of_the_sound_server_has_its_finding(server: ServerState, states: list[str]) -> None:
    findings = [check(server) for check in (sound.library, sound.jack_server, sound.output)]
    assert [finding.state for finding in findings] == states
    assert all(finding.mend for finding in findings if finding.state in ("bad", "warn"))


def test_a_card_that_came_later_or_may_not_be_opened_is_said(tmp_path: Path) -> None:
    assert sound.card([], None, tmp_path).state == "absent"
    closed = sound.card([CARD], None, tmp_path)
    assert (closed.state, "audio" in closed.mend) == ("warn", True)
    tree(tmp_path, dev__snd__pcmC1D0p="")
    assert sound.card([CARD], None, tmp_path).state == "ok"
    later = SoundReport(1, "default", "dummy", "", 48000, 128, "nowhere: USB Audio CODEC (USB) does not play")
    assert sound.card([CARD], later, tmp_path).found == (
        "USB Audio CODEC (USB) is there, but the sound goes nowhere: USB Audio CODEC (USB) does not play"
    )


def test_rights_that_are_missing_are_a_warning_with_the_commands_to_type() -> None:
    assert realtime.priority(True).state == "ok"
    assert "dpkg-reconfigure" in realtime.priority(False).mend
    assert [realtime.memory_lock(bytes_).state for bytes_ in (None, 8 << 20, 4 << 30)] == ["ok", "warn", "ok"]


def test_the_governor_must_be_performance_on_every_processor(tmp_path: Path) -> None:
    assert realtime.governor(tmp_path).state == "absent"
    folder = "sys__devices__system__cpu__cpu{}__cpufreq__scaling_governor"
    tree(tmp_path, **{folder.format(0): "performance\n", folder.format(1): "performance\n"})
    assert realtime.governor(tmp_path).state == "ok"
    tree(tmp_path, **{folder.format(1): "ondemand\n"})
    assert realtime.governor(tmp_path).found.startswith("ondemand, performance")


@pytest.mark.parametrize(
    ("version", "files", "state"),
    [
        ("#1 SMP PREEMPT_RT Debian", {}, "ok"),
        ("#1 SMP PREEMPT Debian", {}, "ok"),
        ("#1 SMP Debian", {}, "warn"),
        ("#1 SMP PREEMPT_DYNAMIC", {}, "ok"),
        ("#1 SMP PREEMPT_DYNAMIC", {"sys__kernel__debug__sched__preempt": "none (voluntary) full\n"}, "warn"),
        ("#1 SMP PREEMPT_DYNAMIC", {"sys__kernel__debug__sched__preempt": "none voluntary (full)\n"}, "ok"),
        ("#1 SMP PREEMPT_DYNAMIC", {"proc__cmdline": "quiet preempt=voluntary\n"}, "warn"),
    ],
)
def test_a_kernel_that_cannot_be_interrupted_is_a_warning(
    tmp_path: Path, version: str, files: dict[str, str], state: str
) -> None:
    assert realtime.preemption(tree(tmp_path, **files), version).state == state


def test_swap_on_a_disk_is_a_warning_and_compressed_memory_is_not(tmp_path: Path) -> None:
    head = "Filename\tType\tSize\tUsed\tPriority\n"
    assert realtime.swap(tmp_path).found == "none"
    assert realtime.swap(tree(tmp_path, proc__swaps=f"{head}/dev/zram0 partition 102400 0 100\n")).state == "ok"
    disk = realtime.swap(tree(tmp_path, proc__swaps=f"{head}/swapfile file 2097152 0 -2\n"))
    assert (disk.state, disk.found) == ("warn", "2048 MiB on /swapfile")


def test_memory_is_judged_by_what_is_free(tmp_path: Path) -> None:
    states = []
    for free in (200 << 10, 800 << 10, 4 << 20):
        tree(tmp_path, proc__meminfo=f"MemTotal: 8388608 kB\nMemAvailable: {free} kB\n")
        states.append(machine.memory(tmp_path).state)
    assert states == ["bad", "warn", "ok"]


@pytest.mark.parametrize(
    ("seconds", "state", "word"), [(0.001, "ok", "fast"), (0.5, "ok", "enough"), (2.0, "warn", "slow")]
)
def test_the_disk_is_judged_by_its_slowest_write(tmp_path: Path, seconds: float, state: str, word: str) -> None:
    moments = [0.0]

    def clock() -> float:
        moments.append(moments[-1] + seconds)
        return moments[-1]

    finding = machine.disk_speed(tmp_path, clock)
    assert (finding.state, finding.found.split(":")[0]) == (state, word)
    assert list(tmp_path.iterdir()) == []


def test_heat_and_too_little_voltage_are_read_from_the_machine(tmp_path: Path) -> None:
    assert machine.temperature(tmp_path).state == machine.power(tmp_path).state == "absent"
    throttled = "sys__devices__platform__soc__soc:firmware__get_throttled"
    tree(tmp_path, sys__class__thermal__thermal_zone0__temp="51200\n", **{throttled: "50005\n"})
    assert machine.temperature(tmp_path) == Finding("Temperature", "ok", "51 °C")
    assert machine.power(tmp_path).found == (
        "too little voltage now, throttled now, had too little voltage since start, was throttled since start"
    )
    tree(tmp_path, sys__class__thermal__thermal_zone1__temp="84000\n", **{throttled: "0\n"})
    assert machine.temperature(tmp_path).state == "warn"
    assert machine.power(tmp_path).state == "ok"


def test_the_clock_is_asked_of_the_kernel() -> None:
    assert [machine.clock_set(state).state for state in (0, 5, -1)] == ["ok", "warn", "absent"]
    assert machine.clock_set().state in ("ok", "warn")


def test_touch_screens_are_told_from_touchpads(tmp_path: Path) -> None:
    assert surfaces.touch(tmp_path).state == "absent"
    devices = 'I: Bus=0018\nN: Name="A touchpad"\nB: PROP=5\n\nI: Bus=0018\nN: Name="Official 7 inch"\nB: PROP=2\n\n'
    assert surfaces.touch(tree(tmp_path, proc__bus__input__devices=devices)).found == "Official 7 inch"


def test_the_screen_is_the_desktop_or_a_connected_connector(tmp_path: Path) -> None:
    assert surfaces.screen({}, tmp_path).state == "absent"
    assert surfaces.screen({"WAYLAND_DISPLAY": "wayland-0"}, tmp_path).found == "Wayland"
    assert surfaces.screen({"DISPLAY": ":0"}, tmp_path).found == "X11"
    status = "sys__class__drm__card1-HDMI-A-1__status"
    tree(tmp_path, **{status: "disconnected\n"})
    assert surfaces.screen({}, tmp_path).state == "absent"
    tree(tmp_path, **{status: "connected\n"})
    assert "video" in surfaces.screen({}, tmp_path).mend
    assert surfaces.screen({}, tree(tmp_path, dev__dri__card1="")).found == "KMS"


def test_midi_without_alsa_is_a_state_and_not_a_crash(tmp_path: Path) -> None:
    assert surfaces.midi(tmp_path).state == "absent"
    assert surfaces.midi().state in ("ok", "absent", "warn")


AREAS = {"Sound": [Finding("Card", "ok", "word " * 40), Finding("A server", "bad", "none", "start one")]}


def test_the_report_is_aligned_and_wrapped_and_has_colour_only_when_asked() -> None:
    text = report.as_text(AREAS, 70)
    lines = text.splitlines()
    column = lines[1].index("word")
    assert all(len(line) <= 70 for line in lines)
    assert {line.index("word") for line in lines[1:4]} == {column}
    assert lines[-3].index("→") == column
    assert lines[-1] == "1 thing to mend before the box can play; no warnings."
    assert "\x1b" not in text
    assert "\x1b[1;31mbad\x1b[0m" in report.as_text(AREAS, 70, colour=True)


def test_the_command_prints_data_and_ends_with_one_only_when_something_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "rackdeck-test-nobody")
    status = command.run(argparse.Namespace(json=True))
    body = json.loads(capsys.readouterr().out)
    states = {row["name"]: row["state"] for row in body["findings"]}
    assert status == int("bad" in states.values())
    assert body["healthy"] is (status == 0)
    assert {"Python", "Engine", "Live sound", "Key-lock", "FLAC", "JACK server", "Memory lock", "MIDI"} <= states.keys()
    assert states["JACK server"] == "absent"
    assert list((tmp_path / "recordings").iterdir()) == []
    paths.runtime().rmdir()


def test_a_home_that_cannot_be_made_is_bad_and_comes_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACKDECK_HOME", "/proc/nope")
    finding = machine.home()
    assert finding.state == "bad"
    assert finding.mend == "set RACKDECK_HOME to a folder that you may write to"
    areas = command.examine()
    names = [finding.name for finding in areas["Machine"]]
    assert "Home" in names
    assert "Disk" not in names


def test_a_home_without_the_right_to_write_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    assert machine.home() == Finding("Home", "ok", str(tmp_path))
    monkeypatch.setattr(machine.os, "access", lambda path, _: path != tmp_path / "recordings")
    assert machine.home().state == "bad"
    paths.runtime().rmdir()


def test_dropouts_are_counted_by_the_running_engine(tmp_path: Path) -> None:
    assert sound.dropouts(tmp_path).state == "absent"
    memory = PanelMemory.create(tmp_path / PANEL_FILE)
    slots = controls.slots("state")
    assert sound.dropouts(tmp_path).state == "absent"  # a panel, but no sign of life
    memory.states[slots["engine.beat"]] = time.monotonic()
    memory.states[slots["engine.period"]] = 128
    memory.states[slots["engine.samplerate"]] = 48000
    memory.states[slots["engine.frame"]] = 48000 * 60 * 7
    assert sound.dropouts(tmp_path) == Finding("Dropouts", "ok", "none in 7 min (periods of 128 frames)")
    memory.states[slots["engine.xruns"]] = 3
    late = sound.dropouts(tmp_path)
    assert late.state == "warn"
    assert "3 periods of 128 frames came too late in 7 min" in late.found
    assert "rackdeck up --period 256" in late.mend
    memory.close()


def test_a_check_that_cannot_read_its_file_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> Finding:
        raise PermissionError("/sys/kernel/secret")

    assert command._checked(closed).state == "warn"


def test_colour_is_left_out_of_a_pipe_and_where_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "examine", lambda: AREAS)
    monkeypatch.delenv("NO_COLOR", raising=False)
    command.run(argparse.Namespace(json=False))
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    command.run(argparse.Namespace(json=False))
    assert "\x1b" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    command.run(argparse.Namespace(json=False))
    assert "\x1b" not in capsys.readouterr().out
