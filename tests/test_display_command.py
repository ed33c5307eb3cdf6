"""`rackdeck display` as a process: screenshots, figures, stopping, no screen."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pygame
import pytest

from device import paths
from device.errors import InputError
from display import command
from display.stats import Stats
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.slow

PROGRAM = """
import argparse, logging, sys
from display import command
logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
parser = argparse.ArgumentParser()
command.add_arguments(parser)
sys.exit(command.run(parser.parse_args()))
"""
ROOT = Path(command.__file__).parent.parent


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A box of its own; its folder in memory goes away with it."""
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    shutil.rmtree(paths.runtime())


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def start(home: Path, *words: str, **environment: str) -> subprocess.Popen:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    known = {name: value for name, value in os.environ.items() if name not in screens}
    known |= {"RACKDECK_HOME": str(home), "PYTHONPATH": str(ROOT), **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *words], env=known, **pipes)


@pytest.mark.parametrize("view", ["deck", "mixer", "browser", "box", "settings", "help"])
@pytest.mark.parametrize(("size", "decks"), [("1280x720", 4), ("800x480", 2)])
def test_a_screenshot_works_without_an_engine(tmp_path, home, view, size, decks):
    file = tmp_path / "picture.png"
    status = command.run(parse("--screenshot", str(file), "--size", size, "--decks", str(decks), "--view", view))
    assert status == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    picture = pygame.image.load(str(file))
    assert f"{picture.get_width()}x{picture.get_height()}" == size


def test_a_screenshot_shows_the_decks_of_a_running_engine(tmp_path, home):
    empty, full = tmp_path / "empty", tmp_path / "full"  # any name gives a PNG
    assert command.run(parse("--screenshot", str(empty))) == 0
    engine = FakeEngine(paths.runtime())
    try:
        for deck in (1, 2):
            engine.load(deck, seconds=30.0)
            engine.state(f"deck{deck}.position", 12.0)
        engine.beat()
        assert command.run(parse("--screenshot", str(full), "--decks", "2")) == 0
    finally:
        engine.stop()
    pictures = [pygame.surfarray.array3d(pygame.image.load(str(path), "x.png")) for path in (empty, full)]
    wave = [picture[100:1200, 60:150].std() for picture in pictures]
    assert wave[1] > 4 * wave[0]


def test_a_picture_that_can_not_be_stored_is_said(tmp_path, home):
    with pytest.raises(InputError, match="could not be stored"):
        command.run(parse("--screenshot", str(tmp_path / "none" / "picture.png")))
    with pytest.raises(InputError, match="stands for no home"):
        command.run(parse("--music", "~nobody-of-that-name/x", "--screenshot", str(tmp_path / "x.png")))
    with pytest.raises(InputError, match="no folder"):
        command.run(parse("--music", str(tmp_path / "none"), "--screenshot", str(tmp_path / "x.png")))


WRONG = [("--size", "big"), ("--size", "1x1"), ("--decks", "3"), ("--seconds", "-1"), ("--view", "x")]


@pytest.mark.parametrize("words", WRONG)
def test_wrong_options_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        parse(*words)
    assert words[0] in capsys.readouterr().err


def test_with_no_screen_it_draws_off_screen_says_so_once_and_prints_its_figures(home):
    process = start(home, "--seconds", "0.5", "--stats", SDL_VIDEODRIVER="x11")  # and no X server
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err.count("off screen") == 1
    figures = json.loads(out)
    assert figures["frames"] >= 2
    assert {"draw_ms_median", "draw_ms_p99", "cpu_ms_median", "fps", "late_frames"} <= figures.keys()


def test_nothing_but_that_is_said_outside_a_login_session(home, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    _, err = start(home, "--seconds", "0.1").communicate(timeout=60)
    assert [line for line in err.splitlines() if "no screen was found" not in line] == []


def has_begun(process: subprocess.Popen) -> bool:
    """Whether it has taken over SIGTERM, which it does just before its first frame."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(home, number):
    process = start(home, "--stats", SDL_VIDEODRIVER="dummy")
    try:
        end = time.monotonic() + 30
        while not has_begun(process):
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, err
    assert json.loads(out)["frames"] >= 1
    assert err == ""


def test_figures_are_medians_and_ninety_ninth_percentiles():
    stats = Stats()
    for number in range(100):
        began = number / 50
        stats.add(began, began + (0.05 if number == 99 else 0.002), 0.001)
    report = stats.report()
    assert report["frames"] == 100
    assert report["draw_ms_median"] == 2.0
    assert report["draw_ms_p99"] == 50.0
    assert report["fps"] == pytest.approx(50)
    assert report["late_frames"] == 0
    assert Stats().report()["frames"] == 0
