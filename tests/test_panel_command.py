"""`rackdeck panel`: what is typed, what is sent, and what is said about what cannot be."""

import argparse
import os
from pathlib import Path

import pytest

from device import paths
from device.errors import InputError, MachineError
from device.panel import command
from tests.test_panel import Box

__all__ = ["box"]


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A box at this test's home."""
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    folder = paths.runtime()
    box = Box(folder)
    yield box
    box.close()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def panel(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def test_a_file_is_found_from_the_callers_folder_on(box, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for typed in (["music/a.wav"], ["~/b.wav"], ["/c.wav"], ["two", "words.wav"], [os.fsdecode(b"\xff.wav")]):
        panel("do", "deck1.load", *typed)
    assert [argument for _, argument in box.asked] == [
        f"{tmp_path}/music/a.wav",
        "/home/me/b.wav",
        "/c.wav",
        f"{tmp_path}/two words.wav",
        os.fsdecode(bytes(Path(tmp_path)) + b"/\xff.wav"),
    ]


def test_numbers_choices_and_presses_reach_the_box(box, capsys):
    panel("set", "mixer.crossfader", "-0.5")
    panel("set", "mixer.ch1.assign", "b")
    panel("set", "deck1.play", "on")
    panel("do", "deck1.cue")
    panel("do", "deck1.grid", "124", "0.5")
    panel("do", "record.start")
    panel("get", "mixer.crossfader", "mixer.ch1.assign")
    assert box.asked == [
        ("deck1.play", 1.0),
        ("deck1.cue", 1.0),
        ("deck1.grid", [124.0, 0.5]),
        ("record.start", None),
    ]
    assert capsys.readouterr().out == "mixer.crossfader -0.5\nmixer.ch1.assign 2\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("set deck1.cue 1", "deck1.cue is an action; use `rackdeck panel do deck1.cue`"),
        ("set deck1.position 1", "deck1.position can only be read"),
        ("set deck1.title x", "deck1.title can only be read"),
        ("do deck1.bpm", "deck1.bpm can only be read"),
        ("do deck1.tempo 3", "deck1.tempo is a value; use `rackdeck panel set deck1.tempo NUMBER`"),
        ("get deck1.eject", "deck1.eject is an action; use `rackdeck panel do deck1.eject`"),
        ("watch deck1.eject", "deck1.eject is an action"),
        ("set deck1.tmpo 3", "did you mean deck1.tempo?"),
        ("set deck1.tempo fast", "deck1.tempo takes a number from -100 to 100, not 'fast'"),
        ("set deck1.tempo 101", "deck1.tempo takes -100 to 100 %, not 101"),
        ("set mixer.ch1.assign c", "(thru, a, b), not 'c'"),
        ("do deck1.seek", "deck1.seek takes a number"),
        ("do deck1.seek 1 2", "deck1.seek takes a number"),
        ("do deck1.grid 124", "deck1.grid takes two numbers"),
        ("do deck1.load", "deck1.load takes the path of a file"),
        ("do deck1.load ~nobody-of-that-name/x.wav", "write the path in full"),
        ("do record.start now", "record.start takes nothing"),
    ],
)
def test_what_cannot_be_is_said_even_while_no_box_runs(tmp_path, monkeypatch, words, sentence):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path / "unused"))
    with pytest.raises(InputError) as caught:
        panel(*words.split())
    assert sentence in str(caught.value)
    assert not (tmp_path / "unused").exists()


def test_without_a_box_the_remedy_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path))
    with pytest.raises(MachineError, match="rackdeck up"):
        panel("do", "deck1.cue")
    paths.runtime().rmdir()


def test_watching_ends_after_the_seconds_that_were_asked_for(box, capsys):
    panel("watch", "mixer.crossfader", "--seconds", "0.05")
    panel("watch", "mixer.crossfader", "--seconds", "nan")
    assert set(capsys.readouterr().out.splitlines()) == {"mixer.crossfader 0"}
