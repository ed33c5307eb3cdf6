"""What the engine tells about what it did: order, origins, and who holds on to which track."""

import json

import numpy as np
import pytest

from device.engine import binding
from device.engine.journal import Journal, Take, compile_log
from device.engine.offline import OfflineEngine
from device.panel import controls
from dsp_cython.engine import TrackMemory
from dsp_cython.names import OPS, VALUE_NAMES
from tests import signals
from tests.signals import RATE, deck_on, playing, position, sine

MID = sine(440.0, 12.0)


def test_a_full_queue_refuses_and_keeps_the_order():
    engine = deck_on(MID)
    engine.render(64)
    engine.engine.drain()
    seek = OPS.index("seek")
    taken = [engine.engine.command(seek, 0, 0, number / 1000) for number in range(1100)]
    assert taken == [True] * 1024 + [False] * 76
    engine.render(64)
    seeks = [entry[5] for entry in engine.engine.drain() if entry[1] == "op" and entry[2] == seek]
    assert seeks[-1024:] == [number / 1000 for number in range(1024)]
    assert position(engine) == pytest.approx(1023 * RATE / 1000)
    assert engine.engine.command(seek, 0, 0, 2.0) is True


def test_unknown_commands_are_refused():
    engine = OfflineEngine().engine
    for op, number, index in ((-1, 0, 0), (len(OPS), 0, 0), (0, 4, 0), (0, -1, 0), (6, 0, 8)):
        with pytest.raises(ValueError, match="no such command"):
            engine.command(op, number, index)
    with pytest.raises(ValueError, match="needs a track"):
        engine.command(OPS.index("load"), 0)


def named(entries):
    """Entries as (frame, name or kind, value)."""
    table = {"value": lambda e: VALUE_NAMES[e[2]], "op": lambda e: binding.command_name(e[2], e[3], e[4])}
    return [(e[0], table.get(e[1], lambda e: e[1])(e), e[5]) for e in entries]


def test_entries_come_in_the_order_in_which_things_happened():
    engine = playing(MID)
    engine.render(640)
    engine.engine.drain()
    engine.do("deck1.loop.beats", 4)
    engine.do("deck1.seek", 3.0)
    engine.set("mixer.crossfader", 0.5)
    engine.render(64)
    engine.set("deck1.tempo", 2.0)
    engine.render(64)
    assert named(engine.engine.drain()) == [
        (640, "mixer.crossfader", 0.5),
        (640, "deck1.loop.beats", 4.0),
        (640, "deck1.seek", 3.0),
        (704, "deck1.tempo", 2.0),
    ]


def test_an_origin_describes_the_whole_engine_before_what_follows():
    engine = OfflineEngine()
    engine.render(64)
    assert named(engine.engine.drain()) == []
    engine.set("mixer.ch1.trim", 3.0)
    engine.set("deck1.tempo", 4.0)
    engine.render(64)
    assert named(engine.engine.drain()) == []  # nobody heard it: the origin will tell
    engine.load_array(1, MID, serial=7)
    engine.do("deck1.grid", [125.0, 0.25])
    engine.do("deck1.hotcue.3.at", [1.5, 0.5])
    engine.do("deck1.cue.at", 2.0)
    engine.do("deck1.seek", 4.0)
    engine.do("deck1.loop.at", [5.0, 6.0])
    engine.render(64)
    engine.engine.drain()
    engine.render(2 * RATE)
    engine.set("deck1.play", 1)
    engine.render(64)
    entries = named(engine.engine.drain())
    start = entries[0][0]
    assert entries[0] == (start, "origin", 64.0)
    assert [name for _, name, _ in entries[1 : 1 + len(VALUE_NAMES)]] == list(VALUE_NAMES)
    assert {name: value for _, name, value in entries[1:]}["mixer.ch1.trim"] == 3.0
    assert [name for _, name, _ in entries[1 + len(VALUE_NAMES) :]] == [
        "deck1.load", "deck1.grid", "deck1.cue.at", "deck1.seek", "deck1.hotcue.3.at", "deck1.loop.at", "deck1.play",
    ]  # fmt: skip
    assert all(frame == start for frame, _, _ in entries)
    assert engine.engine.lost == 0


