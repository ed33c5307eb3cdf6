"""The order of a document's entries, whoever moves and edits them at the same time."""

import random

import pytest

pytest.importorskip("pycrdt")

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
