"""Messages for tests: any that the contract allows, and one of each kind as it might be seen."""

import base64
import dataclasses
import re
from functools import cache
from typing import Any

from hypothesis import strategies as st

from device.contracts import (
    claims,
    commands,
    configuration,
    crashes,
    documents,
    earnings,
    envelope,
    files,
    health,
    ids,
    kinds,
    lists,
    live,
    notices,
    plays,
    receipts,
    releases,
    sets,
    shapes,
    status,
    topics,
    values,
)
from device.contracts.clock import Stamp

FIT = st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t")


def texts(shape: shapes.Text) -> st.SearchStrategy[str]:
    if shape.pattern:
        made = st.from_regex(re.compile(shape.pattern, re.ASCII), fullmatch=True, alphabet=FIT)
        return made.filter(lambda text: shape.least <= len(text) <= shape.most)
    longest = st.just("\U0001f3b6" * shape.most)
    return st.text(FIT, min_size=shape.least, max_size=max(shape.least, min(shape.most, 20))) | longest


@cache
def any_of(shape: shapes.Shape) -> st.SearchStrategy[Any]:
    """Any value that a shape allows."""
    match shape:
        case shapes.Text():
            return texts(shape)
        case shapes.Bytes(most):
            return st.binary(max_size=min(most, 100))
        case shapes.Whole(least, most):
            return st.integers(least, most)
        case shapes.Real(least, most):
            return st.floats(least, most)
        case shapes.Flag():
            return st.booleans()
        case shapes.Choice(words):
            return st.sampled_from(words)
        case shapes.Scalar(most):
            return st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts(shapes.Text(most)) | st.floats(0, 1)
        case shapes.Maybe(of):
            return st.none() | any_of(of)
        case shapes.Many(of, most):
            return st.lists(any_of(of), max_size=min(most, 4)).map(tuple)
        case shapes.Table(names, of, most):
            return st.dictionaries(any_of(names), any_of(of), max_size=min(most, 4))
        case shapes.Row(made, inner):
            return st.tuples(*(any_of(one) for one in inner)).map(lambda row: made(*row))
        case shapes.Record(made, parts):
            return st.builds(made, **{part.name: any_of(part.of) for part in parts})


@st.composite
def messages(draw: st.DrawFn) -> tuple[topics.Way, envelope.Message]:
    """Any message, and the way it goes."""
    kind = draw(st.sampled_from(kinds.ALL))
    way = draw(st.sampled_from(kind.ways))
    head = draw(any_of(shapes.shape_of(envelope.Head)))
    seq = 0 if kind.stream in topics.UNNUMBERED[way] else draw(st.integers(1, shapes.WHOLE_MOST))
    body = draw(any_of(shapes.shape_of(kind.body)))
    if isinstance(body, receipts.Skipped):
        body = receipts.Skipped(draw(st.integers(seq, shapes.WHOLE_MOST)))
    head = dataclasses.replace(head, stream=kind.stream, seq=seq, kind=kind.name, kv=kind.version)
    return way, envelope.Message(head, body)


