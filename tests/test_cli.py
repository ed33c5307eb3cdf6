"""`rackdeck` as a shell sees it: what is installed, what is broken, streams that are closed, homes that cannot be."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from device import cli, paths
from device.errors import ConfigError, InputError, MachineError

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "device.cli"]


def rackdeck(*words, **environment):
    """Run a command and wait for it."""
    known = {name: value for name, value in os.environ.items() if name not in ("PYTHONUNBUFFERED", "RACKDECK_LOG")}
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, env={**known, **environment}, timeout=60
    )


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """An installation in which one command of two cannot be imported."""
    (tmp_path / "whole_command.py").write_text(
        "HELP = 'works'\ndef add_arguments(parser): pass\ndef run(arguments):\n    print('done')\n"
    )
    (tmp_path / "broken_command.py").write_text("import a_package_that_is_not_there\nHELP = ''\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {"whole": "whole_command", "broken": "broken_command"}
    monkeypatch.setattr(cli, "commands", lambda: {name: EntryPoint(name, names[name], cli.GROUP) for name in names})


def test_a_broken_command_is_listed_with_the_reason_and_hides_no_other(broken, capsys):
    assert cli.main([]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert lines["whole"].endswith("works")
    assert lines["broken"].endswith("not available here: No module named 'a_package_that_is_not_there'")
    assert cli.main(["whole"]) == 0
    assert capsys.readouterr().out == "done\n"


def test_calling_a_broken_command_says_what_is_missing_and_how_to_get_it(broken, capsys):
    assert cli.main(["broken"]) == os.EX_UNAVAILABLE
    said = capsys.readouterr().err
    assert said.startswith("rackdeck broken: not available here: No module named 'a_package_that_is_not_there'")
    assert "`make setup`" in said


def test_a_wrong_command_is_answered_with_the_nearest():
    done = rackdeck("rendr")
    assert done.returncode == os.EX_USAGE
    assert "did you mean `rackdeck render`?" in done.stderr


@pytest.mark.parametrize("words", [["panel"], ["panel", "--help"], []])
def test_a_reader_that_has_read_enough_is_no_failure(words):
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_full_disk_behind_the_output_is_said():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "panel"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == os.EX_OSERR
    assert done.stderr == "rackdeck panel: no space left on device\n"


def test_streams_that_are_closed_never_become_the_file_that_is_written(tmp_path):
    """Without care the sound file would be number 1 or 2, and what is printed would be written into it."""
    from tests.live import tone

    tone(tmp_path, "a", seconds=1)
    (tmp_path / "s.json").write_text('{"version": 1, "seconds": 0.5, "load": {"deck1": "a.wav"}}')
    render = f"{sys.executable} -m device.cli render {tmp_path}/s.json {tmp_path}"
    subprocess.run(f"{render}/open.wav", shell=True, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(f"{render}/closed.wav <&- >&- 2>&-", shell=True, check=True)
    assert (tmp_path / "closed.wav").read_bytes() == (tmp_path / "open.wav").read_bytes()


def test_characters_that_the_terminal_lacks_are_no_failure():
    done = rackdeck("panel", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert "-100?100" in done.stdout


def test_a_wrong_log_level_is_said_with_the_right_ones():
    done = rackdeck("doctor", RACKDECK_LOG="loud")
    assert done.returncode == os.EX_CONFIG
    assert "RACKDECK_LOG is one of DEBUG" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_cleans_up_first(broken, tmp_path, monkeypatch, number):
    (tmp_path / "whole_command.py").write_text(
        "import time\nHELP = ''\ndef add_arguments(parser): pass\n"
        "def run(arguments):\n    try:\n        print('begun', flush=True)\n        time.sleep(60)\n"
        "    finally:\n        print('cleaned up')\n"
    )
    code = (
        "import sys; from importlib.metadata import EntryPoint; from device import cli\n"
        "cli.commands = lambda: {'x': EntryPoint('x', 'whole_command', cli.GROUP)}\nsys.exit(cli.main(['x']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    assert process.communicate(timeout=60)[0] == "cleaned up\n"
    assert process.returncode == 128 + number


COMMANDS = ["panel get deck1.play", "engine", "display", "up", "demo", "demo --live", "crate"]
NOWHERE, FILE, BELOW_A_FILE = "/proc/nope", "{folder}/file", "{folder}/file/home"
CASES = [(home, words) for words in COMMANDS for home in (NOWHERE, FILE, BELOW_A_FILE)]


@pytest.mark.parametrize(("home", "words"), [*CASES, (NOWHERE, "jack --backend dummy")])
def test_a_home_that_cannot_be_is_said_with_its_remedy_by_every_command(tmp_path, home, words):
    (tmp_path / "file").touch()
    home = home.format(folder=tmp_path)
    server = f"test-cli-{os.getpid()}"
    done = rackdeck(*words.split(), RACKDECK_HOME=home, JACK_DEFAULT_SERVER=server, SDL_VIDEODRIVER="dummy")
    assert done.returncode == os.EX_CONFIG, done.stderr
    assert f"the folder {home}" in done.stderr
    assert "set RACKDECK_HOME to a folder that you may write to" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_reports_a_home_that_cannot_be_among_everything_else():
    done = rackdeck("doctor", RACKDECK_HOME="/proc/nope")
    assert done.returncode == 1
    assert "bad     Home" in done.stdout
    assert "Python" in done.stdout
    assert done.stderr == ""


def test_a_tilde_or_a_working_folder_that_leads_nowhere_is_said(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="stands for no home"):
        paths.absolute("~nobody-of-that-name/x.wav")
    monkeypatch.setenv("RACKDECK_HOME", "~nobody-of-that-name")
    with pytest.raises(ConfigError, match="set RACKDECK_HOME"):
        paths.home()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(InputError, match="working folder is gone"):
        paths.absolute("x.wav")


def test_the_home_may_have_a_name_that_is_no_text(tmp_path, monkeypatch):
    monkeypatch.setenv("RACKDECK_HOME", os.fsdecode(bytes(tmp_path) + b"/h\xff"))
    folder = paths.runtime()
    assert folder.is_dir()
    folder.rmdir()


def test_another_users_folder_is_never_taken_for_the_runtime_folder(tmp_path, monkeypatch):
    if os.getuid() != 0:
        pytest.skip("giving a folder away needs root")
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    folder = paths.runtime()
    os.chown(folder, 65534, 65534)
    with pytest.raises(MachineError, match="belongs to another user"):
        paths.runtime()
    folder.rmdir()


def test_an_interrupt_ends_a_command_with_its_status_and_no_words(tmp_path):
    from tests.fake_engine import FakeEngine

    environment = {**os.environ, "RACKDECK_HOME": str(tmp_path)}
    code = "from device import paths; print(paths.runtime())"
    folder = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).strip()
    engine = FakeEngine(Path(folder))
    try:
        process = subprocess.Popen(
            [*COMMAND, "panel", "watch", "mixer.crossfader"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip
        assert process.stdout.readline() == "mixer.crossfader 0\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == cli.INTERRUPTED
    finally:
        engine.stop()
        shutil.rmtree(folder)
