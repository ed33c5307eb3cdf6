"""The set log's format: what is read, what is refused and with which words."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.decks import setlog
from device.decks.setlog import Event, Grid, SetLog
from device.errors import InputError
from device.panel import controls

EXAMPLE = {
    "version": 1,
    "samplerate": 48000,
    "block": 64,
    "seconds": 30.0,
    "load": {"deck1": "a.wav", "deck2": "b.flac"},
    "grid": {"deck1": {"bpm": 126.0, "first_beat": 0.02}},
    "events": [[8.0, "mixer.crossfader", 1.0], [0.0, "deck1.play", 1], [4.0, "deck1.tempo", 3.0]],
}


def test_the_documented_example_is_read_and_sorted_by_time():
    log = setlog.parse(json.dumps(EXAMPLE))
    assert [event.name for event in log.events] == ["deck1.play", "deck1.tempo", "mixer.crossfader"]
    assert log.grid == {"deck1": Grid(126.0, 0.02)}
    assert (log.samplerate, log.block, log.seconds, log.start) == (48000, 64, 30.0, 0.0)


def test_events_of_one_time_keep_their_order():
    rows = [[1.0, "deck1.hotcue.1.set", 1], [1.0, "deck1.seek", 5.0], [1.0, "deck1.hotcue.1.go", 1]]
    log = setlog.parse(json.dumps({**EXAMPLE, "events": rows}))
    assert [event.name for event in log.events] == [row[1] for row in rows]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 2 is not known"),
        ({"seconds": -1}, '"seconds" must be a number'),
        ({"seconds": True}, '"seconds" must be a number'),
        ({"samplerate": 1}, '"samplerate" must be a number'),
        ({"load": {"deck9": "a.wav"}}, "is no deck"),
        ({"load": {"deck1": 3}}, "must be a file's name"),
        ({"grid": {"deck1": {"bpm": 0}}}, '"bpm" must be a number'),
        ({"events": {}}, '"events" must be a list'),
        ({"events": [[0, "deck1.temp", 1]]}, "did you mean deck1.tempo?"),
        ({"events": [[0, "deck1.tempo", 101]]}, "deck1.tempo takes -100 to 100 %"),
        ({"events": [[-1, "deck1.play", 1]]}, "seconds from 0 on"),
        ({"events": [[0, "deck1.grid", 3]]}, "takes two numbers"),
        ({"events": [[0, "record.start", 1]]}, "does not change the sound"),
        ({"events": [[0, "deck1.position", 1]]}, "deck1.position is a state"),
        ({"events": [[0, "deck1.play"]]}, "[seconds, name, value]"),
    ],
)
def test_a_wrong_log_is_refused_with_the_place_and_the_reason(change, words):
    with pytest.raises(InputError, match=r".") as caught:
        setlog.parse(json.dumps({**EXAMPLE, **change}), "set.json")
    assert words in str(caught.value)
    assert str(caught.value).startswith("set.json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_gives_a_log_or_an_input_error(body):
    with contextlib.suppress(InputError):
        setlog.parse(json.dumps(body))


VALUES = [row for row in controls.table().values() if row.kind == "value"]


@given(
    st.lists(
        st.tuples(st.floats(0, 1e5), st.sampled_from(VALUES), st.floats(0, 1)).map(
            lambda row: Event(row[0], row[1].name, float(round(row[1].low + (row[1].high - row[1].low) * row[2])))
        )
    )
)
def test_a_log_survives_being_written_and_read(events):
    log = SetLog(44100, 32, 12.5, 0.25, {"deck1": "x.wav"}, {"deck2": Grid(99.5, 0.1)}, events)
    again = setlog.parse(log.as_json())
    log.events.sort(key=lambda event: event.seconds)
    assert again == log
