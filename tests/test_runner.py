"""`rackdeck up` with real supervisord and real signals; only the programs it runs are small stand-ins."""

import argparse
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from device import lock, paths
from device.errors import ConfigError, InputError, MachineError
from device.panel import board
from device.panel.client import Panel
from device.panel.memory import PanelMemory
from device.runner import command, config, leftovers
from device.runner.programs import Program, Wishes, box, rackdeck
from device.runner.terminal import Terminal
from device.soundserver.server import ServerState, find
from device.sync.ballast import Ballast
from device.sync.core import Core, Places
from device.sync.crashes import Crashes

pytestmark = pytest.mark.slow

STANDIN = """
import json, os, signal, sys, time
name, how = sys.argv[1:3]
with open("events", "a") as events:
    print(json.dumps([name, "start", os.getpid(), sys.argv[3:]]), file=events, flush=True)
    def end(number, frame):
        print(json.dumps([name, signal.Signals(number).name, os.getpid(), []]), file=events, flush=True)
        if how != "stubborn":
            sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print("ready", name)
    if how.isdigit():
        sys.exit(int(how))
    if how == "chatty":
        print("word " * 300_000)
        print("said it all")
    while True:
        time.sleep(60)
"""
RUN = """
import json, os, sys
from device import lock, paths
from device.errors import RackdeckError
from device.runner import leftovers
from device.runner.command import run_programs
from device.runner.programs import Program
try:
    held = lock.take(paths.run() / "up.lock", "a box")
except RackdeckError as exc:
    print(exc, file=sys.stderr)
    sys.exit(exc.exit_status)
print("leftovers", leftovers.end(paths.home(), patience=0.5), flush=True)
rows = json.loads(sys.argv[1])
sys.exit(run_programs([Program(**{**row, "command": tuple(row["command"])}) for row in rows], paths.home()))
"""


