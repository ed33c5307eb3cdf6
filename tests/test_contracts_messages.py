"""Messages: any round-trips, anything else is one error, and what was ever sent keeps its meaning."""

import contextlib
import dataclasses
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.contracts import claims, codec, documents, envelope, files, kinds, plays, receipts, shapes, topics, values
from device.contracts.errors import ContractError, Malformed, Unknown
from tests.contract_messages import EXAMPLES, NOW, any_of, meaning, messages, wrapped
from tests.golden_messages import FOLDER, missing

pytestmark = pytest.mark.slow

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
PLAYED = wrapped(
    next(kind for kind in kinds.KINDS if kind.body is plays.Played), plays.Played(values.Track("A"), 1, NOW, 1.5)
)
GOOD = envelope.encode("up", PLAYED)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def changed(**what: Any) -> bytes:
    """A good payload with something in its envelope changed."""
    return json.dumps(json.loads(GOOD) | what).encode()


def refusal(payload: bytes, way: topics.Way = "up", stream: str = "plays") -> ContractError:
    with pytest.raises(ContractError) as caught:
        envelope.decode(way, stream, payload)
    return caught.value


@PATIENT
@given(messages())
def test_any_message_is_read_as_it_was_written(sent):
    way, message = sent
    assert envelope.decode(way, message.head.stream, envelope.encode(way, message)) == message


def test_a_file_is_at_an_address_or_at_a_path_which_names_no_other_host():
    for place in ("https://music.example.org/a", "http://localhost:8000/a?b", "/api/v1/transfers/a/upload"):
        assert codec.plain(files.Wanted("a" * 64, place, "token"))["url"] == place
    for place in ("//elsewhere.example/a", "https:///a", "/", "a", "ftp://elsewhere.example/a", "/a b", "/a\n"):
        with pytest.raises(Malformed):
            codec.plain(files.Wanted("a" * 64, place, "token"))


@PATIENT
@given(st.sampled_from(sorted(kinds.LETTERS)), st.data())
def test_any_letter_is_read_as_it_was_written(name, data):
    letter = data.draw(any_of(shapes.shape_of(kinds.LETTERS[name])))
    assert codec.loads(kinds.LETTERS[name], codec.dumps(letter)) == letter


@pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: f"{kind.stream}.{kind.name}")
def test_every_body_within_its_limits_fits_into_a_message(kind):
    around = shapes.largest(shapes.shape_of(envelope.Head)) + 20
    assert shapes.largest(shapes.shape_of(kind.body)) + around <= codec.LIMIT


@PATIENT
@given(messages())
def test_no_message_is_longer_than_its_shape_says(sent):
    body = codec.form(codec.plain(sent[1].body))
    assert len(body) <= shapes.largest(shapes.shape_of(type(sent[1].body)))


@given(st.binary(max_size=300), st.sampled_from(["plays", "sets", "status", "stars"]))
def test_any_bytes_are_a_message_or_the_one_error(payload, stream):
    refusal(payload, "up", stream)


@PATIENT
@given(JSON, st.sampled_from(topics.WAYS))
def test_any_json_is_a_message_or_the_one_error(found, way):
    refusal(json.dumps(found).encode(), way)


@PATIENT
@given(messages(), st.data())
def test_a_message_with_wounded_bytes_is_a_message_or_the_one_error(sent, data):
    way, message = sent
    payload = bytearray(envelope.encode(way, message))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(ContractError):
        envelope.decode(way, message.head.stream, bytes(payload))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place in JSON: what holds it, and under which key."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, one in inner for place in [(node, key), *places(one)]]