def meaning(value: Any) -> Any:
    """What a message says, in JSON's own objects, told without the codec: field by field, defaults and all."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: meaning(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [meaning(one) for one in value]
    if isinstance(value, bytes):
        return {"bytes": base64.b16encode(value).decode()}
    if isinstance(value, dict):
        return [[name, meaning(one)] for name, one in value.items()]
    return value


NOW = 1_795_300_000_123


def an_id(number: int) -> str:
    return ids.make(NOW + number, bytes(range(number, number + ids.RANDOM_BYTES)))


TRACK = values.Track(
    "Nachtfahrt (Öffner)", "Anna & the Known", an_id(1), "ab" * 32, 372.25, 126.5, "8A", "DEA123400001"
)
RECORDING = values.FileRef("cd" * 32, 3_456_789_012, "2026-11-21 22-15-03.wav", "audio/wav")
LOG = values.FileRef("ef" * 32, 81_234, "2026-11-21 22-15-03.json", "application/json")
VERSIONS = {"rackdeck": "0.2.0", "kernel": "6.1.0-28-rt-arm64"}
STORAGE = health.Storage(127_865_454_592, 88_123_456_789, 2)
BOX = "A2B3C4D5E6F7G2H3I4J5K6L7MN"
PEM = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ0hF\n-----END CERTIFICATE-----\n"
EXAMPLES: tuple[Any, ...] = (
    sets.Started(an_id(2), "Saturday, main floor", "Booth 1", NOW, True),
    sets.Finished(
        an_id(2),
        "Saturday, main floor",
        "Booth 1",
        NOW,
        7262.5,
        2,
        (sets.Entry(0.0, TRACK, 1, 371.5, -1.25), sets.Entry(360.0, values.Track("Untitled"), 2, 6902.5)),
        "stopped",
        RECORDING,
        LOG,
        48000,
        0,
        -9.5,
        -1.0,
    ),
    plays.Played(TRACK, 3, NOW, 210.75, 2.5, an_id(2)),
    health.Report(
        an_id(3),
        86_400.5,
        60.0,
        VERSIONS,
        STORAGE,
        health.Waiting(12, 5120, 33.5, 1, 3_456_789_012, 7),
        "battery",
        health.Sound(21.5, 63.0, 1, 48000, 128),
        61.5,
        False,
        True,
        8_000_000_000,
        6_500_000_000,
        "mobile",
        True,
        NOW + 86_400_000,
        (health.Process("engine", 180_000_000, 1), health.Process("sync", 45_000_000)),
    ),
    crashes.Report("display", "0.2.0", an_id(3), NOW, "SIGSEGV", 123.5, "#0 draw\n#1 main", ("loading", "a line: ü")),
    commands.Answered(an_id(4), "refused", "A set is being recorded.", {"recording": True, "seconds": 12.5}),
    configuration.Applied(7, (configuration.Refusal("mixer.main", "The box has no booth output."),)),
    lists.Ready(an_id(5), 18, 2),
    files.Offered(RECORDING, "recording", an_id(2)),
    files.Received("cd" * 32, "disk full", "There is no room for this track; free some space."),
    status.Online(
        "Booth 1",
        "Rackdeck 5",
        an_id(3),
        4000.25,
        VERSIONS,
        STORAGE,
        "running",
        12,
        (status.Deck(1, "Nachtfahrt", "Anna", True, 61.5, 372.25, 126.5), status.Deck(2, "Untitled")),
        status.Progress(an_id(2), "Saturday, main floor", 3600.5, 14, True, 80_000.0),
        "The disk is filling up.",
    ),
    status.Offline("lost", "The battery is low."),
    live.Values({"deck1.tempo": 3.5, "deck1.title": "Nachtfahrt", "deck1.play": 1, "record.on": False}, True),
    documents.Update(an_id(5), "playlist", b"\x01\x02\x00\xff\x00", 2, 3),
    documents.State(an_id(5), "set", b"\x00"),
    documents.Gone(an_id(5)),
    lists.Sent(an_id(5), "set", "For Saturday", "Mara", ("ab" * 32, "cd" * 32)),
    lists.Withdrawn(an_id(5)),
    releases.Changed(
        an_id(6),
        "Nachtfahrt EP",
        "Anna & the Known",
        "changes wanted",
        NOW,
        "2027-01-15",
        "The cover is smaller than 3,000 pixels.",
        (releases.Store("Beat shop", "live", "Since Friday."),),
    ),
    earnings.Cards(
        41,
        NOW,
        "2026-11-21",
        "Europe/Berlin",
        (
            earnings.Card(
                "EUR",
                12_340_000,
                -250_000_000,
                9_007_199_254_740_991,
                (earnings.ReleaseLine(an_id(6), "Nachtfahrt EP", 11_000_001, 99_000_000),),
            ),
        ),
        earnings.Posted("gig", "Saturday, main floor", 250_000_000, "EUR"),
    ),
    commands.Given(
        an_id(4), "deck1.play", "play", "Mara", NOW + 60_000, an_id(3), 4060.25, {"value": 1, "why": "because"}
    ),
    configuration.Wanted(7, {"record.format": "flac", "mixer.main": -3.0, "display.clock": True, "name.short": None}),
    notices.Told(an_id(7), "warning", "Your certificate ends in 10 days.", NOW + 1000, "https://deck.example/boxes/1"),
    notices.Gone(an_id(7)),
    files.Wanted("cd" * 32, "https://deck.example/files/1", "a.token-1", 1_048_576),
    files.Kept("cd" * 32),
    files.Refused("cd" * 32, "Your plan has no room for it.", True),
    files.Sent(RECORDING, "track", "https://deck.example/files/2", "a.token-2", TRACK, an_id(5)),
    live.Watched(30.0, ("deck1.", "record.")),
    receipts.Receipt((receipts.Cursor("sets", an_id(8), 0), receipts.Cursor("plays", an_id(8), 100_000))),
    receipts.Opening((receipts.Numbering("sets", an_id(8), 3, 9),)),
    receipts.Skipped(4711),
    claims.Given("1.1795300000123.Zm9v.0a1b"),
    claims.Offer(b"a key", "a nonce", b"a signature", "7K3M-Q0XZ", "Booth 1", "Rackdeck 5"),
    claims.House(b"a key", "a nonce", b"a signature", "a token", "Booth 1", "Rackdeck 5"),
    claims.Offered(BOX, NOW),
    claims.Requested(b"a key", "a nonce", b"a signature", PEM),
    claims.Enrolment("issued", BOX, PEM, PEM, NOW, "10.0.0.2", 8883, "Booth 1", "0a1b"),
    claims.Left(b"a key", "a nonce", b"a signature"),
)


def wrapped(kind: kinds.Kind, body: Any) -> envelope.Message:
    """A message around a body, in the stream of its kind."""
    numbered = any(kind.stream in topics.NUMBERED[way] for way in kind.ways)
    return envelope.compose(body, an_id(9), kind.stream, an_id(8), int(numbered) * 4711, Stamp(NOW, 2), "unset")