def test_what_is_played_can_be_rendered_from_its_journal():
    """The lines from the last origin on, replayed on a new engine, give the same samples."""
    material = {1: signals.music(6.0, 1), 2: signals.music(6.0, 2)}
    engine = OfflineEngine()
    journal = Journal({1: "a.wav", 2: "b.wav"})
    for number, sound in material.items():
        engine.load_array(number, sound)
    engine.do("deck1.grid", [121.0, 0.02])
    engine.set("mixer.ch2.filter", -0.4)
    engine.set("deck1.play", 1)
    engine.render(64 * 100)
    engine.do("deck1.loop.beats", 0.5)
    engine.render(64 * 300)
    engine.do("deck1.loop.exit")
    engine.set("deck1.play", 0)
    engine.render(64 * 2250)  # silent for long: the next thing is an origin
    live, frames = [], []
    events = [
        ("deck2.play", 1), ("deck1.play", 1), ("deck2.keylock", 1), ("deck2.tempo", -3.5), ("deck1.loop.exit", 1),
        ("deck2.seek", 2.0), ("mixer.eq_mode", 1), ("mixer.ch1.eq_high", 4.0),
    ]  # fmt: skip
    for name, value in events:
        engine.set(name, value) if name in VALUE_NAMES else engine.do(name, value)
        frames.append(engine.engine.frame)
        live.append(engine.render(64 * 77)[:2])
        journal.take(engine.engine.drain())
    take = journal.recorded
    assert take.origin == frames[0]
    log = compile_log(Take(take.origin, 64, take.origin, None, take.lines), RATE, engine.engine.frame)
    assert log.load == {"deck1": "a.wav", "deck2": "b.wav"}
    again = OfflineEngine()
    for number, sound in material.items():
        again.load_array(number, sound)
    for name, grid in log.grid.items():
        again.do(f"{name}.grid", [grid.bpm, grid.first_beat])
    heard, at = [], 0
    for event in log.events:
        blocks = round(event.seconds * RATE) // 64 - at
        if blocks:
            heard.append(again.render(64 * blocks)[:2])
            at += blocks
        again.set(event.name, event.value) if event.name in VALUE_NAMES else again.do(event.name, event.value)
    heard.append(again.render(64 * (len(events) * 77 - at))[:2])
    assert np.array_equal(np.concatenate(heard, axis=1), np.concatenate(live, axis=1))
    json.dumps([event.value for event in log.events])


def test_a_track_is_let_go_after_its_deck_did_and_not_before():
    engine = OfflineEngine()
    first, second = TrackMemory.of(MID, 11), TrackMemory.of(MID, 12)
    engine.load(1, first)
    engine.render(64)
    assert engine.engine.holding == {11}
    engine.load(1, second)
    assert engine.engine.holding == {11, 12}
    engine.render(128)
    engine.engine.drain()
    assert engine.engine.holding == {12}


def test_a_track_that_waits_in_the_queue_is_not_let_go():
    """Loaded again, on another deck, in the moment in which the first deck lets go of it."""
    engine = OfflineEngine()
    track = TrackMemory.of(MID, 11)
    engine.load(1, track)
    engine.render(64)
    engine.do("deck1.eject")
    engine.render(128)
    engine.load(2, track)
    engine.engine.drain()
    assert engine.engine.holding == {11}


def test_a_refused_load_is_not_held_on_to():
    engine = OfflineEngine()
    while engine.engine.command(0, 0):
        pass
    assert engine.engine.command(OPS.index("load"), 0, track=TrackMemory.of(MID, 5)) is False
    assert engine.engine.holding == set()


def test_a_fraction_in_a_switch_is_heard_and_noted_as_a_whole_number():
    engine = OfflineEngine()
    engine.load_array(1, MID)
    engine.do("deck1.play", 1)
    engine.render(64)
    engine.engine.drain()
    engine._values[controls.slots("value")["deck1.keylock"]] = 0.6
    engine.render(64)
    assert [entry[2] for entry in named(engine.engine.drain())] == [1.0]