@PATIENT
@given(messages(), JSON, st.data())
def test_a_message_with_one_value_exchanged_is_a_message_or_the_one_error(sent, other, data):
    way, message = sent
    found = json.loads(envelope.encode(way, message))
    holder, key = data.draw(st.sampled_from(places(found)))
    holder[key] = other
    try:
        again = envelope.decode(way, message.head.stream, json.dumps(found).encode())
    except ContractError:
        return
    assert envelope.decode(way, again.head.stream, envelope.encode(way, again)) == again


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b"[" * (codec.LIMIT - 1),
        b'{"a":' * 100_000,
        b"9" * codec.LIMIT,
        b"0." + b"9" * (codec.LIMIT - 2),
        b"[" + b"9" * 4300 + (b"," + b"9" * 4300) * 120 + b"]",
        b'"' + b"\\u0041" * 80_000 + b'"',
        b" " * codec.LIMIT,
        GOOD + b" " * codec.LIMIT,
        GOOD.replace(b"1.5", b"NaN"),
        GOOD.replace(b"1.5", b"-Infinity"),
        GOOD.replace(b"1.5", b"1e999"),
        GOOD.replace(b"1.5", b"1" + b"0" * 400),
        GOOD.replace(b"1.5", b"true"),
        GOOD.replace(b'"A"', b'"\\ud800"'),
        GOOD.replace(b'"A"', b'"\\u0000"'),
        GOOD.replace(b'"A"', b'"\x01"'),
        GOOD.replace(b'"kv":1', b'"kv":1,"kv":1'),
        GOOD.replace(b'"kv":1', b'"kv":true'),
        GOOD.replace(b'"deck":1', b'"deck":1.0'),
        GOOD.replace(b'"deck":1,', b""),
        GOOD.replace(b'"seq":4711', b'"seq":0'),
        GOOD.replace(b'"seq":4711', b'"seq":-1'),
        GOOD.replace(b'"v":1', b'"v":true'),
    ],
    ids=range(26),
)
def test_what_is_hostile_is_malformed_and_costs_little(payload):
    begun = time.process_time()
    assert isinstance(refusal(payload), Malformed)
    assert time.process_time() - begun < 1  # it is some milliseconds; what grows with the square takes minutes


def test_a_good_message_that_the_hostile_ones_are_made_of_is_read():
    assert envelope.decode("up", "plays", GOOD) == PLAYED


def test_an_error_says_where_it_is_and_carries_the_head_for_the_receipt():
    found = refusal(changed(body={"track": {"title": 5}, "deck": 1, "started": 0, "heard": 0}))
    assert str(found) == "body.track.title is not a text"
    assert found.head == PLAYED.head


def test_a_malformed_body_keeps_its_head_and_a_malformed_head_has_none():
    assert refusal(changed(body=None)).head == PLAYED.head
    assert refusal(changed(id="no id")).head is None


@pytest.mark.parametrize(
    "what", [{"kv": 2}, {"kind": "track.loved"}, {"kind": "set.started"}], ids=["version", "kind", "of another stream"]
)
def test_what_only_a_later_version_knows_is_unknown_and_can_be_receipted(what):
    found = refusal(changed(**what))
    assert isinstance(found, Unknown)
    assert found.head is not None
    assert (found.head.epoch, found.head.seq) == (PLAYED.head.epoch, PLAYED.head.seq)


def test_a_later_envelope_is_unknown():
    assert isinstance(refusal(changed(v=2)), Unknown)


def test_a_stream_that_only_a_later_version_has_is_unknown():
    assert isinstance(refusal(changed(stream="lights"), "up", "lights"), Unknown)


def test_a_message_does_not_count_in_a_stream_that_it_does_not_name():
    assert isinstance(refusal(changed(stream="sets")), Malformed)


def test_fields_that_a_later_version_adds_are_ignored():
    body = json.loads(GOOD)["body"]
    assert envelope.decode("up", "plays", changed(body=body | {"mood": "high"}, trace="1")) == PLAYED


@pytest.mark.parametrize(
    "body",
    [
        plays.Played(values.Track("A" * 121), 1, NOW, 1.0),
        plays.Played(values.Track("A\ud800"), 1, NOW, 1.0),
        plays.Played(values.Track("A"), 9, NOW, 1.0),
        plays.Played(values.Track("A"), 1, NOW, float("nan")),
        plays.Played(None, 1, NOW, 1.0),
        plays.Played("A", 1, NOW, 1.0),
    ],
    ids=["long", "half character", "deck", "nan", "nothing", "text"],
)
def test_what_could_not_be_read_is_not_written(body):
    with pytest.raises(Malformed):
        envelope.encode("up", dataclasses.replace(PLAYED, body=body))


