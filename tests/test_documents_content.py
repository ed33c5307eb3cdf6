"""The order of a document's entries, whoever moves and edits them at the same time."""

import random

import pytest

pytest.importorskip("pycrdt")

from device import documents
from device.contracts import updates
from device.contracts.errors import Malformed
from device.documents import Content, Entry

NAMES = ("Night bus", "Harbour lights", "Concrete garden", "Slow rooms", "Attic window")


def made():
    content = Content()
    content.edit(lambda: [content.insert(Entry(f"{place:026}", name)) for place, name in enumerate(NAMES)])
    return content


def titles(content):
    return [entry.title for entry in content.entries()]


def move(content, title, at):
    number = next(entry.id for entry in content.entries() if entry.title == title)
    content.edit(lambda: content.move(number, at))


def join(one, other):
    """Both have what either has."""
    mine, theirs = one.lacking(other.state), other.lacking(one.state)
    one.merge(theirs)
    other.merge(mine)


def test_an_entry_stands_where_it_was_moved_however_often():
    content, wanted = made(), list(NAMES)
    dice = random.Random(7)
    for _ in range(400):
        title, at = dice.choice(NAMES), dice.randrange(7)
        move(content, title, at)
        wanted.remove(title)
        wanted.insert(min(at, 4), title)
        assert titles(content) == wanted


def test_what_is_put_in_before_others_stands_there_and_what_is_put_in_last_behind_all_that_were_moved():
    content = made()
    move(content, "Slow rooms", 0)
    content.edit(lambda: content.insert(Entry("x" * 26, "Opener"), 0))
    content.edit(lambda: content.insert(Entry("y" * 26, "Last one")))
    assert titles(content)[:2] == ["Opener", "Slow rooms"]
    assert titles(content)[-1] == "Last one"


def test_a_note_that_one_writes_while_another_moves_its_track_is_kept():
    desk = made()
    train = Content([desk.lacking()])
    number = desk.entries()[3].id
    train.edit(lambda: train.note(number, "from the train"))
    move(desk, "Slow rooms", 0)
    join(desk, train)
    assert titles(desk) == titles(train) == ["Slow rooms", *(name for name in NAMES if name != "Slow rooms")]
    assert train.entries()[0].note == desk.entries()[0].note == "from the train"


def test_two_moves_of_two_tracks_at_once_both_count():
    desk = made()
    train = Content([desk.lacking()])
    move(desk, "Slow rooms", 0)
    move(train, "Harbour lights", 2)
    join(desk, train)
    wanted = ["Slow rooms", "Night bus", "Concrete garden", "Harbour lights", "Attic window"]
    assert titles(desk) == titles(train) == wanted


def test_a_track_that_two_move_at_once_is_there_once_and_at_the_same_place_for_both():
    desk = made()
    train = Content([desk.lacking()])
    move(desk, "Slow rooms", 0)
    move(train, "Slow rooms", 4)
    join(desk, train)
    assert titles(desk) == titles(train)
    assert sorted(titles(desk)) == sorted(NAMES)


def fronts(count, client=9):
    """An update of letters that all stand at the very beginning, which whoever merges compares with each other."""
    letter = b"\x04\x01\x05notes\x01b"
    return b"\x01" + updates.varint(count) + bytes([client, 0]) + letter * count + b"\0"


def typed(count, client=5):
    """An update of letters that follow each other, each by itself, as a browser keeps what was written offline."""
    rows = [b"\x04\x01\x05notes\x01a"]
    rows += [b"\x84" + bytes([client]) + updates.varint(at) + b"\x01a" for at in range(count - 1)]
    return b"\x01" + updates.varint(count) + bytes([client, 0]) + b"".join(rows) + b"\0"


def test_what_is_merged_in_pieces_is_the_same(monkeypatch):
    chance = random.Random(4)
    people = [made() for _ in range(3)]
    for step in range(60):
        one, other = chance.sample(people, 2)
        fresh = Entry(f"{step:026}", chance.choice(NAMES))
        one.edit(lambda one=one, fresh=fresh: one.insert(fresh, chance.randrange(5)))
        one.edit(lambda one=one: one.write(one.notes[: chance.randrange(9)] + "añ\U0001f600" * 3))
        move(one, chance.choice(titles(one)), chance.randrange(6))
        one.edit(lambda one=one: one.remove(chance.choice(one.entries()).id))
        if chance.random() < 0.4:
            join(one, other)
    join(people[0], people[1])
    join(people[0], people[2])
    whole = people[0].lacking()
    monkeypatch.setattr(documents, "LEAST_AT_ONCE", 1)
    monkeypatch.setattr(documents, "MOST_AT_ONCE", 3)
    slow = Content()
    told = slow.merge(whole)
    assert (slow.entries(), slow.notes) == (people[0].entries(), people[0].notes)
    assert not slow.lacks(people[0].state)
    assert not people[0].lacks(slow.state)
    again = Content([told])
    assert (again.entries(), again.notes) == (slow.entries(), slow.notes)
    assert not again.lacks(slow.state)
    assert slow.merge(whole) == b""


def test_twenty_thousand_letters_that_were_typed_offline_are_merged():
    content = Content()
    content.merge(typed(20_000))
    assert content.notes == "a" * 20_000
    assert len(content.lacking()) < 20_100


def test_what_would_take_for_ever_is_refused_and_the_document_is_built_anew(monkeypatch):
    monkeypatch.setattr(documents, "MOST_SECONDS", 0.0)
    before = made().lacking()
    content = Content([before])
    with pytest.raises(Malformed, match="too long"):
        content.merge(fronts(3000))
    assert content.spoiled
    assert titles(Content([before, fronts(3000)])) == list(NAMES), "what was taken once is read with more patience"


def test_a_document_of_too_many_pieces_takes_nothing_more_of_others_and_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(updates, "MOST_RUNS", 100)
    content = made()
    before = content.state
    with pytest.raises(Malformed, match="too many pieces"):
        content.merge(fronts(200))
    assert content.state == before
    assert not content.spoiled
    content.merge(typed(200))
    assert content.notes == "a" * 200, "letters in a row are one piece"
    assert content.edit(lambda: content.call("Friday"))
