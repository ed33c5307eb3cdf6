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
        ({"version": 10**400}, "version Infinity is not known"),
        ({"evnets": []}, 'a set log has no "evnets"; did you mean "events"?'),
        ({"colour": "red"}, 'a set log has no "colour"; there are version, samplerate'),
        ({"grid": {"deck1": {"bpm": 120, "first-beat": 0.1}}}, 'no "first-beat"; did you mean "first_beat"?'),
        ({"seconds": 10**400}, '"seconds" must be a number from 0 to 86400, not Infinity'),
        ({"start": float("nan")}, '"start" must be a number from 0 to 86400, not NaN'),
        ({"load": {"deck1": "a\0.wav"}}, "must be a file's name"),
        ({"events": [[9e307, "deck1.play", 1]]}, "event 1 ([9e+307"),
        ({"events": [[10**400, "deck1.play", 1]]}, "seconds from 0 on, at most 172800"),
        ({"events": [[0, "deck1.tempo", 10**400]]}, "deck1.tempo takes -100 to 100 %"),
        ({"events": [[0, "deck1.seek", -(10**400)]]}, "deck1.seek takes 0 to 86400 s"),
        ({"events": [[0, "deck1.play", 1], [0, "deck1.play", 2]]}, 'event 2 ([0, "deck1.play", 2])'),
        ({"events": [[0, "d" * 10**6, 1]]}, "no control is called"),
        ({"seconds": -1}, '"seconds" must be a number'),
        ({"ended": ["power lost"]}, '"ended" must be one of stopped, disk full'),
        ({"dropped": -1}, '"dropped" must be a number'),
        ({"seconds": True}, '"seconds" must be a number'),
        ({"samplerate": 1}, '"samplerate" must be a number'),
        ({"samplerate": 44100.5}, '"samplerate" must be a whole number, not 44100.5'),
        ({"block": 64.5}, '"block" must be a whole number'),
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


@pytest.mark.parametrize("depth", [900, 990, 100_000])
def test_a_log_nested_without_end_is_an_input_error(depth):
    nested = "[" * depth + "]" * depth
    for text in (
        nested,
        f'{{"version": {nested}}}',
        f'{{"version": 1, "seconds": 1, "events": [[0, "deck1.seek", {nested}]]}}',
    ):
        with pytest.raises(InputError):
            setlog.parse(text)


def test_a_log_of_no_sane_size_and_one_that_is_no_text_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(setlog, "LARGEST_CHARACTERS", 1000)
    (tmp_path / "long.json").write_text(" " * 1001)
    with pytest.raises(InputError, match="longer than"):
        setlog.read(tmp_path / "long.json")
    (tmp_path / "sound.json").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="not a text file"):
        setlog.read(tmp_path / "sound.json")


def test_an_editors_byte_order_mark_is_no_harm(tmp_path):
    (tmp_path / "log.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(EXAMPLE).encode())
    assert setlog.read(tmp_path / "log.json").seconds == 30.0


def test_what_was_hardly_meant_is_logged_once(caplog):
    events = [
        [0, "deck1.play", 1],
        [1, "deck3.play", 1],
        [2, "deck3.play", 1],
        [3, "deck2.play", 0],
        [4, "deck2.eject", None],
        [5, "deck2.play", 1],
        [6, "deck3.load", "c.wav"],
        [7, "deck3.play", 1],
        [31, "deck1.tempo", 1],
        [100_000, "deck1.tempo", 2],
    ]
    setlog.parse(json.dumps({**EXAMPLE, "events": events}), "set.json")
    assert [record.getMessage() for record in caplog.records] == [
        "set.json: deck3 is to play at 1 s, but no track is on it then",
        "set.json: deck2 is to play at 5 s, but no track is on it then",
        "set.json: 2 of 10 events come after the end at 30 s; none is heard",
    ]
    caplog.clear()
    setlog.parse(json.dumps({**EXAMPLE, "start": 2}))
    assert not caplog.records


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
    log = SetLog(44100, 32, 12.5, 0.25, {"deck1": "x.wav"}, {"deck2": Grid(99.5, 0.1)}, events, "disk full", 7)
    again = setlog.parse(log.as_json())
    log.events.sort(key=lambda event: event.seconds)
    assert again == log