def test_a_body_goes_only_where_its_kind_belongs():
    with pytest.raises(Malformed):
        envelope.encode("down", PLAYED)
    with pytest.raises(Malformed):
        envelope.encode("up", dataclasses.replace(PLAYED, body=receipts.Skipped(5000)))


def test_a_skip_stands_for_the_numbers_up_to_its_last_and_never_for_earlier_ones():
    kind = next(kind for kind in kinds.ALL if kind.name == kinds.SKIPPED and kind.stream == "health")
    skip = wrapped(kind, receipts.Skipped(5000))
    assert envelope.decode("up", "health", envelope.encode("up", skip)).last == 5000
    assert PLAYED.last == PLAYED.head.seq
    with pytest.raises(Malformed):
        envelope.encode("up", wrapped(kind, receipts.Skipped(4710)))


@pytest.mark.parametrize(
    ("text", "fit"),
    [("ok", "ok"), ("a\x00b\x1b[2J", "ab[2J"), ("\ud83cé\n", "é\n"), ("x" * 500, "x" * 120)],
    ids=["as it is", "control characters", "half character", "long"],
)
def test_a_text_from_anywhere_is_fit_for_a_message_once_it_is_cleaned(text, fit):
    assert codec.loads(values.Track, codec.dumps(values.Track(codec.clean(text, 120)))).title == fit


@given(st.binary(max_size=200), st.integers(1, 40))
def test_an_update_is_the_same_after_it_went_in_parts(update, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "PART_BYTES", size)
        patch.setattr(documents, "MOST_PARTS", 200)
        parts = list(documents.split("d", "set", update))
    assert documents.join(parts) == update
    assert max(len(one.update) for one in parts) <= size
    if len(parts) > 1:
        for wrong in (parts[1:], parts[:-1], parts[::-1], [*parts, parts[-1]]):
            with pytest.raises(Malformed):
                documents.join(wrong)


def test_an_update_that_is_too_long_is_refused_before_anything_is_sent():
    with pytest.raises(ValueError, match="at most"):
        list(documents.split("d", "set", bytes(documents.PART_BYTES * documents.MOST_PARTS + 1)))


def test_the_digits_on_both_screens_depend_on_the_key_and_on_the_code():
    key, other = claims.fingerprint(b"key"), claims.fingerprint(b"another key")
    shown = {claims.check_digits(one, code) for one in (key, other) for code in ("7K3MQ0XZ", "7K3MQ0XY")}
    assert len(shown) == 4
    assert all(len(digits) == 6 and digits.isdecimal() for digits in shown)


def test_a_box_has_an_id_that_its_topics_take():
    box = claims.box_id(b"key")
    assert len(box) == 26
    assert topics.parse(topics.topic(box, "up", "sets")) == (box, "up", "sets")
    assert claims.box_id(b"another key") != box


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_ever_sent_is_read_with_the_meaning_it_had(path):
    golden = json.loads(path.read_text(encoding="utf-8"))
    payload = json.dumps(golden["payload"]).encode()
    if "letter" in golden:
        found = codec.loads(kinds.LETTERS[golden["letter"]], payload)
    else:
        found = envelope.decode(golden["way"], golden["stream"], payload)
    assert with_later_fields(meaning(found), golden["means"]) == golden["means"]


def with_later_fields(now: Any, then: Any) -> Any:
    """A meaning without the fields that dataclasses have got since."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {name: with_later_fields(now[name], then[name]) for name in then if name in now}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [with_later_fields(*pair) for pair in zip(now, then, strict=True)]
    return now


def test_every_kind_has_golden_messages():
    lacking = [name for name, _ in missing() if not (FOLDER / name).exists()]
    assert not lacking, "write them with `python -m tests.golden_messages`"


def test_every_kind_has_an_example():
    assert {kind.body for kind in kinds.ALL} | set(kinds.LETTERS.values()) == {type(body) for body in EXAMPLES}