def wait_for(true: Callable[[], object], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def forget(home: Path) -> None:
    """Remove the home's folder in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACKDECK_HOME", str(home))
        shutil.rmtree(paths.runtime())


class Up:
    """A runner in a process of its own, in a terminal of its own."""

    def __init__(self, folder: Path, home: Path, command: list[str]):
        self.folder, self.home = folder, home
        self.events_file = folder / "events"
        self._master, slave = pty.openpty()
        self.log = b""
        environment = {**os.environ, "RACKDECK_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        os.set_blocking(self._master, False)

    def read(self) -> str:
        """What the terminal shows so far."""
        try:
            while piece := os.read(self._master, 65536):
                self.log += piece
        except OSError:
            pass
        return self.log.decode(errors="replace")

    def says(self, words: str) -> bool:
        return wait_for(lambda: words in self.read())

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def events(self) -> list[tuple[str, str, int, list[str]]]:
        if not self.events_file.exists():
            return []
        return [tuple(json.loads(line)) for line in self.events_file.read_text().splitlines() if line.endswith("]")]

    def starts(self, name: str) -> list[int]:
        return [pid for who, what, pid, _ in self.events() if (who, what) == (name, "start")]

    def wait(self) -> int:
        assert wait_for(lambda: self.read() and self.process.poll() is not None)
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        leftovers.end(self.home, patience=0.5)
        os.close(self._master)
        forget(self.home)


@pytest.fixture
def standin(tmp_path: Path) -> Callable[..., dict[str, object]]:
    script = tmp_path / "stand-in.py"
    script.write_text(STANDIN)

    def program(name: str, order: int, how: str = "steady", *words: str, **more: object) -> dict[str, object]:
        return {"name": name, "command": [sys.executable, "-u", str(script), name, how, *words], "order": order, **more}

    return program


Start = Callable[..., Up]
Standin = Callable[..., dict[str, object]]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Start]:
    started: list[Up] = []

    def start(*programs: dict[str, object], home: str = "home", options: tuple[str, ...] = ()) -> Up:
        words = (
            [sys.executable, "-c", RUN, json.dumps(programs)]
            if programs
            else rackdeck("up", "--no-companion", *options)
        )
        started.append(Up(tmp_path, tmp_path / home, [*words]))
        return started[-1]

    yield start
    for one in started:
        one.close()


def three(standin: Standin) -> list[dict[str, object]]:
    return [standin("display", 30), standin("jack", 10), standin("engine", 20)]


@pytest.mark.parametrize("way", ["ctrl-c", "TERM", "HUP"])
def test_the_box_stops_in_reverse_order_and_leaves_nothing_running(up: Start, standin: Standin, way: str) -> None:
    running = up(*three(standin))
    assert wait_for(lambda: len(running.events()) == 3)
    assert running.says("ready display")
    assert running.says("ready engine")
    if way == "ctrl-c":
        running.press(b"\x03")
    else:
        running.process.send_signal(signal.Signals[f"SIG{way}"])
    assert running.wait() == 0
    stops = [(name, what) for name, what, *_ in running.events() if what != "start"]
    assert stops == [("display", "SIGTERM"), ("engine", "SIGTERM"), ("jack", "SIGTERM")]
    assert not any(lives(pid) for _, _, pid, _ in running.events())
    assert "ready engine" in (running.home / "logs/engine.log").read_text()


def test_an_engine_that_is_killed_starts_again_and_the_others_do_not_notice(up: Start, standin: Standin) -> None:
    running = up(*three(standin))
    assert wait_for(lambda: len(running.events()) == 3)
    os.kill(running.starts("engine")[0], signal.SIGKILL)
    assert wait_for(lambda: len(running.starts("engine")) == 2)
    assert running.says("engine was ended by SIGKILL; it starts again")
    os.kill(running.starts("display")[0], signal.SIGKILL)
    assert wait_for(lambda: len(running.starts("display")) == 2)
    assert [len(running.starts(name)) for name in ("jack", "engine", "display")] == [1, 2, 2]
    assert lives(running.starts("jack")[0])


def test_a_program_that_stands_still_is_ended_and_starts_again(up: Start, tmp_path: Path) -> None:
    script = tmp_path / "beats.py"
    script.write_text(
        "import os, pathlib, time\nfrom device.panel import board\nstarts = pathlib.Path('starts')\n"
        "starts.open('a').write('x')\nfirst = starts.read_text() == 'x'\n"
        "board.Writer().show('sync', {'pid': os.getpid(), 'beat': 0 if first else board.beat()})\n"
        "time.sleep(60)\n"
    )
    running = up({"name": "sync", "command": [sys.executable, str(script)], "order": 1, "board": "sync"})
    assert running.says("sync has stood still for ")
    assert running.says("sync was ended by SIGKILL; it starts again")
    assert wait_for(lambda: (tmp_path / "starts").read_text() == "xx")


def test_an_ending_that_says_so_is_final_and_others_are_tried_again_with_patience(up: Start, standin: Standin) -> None:
    running = up(standin("engine", 20, "78"), standin("jack", 10, "69"), standin("display", 30, "1"), standin("x", 40))
    assert running.says("display ended with status 1; it starts again in 1 s")
    assert running.says("engine ended with status 78 and stays down; logs/engine.log says why")
    assert running.says("jack ended with status 69 and stays down")
    assert wait_for(lambda: len(running.starts("display")) == 4)
    assert [len(running.starts(name)) for name in ("jack", "engine", "x")] == [1, 1, 1]


def test_a_box_with_nothing_vital_left_ends_by_itself(up: Start, standin: Standin) -> None:
    running = up(standin("jack", 10, vital=False), standin("engine", 20, "78"), standin("display", 30, "0"))
    assert running.says("display closed; `rackdeck display` opens it again")
    assert running.wait() == 1
    assert "nothing is left to run" in running.read()
    assert leftovers.find(running.home) == []


def test_what_is_done_in_a_moment_is_no_crash_however_often_the_box_starts(
    up: Start, standin: Standin, tmp_path: Path
) -> None:
    box = [standin("house", 20, "0", vital=False, once=True), standin("engine", 20)]
    logs = tmp_path / "home/logs"
    logs.mkdir(parents=True)
    (logs / "up.log").touch()
    core = Core(Places(tmp_path / "home", tmp_path), Ballast(tmp_path / "ballast", 4096, 4096))
    try:
        crashes = Crashes(core)
        crashes.step()
        for times in (1, 2):
            running = up(*box)
            assert wait_for(lambda ran=running: ran.starts("house") and ran.says("ready engine"))
            assert wait_for(lambda ends=times: (logs / "up.log").read_text().count("exited: house") == ends)
            running.process.send_signal(signal.SIGTERM)
            assert running.wait() == 0
            assert not re.search(r"up +\| .*house", running.read())
        assert (logs / "up.log").read_text().count("exited: house (exit status 0; expected)") == 2
        crashes.step()
        assert core.outbox.waiting(core.database.connection).messages == 0
    finally:
        core.close()


def test_what_belongs_together_stops_at_the_same_time_and_what_takes_long_is_said(up: Start, standin: Standin) -> None:
    running = up(standin("companion", 20, "stubborn", stop_seconds=3), standin("engine", 20), standin("jack", 10))
    assert wait_for(lambda: len(running.events()) == 3)
    running.press(b"\x03")
    assert running.says("waiting for companion")
    assert running.wait() == 0
    ends = [name for name, what, *_ in running.events() if what == "SIGTERM"]
    assert sorted(ends[:2]) == ["companion", "engine"]
    assert ends[2:] == ["jack"]
    assert "waiting for engine" not in running.read()


def test_a_program_that_does_not_exist_is_said_and_does_not_end_the_box(up: Start, standin: Standin) -> None:
    running = up({"name": "engine", "command": ["/nowhere/engine"], "order": 20}, standin("display", 30))
    assert running.says("engine ended with status 127; it starts again in 2 s")
    assert lives(running.starts("display")[0])


def test_a_second_ctrl_c_ends_a_program_that_does_not_listen(up: Start, standin: Standin) -> None:
    running = up(standin("engine", 20, "stubborn", stop_seconds=600))
    assert running.says("ready engine")
    running.press(b"\x03")
    assert wait_for(lambda: len(running.events()) == 2)
    running.press(b"\x03")
    assert running.wait() == 0
    assert not lives(running.starts("engine")[0])


def test_what_a_killed_runner_leaves_ends_by_itself_or_at_the_next_start(up: Start, standin: Standin) -> None:
    running = up(standin("engine", 20), standin("display", 30, "stubborn"))
    assert wait_for(lambda: len(running.events()) == 2)
    engine, display = running.starts("engine")[0], running.starts("display")[0]
    running.process.kill()
    assert wait_for(lambda: not lives(engine))
    assert ("engine", "SIGTERM") in [event[:2] for event in running.events()]
    assert lives(display)
    again = up(standin("engine", 20))
    assert again.says("leftovers 1")
    assert again.says("ready engine")
    assert not lives(display)


def test_a_box_that_stopped_leaves_nothing_in_memory_but_what_another_engine_needs(tmp_path: Path) -> None:
    folder = tmp_path / "memory"

    def used() -> PanelMemory:
        folder.mkdir(exist_ok=True)
        for name in ("actions", "wave-3", "board-sync.json"):
            (folder / name).touch()
        return PanelMemory.create(folder / "panel")

    killed = used()
    leftovers.tidy(folder)
    assert {"panel", "actions"} <= {path.name for path in folder.iterdir()}
    killed.sign_off()
    held = lock.take(folder / "engine.lock", "an engine")
    leftovers.tidy(folder)
    assert (folder / "panel").exists()
    os.close(held)
    leftovers.tidy(folder)
    assert not folder.exists()
    assert killed.retired
    used().sign_off()
    (folder / "board-claim.json").touch()
    leftovers.tidy(folder)
    assert [path.name for path in folder.iterdir()] == ["board-claim.json"]


def test_a_lock_whose_file_its_holder_removes_keeps_nobody_out_and_lets_only_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "memory" / "lock"
    first = lock.take(path, "an engine")
    opened = os.open

    def late(*given: object, **more: object) -> int:
        """Whoever opens the file just before it is removed."""
        file = opened(*given, **more)  # type: ignore[arg-type]
        monkeypatch.undo()
        lock.remove(path, first)
        path.parent.rmdir()
        return file

    monkeypatch.setattr(os, "open", late)
    second = lock.take(path, "an engine")
    with pytest.raises(ConfigError, match="already runs"):
        lock.take(path, "an engine")
    os.close(second)


def test_only_processes_of_the_same_home_are_leftovers(tmp_path: Path) -> None:
    def start(home: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "60"], env={**os.environ, leftovers.MARK: str(home)})

    mine, other = start(tmp_path / "a"), start(tmp_path / "ab")
    try:
        assert wait_for(lambda: leftovers.find(tmp_path / "a") == [mine.pid])
        assert leftovers.end(tmp_path / "a") == 1
        assert mine.wait(5) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        for process in (mine, other):
            process.kill()
            process.wait()


def test_a_second_runner_for_a_home_is_refused_and_names_the_first(up: Start, standin: Standin) -> None:
    running = up(standin("engine", 20))
    assert running.says("ready engine")
    second = up(standin("engine", 20))
    assert second.wait() == os.EX_CONFIG
    assert f"a box already runs for this home (process {running.process.pid})" in second.read()
    assert up(standin("engine", 20), home="another").says("ready engine")
    running.process.send_signal(signal.SIGTERM)
    assert running.wait() == 0
    os.close(lock.take(running.home / "run/up.lock", "a box"))


def test_words_that_mean_something_to_ini_files_and_shells_reach_the_program(up: Start, standin: Standin) -> None:
    words = ["a ;b", "100%s #x", "it's", '"q" \\n', "$HOME", "ü", ""]
    running = up(standin("engine", 20, "steady", *words), home="hø me's")
    assert wait_for(running.events)
    assert running.events()[0][3] == words


def test_a_chatty_program_is_not_held_up_and_its_log_is_kept_small(up: Start, standin: Standin) -> None:
    running = up(standin("engine", 20, "chatty"), standin("jack", 10, shown="^never$"))
    assert running.says("said it all")
    logs = running.home / "logs"
    assert (logs / "engine.log.1").exists()
    assert sum(file.stat().st_size for file in logs.glob("engine.log*")) >= 1_500_000
    assert (logs / "engine.log").stat().st_size <= config.LOG_BYTES
    assert wait_for(lambda: "ready jack" in (logs / "jack.log").read_text())
    assert "ready jack" not in running.read()


def test_a_terminal_that_is_stopped_or_gone_is_never_waited_for() -> None:
    reader, writer = os.pipe()
    terminal = Terminal(writer)
    for _ in range(200):  # far more than a pipe holds
        terminal.line("engine", "word " * 1000)
    os.close(reader)
    terminal.line("engine", "nobody listens")
    os.close(writer)
    terminal.line("engine", "nobody can")


def test_lines_that_arrive_in_pieces_are_put_together(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    terminal = Terminal(width=6)
    assert terminal.lines("a", b"one\ntw") == ["one"]
    assert terminal.lines("b", b"other\n") == ["other"]
    assert terminal.lines("a", b"o\r\n\nthree") == ["two"]
    terminal.line("a", "ü")
    assert capfdbinary.readouterr().out == "a     | ü\n".encode()


def test_the_table_has_jack_only_where_no_server_runs_and_passes_wishes_on() -> None:
    usual = box(Wishes(), jack_runs=False)
    assert [program.name for program in usual] == ["jack", "engine", "display"]
    assert [program.order for program in usual] == sorted(program.order for program in usual)
    wishes = Wishes(Path("/my music"), True, 44100, 64, "hw:CODEC,0")
    jack, engine, display = (program.command[4:] for program in box(wishes, jack_runs=False))
    assert jack == ("jack", "--backend", "hw:CODEC,0", "--rate", "44100", "--period", "64")
    assert engine == ("engine",)
    assert display == ("display", "--music", "/my music")
    assert [program.name for program in box(Wishes(display=False), jack_runs=True)] == ["engine"]


def test_names_that_supervisord_could_not_read_are_refused_before_anything_starts(tmp_path: Path) -> None:
    program = Program("engine", ("true",), 20)
    for name in ("per%cent", "semi ;colon", "line\nbreak"):
        with pytest.raises(ConfigError, match="RACKDECK_HOME"):
            config.render([program], tmp_path / name, tmp_path)
    with pytest.raises(InputError, match="line break"):
        Program("engine", ("a\nb",), 20)
    with pytest.raises(InputError, match="small letters"):
        Program("En gine", ("true",), 20)


def test_the_summary_says_where_the_sound_goes_and_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    monkeypatch.setattr(command, "find_screen", lambda: "")
    running = ServerState("default", "running", 48000, 256, True, 2)
    text = command.summary(running, Wishes(period=64), tmp_path, "none, as asked")
    assert "runs at 48000 Hz with 256 frames" in text
    assert "cannot change a server that runs already" in text
    assert "display --screenshot FILE" in text
    assert str(tmp_path / "logs") in text
    assert text.splitlines()[-1] == "  Ctrl-C stops."
    own = command.summary(ServerState("default", "absent"), Wishes(backend="hw:CODEC,0", period=64), tmp_path, "")
    assert "to hw:CODEC,0, as asked; 48000 Hz, 64 frames a period" in own
    forget(tmp_path)


def test_a_music_folder_that_is_not_there_is_said_before_anything_starts(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(InputError, match="--music takes a folder"):
        command.run(parser.parse_args(["--music", str(tmp_path / "nowhere")]))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--period", "100"], "--period takes a power of two"),
        (["--rate", "1"], "--rate takes 8000 to 192000 Hz, not 1"),
        (["--rate", "22050"], "--rate takes 32000 Hz or more"),
        (["--backend", "x"], "--backend takes auto, alsa, dummy"),
        (["--music", "~nobody-of-that-name/x"], "stands for no home"),
    ],
)
def test_a_wrong_wish_is_said_before_anything_starts(words: list[str], sentence: str) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(InputError, match=sentence):
        command.run(parser.parse_args(words))


def test_too_few_files_and_a_home_without_the_right_to_write_are_said_with_their_remedies(
    up: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ["prlimit", "--nofile=32", *rackdeck("up", "--no-display", "--no-companion")]
    done = subprocess.run(few, capture_output=True, text=True, check=False, env={**os.environ, "RACKDECK_HOME": "/tmp"})
    assert done.returncode == os.EX_UNAVAILABLE
    assert "this user may open 32 (`ulimit -n`)" in done.stderr
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="cannot be written to; set RACKDECK_HOME"):
        command._check_machine(tmp_path)


def test_a_name_that_supervisord_could_not_decode_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"h\xff")
    with pytest.raises(ConfigError, match="rename RACKDECK_HOME or the music folder"):
        config.write(folder, tmp_path, [Program("engine", ("true",), 20)])


def test_a_server_that_hangs_stops_the_start_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    monkeypatch.setattr(command, "find", lambda: ServerState("default", "hung"))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(MachineError, match="does not answer"):
        command.run(parser.parse_args([]))
    os.close(lock.take(tmp_path / "run/up.lock", "a box"))


needs_jackd = pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed here")
INSTALLED = {entry.name for entry in entry_points(group="rackdeck.commands")}


@needs_jackd
@pytest.mark.live
@pytest.mark.skipif("jack" not in INSTALLED, reason="the package is not installed here")
def test_jackd_runs_under_the_runner_comes_back_when_killed_and_ends_with_it(
    up: Start, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"rackdeck-test-up-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    jack = box(Wishes(backend="dummy"), jack_runs=False)[0]
    running = up({"name": "jack", "command": jack.command, "order": 10, "shown": jack.shown}, standin("engine", 20))
    assert running.says("rackdeck jack: the sound goes nowhere (JACK's dummy driver), as asked")
    assert "jackdmp" not in running.read()
    assert find(name).running
    servers = [
        int(pid) for pid in re.findall(r"spawned: 'jack' with pid (\d+)", (running.home / "logs/up.log").read_text())
    ]
    os.kill(servers[0], signal.SIGKILL)
    assert running.says("jack was ended by SIGKILL; it starts again")
    assert wait_for(lambda: running.read().count("the sound goes nowhere") == 2)
    running.press(b"\x03")
    assert running.wait() == 0
    assert find(name).state == "absent"


@needs_jackd
@pytest.mark.live
@pytest.mark.skipif(not {"up", "jack", "engine"} <= INSTALLED, reason="the package is not installed here")
def test_the_whole_box_comes_up_brings_its_engine_back_and_stops(
    up: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"rackdeck-test-box-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACKDECK_HOME", str(tmp_path / "home"))
        folder = paths.runtime()
    pinned = board.Writer(folder)
    pinned.show("earnings", {"left": "by a kill"})
    running = up(options=("--no-display", "--backend", "dummy", "--period", "256", "--music", str(tmp_path)))
    assert running.says("Ctrl-C stops.")
    assert not pinned.stands("earnings")
    assert board.Reader(folder).read("box") == {"music": str(tmp_path)}  # for a screen that is started beside it
    assert wait_for(lambda: find(name).wired)
    first = writer(folder)
    assert first
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: writer(folder) not in (0, first))
    assert wait_for(lambda: find(name).wired)
    assert find(name).period == 256
    pinned.show("earnings", {"left": "by a kill"})
    running.press(b"\x03")
    assert running.wait() == 0
    assert not pinned.stands("earnings")
    assert leftovers.find(running.home) == []
    assert find(name).state == "absent"


def writer(folder: Path) -> int:
    """The process id of the engine that gives signs of life on a panel, 0 with none."""
    try:
        with Panel(folder) as panel:
            return panel.memory.writer_pid if panel.alive and lives(panel.memory.writer_pid) else 0
    except MachineError:
        return 0
