"""The panel: names, ranges, shared memory, the action socket, and several processes at once."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError, MachineError
from device.panel import actions, controls
from device.panel.actions import ActionServer
from device.panel.client import PANEL_FILE, SOCKET_FILE, Panel, running
from device.panel.memory import PanelMemory
from dsp_cython.names import OPS, STATE_NAMES, VALUE_NAMES


@pytest.fixture
def memory(tmp_path):
    memory = PanelMemory.create(tmp_path / PANEL_FILE)
    yield memory
    memory.close()


class Box:
    """A panel with an action server in a thread, which notes what it is asked."""

    def __init__(self, folder):
        self.memory = PanelMemory.create(folder / PANEL_FILE)
        self.asked = []
        self._server = ActionServer(folder / SOCKET_FILE, self._perform)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _perform(self, row, argument):
        if argument == 13:
            raise InputError("no thirteens")
        self.asked.append((row.name, argument))

    def _serve(self):
        while not self._stop.is_set():
            self._server.pump(0.01)

    def close(self):
        self._stop.set()
        self._thread.join()
        self._server.close()
        self.memory.close()


@pytest.fixture
def box(tmp_path):
    box = Box(tmp_path)
    yield box
    box.close()


def test_every_name_that_the_engine_reads_or_writes_is_on_the_panel():
    table = controls.table()
    assert {name for name in VALUE_NAMES if table[name].kind != "value"} == set()
    assert {name for name in STATE_NAMES if table[name].kind not in ("state", "switch")} == set()
    deck_actions = {name.removeprefix("deck1.") for name, row in table.items() if row.kind in ("action", "switch")}
    engine_actions = {op.format(m=m) for op in OPS for m in range(1, 9)} - {"hold", "late"}
    assert {
        name for name in deck_actions if "." not in name or not name.startswith(("deck", "record"))
    } == engine_actions


def test_values_keep_their_full_precision_and_start_at_their_defaults(memory):
    slot = controls.slots("value")["mixer.ch1.fader"]
    assert memory.values[slot] == 1.0
    memory.values[slot] = 0.1234567890123456
    again = PanelMemory.attach(memory.path)
    assert again.values[slot] == 0.1234567890123456
    again.close()


def test_faders_stay_where_they_are_when_the_engine_starts_again(memory):
    memory.values[controls.slots("value")["mixer.crossfader"]] = -0.5
    memory.states[controls.slots("state")["deck1.position"]] = 12.0
    again = PanelMemory.create(memory.path)
    assert again.values[controls.slots("value")["mixer.crossfader"]] == -0.5
    assert again.states[controls.slots("state")["deck1.position"]] == 0.0
    again.close()


def test_values_left_out_of_range_start_at_their_defaults(memory):
    for name, value in (("deck1.tempo", float("nan")), ("mixer.main", 1e6), ("deck2.keylock", 0.5)):
        memory.values[controls.slots("value")[name]] = value
    again = PanelMemory.create(memory.path)
    for name in ("deck1.tempo", "mixer.main", "deck2.keylock"):
        assert again.values[controls.slots("value")[name]] == controls.table()[name].default
    again.close()


def test_a_panel_cut_short_is_replaced(memory):
    os.truncate(memory.path, memory.path.stat().st_size - 1)
    with pytest.raises(MachineError):
        PanelMemory.attach(memory.path)
    PanelMemory.create(memory.path).close()
    PanelMemory.attach(memory.path).close()


@pytest.mark.parametrize("size", [0, 1, 39, 100])
def test_a_panel_of_a_few_bytes_is_replaced(tmp_path, size):
    (tmp_path / PANEL_FILE).write_bytes(b"R" * size)
    PanelMemory.create(tmp_path / PANEL_FILE).close()


def test_a_front_end_that_sends_very_much_at_once_does_not_hold_up_another(tmp_path):
    asked = []
    server = ActionServer(tmp_path / SOCKET_FILE, lambda row, argument: asked.append(argument))
    with socket.socket(socket.AF_UNIX) as loud, socket.socket(socket.AF_UNIX) as quiet:
        for client in (loud, quiet):
            client.connect(str(tmp_path / SOCKET_FILE))
            server.pump(1)
        loud.sendall(b'{"do": "deck1.seek", "value": 1}\n' * 1000)
        quiet.sendall(b'{"do": "deck1.seek", "value": 2}\n')
        server.pump(1)
        assert 2.0 in asked
        assert len(asked) < 100
        while len(asked) < 1001:
            server.pump(1)
            loud.recv(65536)  # its answers: who does not read them is dropped
    server.close()


def test_a_path_of_full_length_fits(memory):
    path = "/" + "ü" * 2047
    memory.write_text("deck1.path", path)
    assert memory.read_text("deck1.path") == path


def test_a_deleted_socket_comes_back(tmp_path):
    asked = []
    server = ActionServer(tmp_path / SOCKET_FILE, lambda row, argument: asked.append((row.name, argument)))
    (tmp_path / SOCKET_FILE).unlink()
    server.keep()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / SOCKET_FILE))
        client.sendall(b'{"do": "deck1.play", "value": 1}\n')
        for _ in range(3):
            server.pump(1)
        assert json.loads(client.recv(100)) == {"ok": True}
    assert asked == [("deck1.play", 1.0)]
    server.close()


@pytest.mark.parametrize("bpm", [0.5, 1001, -1])
def test_a_grid_takes_a_tempo_that_music_has_or_none(bpm):
    row = controls.find("deck1.grid")
    with pytest.raises(InputError):
        actions.check_argument(row, [bpm, 0.0])
    assert actions.check_argument(row, [0, 0.0]) == [0.0, 0.0]


def test_a_panel_of_another_version_is_replaced_and_its_readers_are_told(memory):
    with memory.path.open("r+b") as file:
        file.seek(8)
        file.write(b"\1" * 8)
    with pytest.raises(MachineError, match="another version"):
        PanelMemory.attach(memory.path)
    fresh = PanelMemory.create(memory.path)
    assert memory.retired
    assert not fresh.retired
    fresh.close()


@given(st.text())
def test_any_text_is_read_back_or_cut_at_a_character(text):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        memory = PanelMemory.create(Path(folder) / PANEL_FILE)
        sent = text.encode("utf-8", "ignore").decode()
        memory.write_text("deck1.title", sent)
        got = memory.read_text("deck1.title")
        memory.close()
    assert sent.startswith(got)
    assert got == sent or len(sent.encode()) > 248


def test_no_box_is_told_by_its_remedy(tmp_path):
    with pytest.raises(MachineError, match="rackdeck up"):
        Panel(tmp_path)
    assert not running(tmp_path)


def test_a_wrong_name_is_answered_with_the_nearest(box, tmp_path):
    with Panel(tmp_path) as panel:
        with pytest.raises(InputError, match=r"did you mean mixer\.crossfader\?"):
            panel.set("mixer.crosfader", 0)
        with pytest.raises(InputError, match="is a state"):
            panel.set("deck1.position", 1)


@pytest.mark.parametrize("value", [1.5, -1.01, float("nan"), float("inf")])
def test_a_value_out_of_range_is_refused_and_changes_nothing(box, tmp_path, value):
    with Panel(tmp_path) as panel:
        with pytest.raises(InputError, match="takes -1 to 1"):
            panel.set("mixer.crossfader", value)
        assert panel.get("mixer.crossfader") == 0


def test_switches_and_actions_go_over_the_socket_in_order(box, tmp_path):
    with Panel(tmp_path) as panel:
        panel.set("deck1.play", 1)
        panel.do("deck1.seek", 12.5)
        panel.do("deck1.grid", [124, 0.5])
        panel.do("deck1.hotcue.3.go")
        panel.do("deck1.load", "/music/ö.wav")
    assert box.asked == [
        ("deck1.play", 1.0),
        ("deck1.seek", 12.5),
        ("deck1.grid", [124.0, 0.5]),
        ("deck1.hotcue.3.go", 1.0),
        ("deck1.load", "/music/ö.wav"),
    ]


def test_a_refusal_reaches_the_caller_with_its_reason(box, tmp_path):
    with Panel(tmp_path) as panel:
        with pytest.raises(InputError, match="no thirteens"):
            panel.do("deck1.seek", 13)
        panel.do("deck1.seek", 14)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"do": 3}',
        b'{"do": "deck1.play", "value": "x"}',
        b'{"do": "deck1.seek"}',
        b"[" * 50000,
        b'{"do": "deck1.seek", "value": NaN}',
        b'{"do": "deck1.load", "value": ""}',
        b"\xff\xfe",
        b'{"do":"deck1.grid","value":[1]}',
    ],
)
def test_a_hostile_line_is_answered_with_an_error_and_the_server_lives(box, tmp_path, line):
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(tmp_path / SOCKET_FILE))
        raw.settimeout(5)
        raw.sendall(line + b'\n{"do": "deck1.seek", "value": 1}\n')
        got = b""
        while got.count(b"\n") < (2 if line else 1):
            got += raw.recv(4096)
    answers = [json.loads(part) for part in got.splitlines()]
    assert answers[-1] == {"ok": True}
    assert all("error" in answer for answer in answers[:-1])


def test_a_client_that_sends_without_end_or_never_reads_is_dropped(box, tmp_path):
    with socket.socket(socket.AF_UNIX) as raw, Panel(tmp_path) as panel:
        raw.connect(str(tmp_path / SOCKET_FILE))
        with pytest.raises(OSError, match=r"."):
            for _ in range(1000):
                raw.sendall(b"x" * 65536)
        panel.do("deck1.seek", 1)
    assert box.asked == [("deck1.seek", 1.0)]


@given(st.binary(max_size=200))
def test_any_bytes_are_an_action_or_an_input_error(line):
    try:
        row, _ = actions.parse(line)
        assert row.name in controls.table()
    except InputError:
        pass


def _turn(folder, name, count):
    with Panel(folder) as panel:
        for step in range(count):
            panel.set(name, step / count)
            panel.do("deck2.seek", 100 + step)
        panel.set(name, 1.0)


def test_several_processes_turn_different_knobs_and_none_disturbs_another(box, tmp_path):
    names = [f"mixer.ch{number}.fader" for number in range(1, 5)]
    context = multiprocessing.get_context("spawn")
    turners = [context.Process(target=_turn, args=(tmp_path, name, 200)) for name in names]
    for turner in turners:
        turner.start()
    for turner in turners:
        turner.join(60)
    assert [turner.exitcode for turner in turners] == [0] * 4
    with Panel(tmp_path) as panel:
        assert [panel.get(name) for name in names] == [1.0] * 4
        assert panel.get("mixer.crossfader") == 0
    assert len(box.asked) == 800


def test_a_front_end_finds_the_engine_again_after_it_restarted(tmp_path):
    first = Box(tmp_path)
    panel = Panel(tmp_path)
    panel.do("deck1.seek", 1)
    first.close()
    second = Box(tmp_path)
    panel.do("deck1.seek", 2)
    assert second.asked == [("deck1.seek", 2.0)]
    panel.close()
    second.close()


def test_watch_tells_the_present_value_and_then_each_change(box, tmp_path):
    with Panel(tmp_path) as panel:
        seen = []
        slot = controls.slots("value")["mixer.crossfader"]
        for name, value in panel.watch(["mixer.crossfader"], lambda: len(seen) == 3, every=0.001):
            seen.append((name, value))
            box.memory.values[slot] = [0.0, 0.25, 0.5, 0.75][len(seen)]
    assert [value for _, value in seen] == [0.0, 0.25, 0.5]


def _rackdeck(*words, **extra):
    return subprocess.run(
        [sys.executable, "-m", "device.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **extra},
    )


def test_the_command_prints_the_table_as_text_and_as_data():
    assert "mixer.crossfader" in _rackdeck("panel").stdout
    rows = json.loads(_rackdeck("panel", "--json").stdout)
    assert [row["name"] for row in rows] == list(controls.table())
    tempo = next(row for row in rows if row["name"] == "deck1.tempo")
    assert (tempo["low"], tempo["high"], tempo["unit"]) == (-100, 100, "%")


def test_the_command_says_the_nearest_name_even_while_no_box_runs(tmp_path):
    done = _rackdeck("panel", "get", "deck1.tmpo", RACKDECK_HOME=str(tmp_path))
    assert done.returncode == os.EX_USAGE
    assert "did you mean deck1.tempo?" in done.stderr
    done = _rackdeck("panel", "get", "deck1.tempo", RACKDECK_HOME=str(tmp_path))
    assert done.returncode == os.EX_UNAVAILABLE
    assert "rackdeck up" in done.stderr


def test_an_engine_that_stopped_is_not_taken_for_a_running_one(box, tmp_path):
    slot = controls.slots("state")["engine.beat"]
    box.memory.states[slot] = time.monotonic()
    assert running(tmp_path)
    box.memory.states[slot] = time.monotonic() - 10
    assert not running(tmp_path)
    box.memory.states[slot] = time.monotonic()
    box.memory.sign_off()
    assert not running(tmp_path)
