"""The shelf: playlists with the places of their files on the board, whoever edits them, and nobody else's."""

import pytest

from device.panel import board
from device.sync import playlists, shelf
from device.sync.ballast import Ballast
from device.sync.core import Core, Places
from device.sync.database import Database, put
from device.sync.shelf import Shelf


@pytest.fixture
def core(tmp_path):
    (tmp_path / "memory").mkdir()
    made = Core(Places(tmp_path, tmp_path / "memory"), Ballast(tmp_path / "ballast", 0))
    yield made
    made.close()


@pytest.fixture
def other(core):
    """The database as another process has it: `rackdeck playlist`."""
    opened = Database(core.places.sync, Ballast(core.places.home / "ballast", 0))
    yield opened
    opened.close()


@pytest.fixture
def reader(core):
    return board.Reader(core.places.runtime)


def music(core, *names):
    folder = core.places.folder("music")
    for name in names:
        (folder / f"{name}.wav").write_bytes(b"RIFF" + name.encode() * 10)
    return [folder / f"{name}.wav" for name in names]


def tracks(reader, number):
    return [(row[0], row[2]) for row in reader.read(board.PLAYLIST + number)["tracks"]]


def test_a_playlist_stands_on_the_board_with_the_places_of_its_files(core, other, reader):
    pinned = Shelf(core)
    pinned.step()
    assert reader.read("playlists") == {"playlists": [], "more": 0}
    first, second = music(core, "first", "second")
    number = playlists.new(other, "Friday")
    added = playlists.add(other, number, [first, second])
    playlists.change(other, number, added[0].id, note="after\nmidnight " + "x" * 200)
    pinned.step()
    row = reader.read("playlists")["playlists"][0]
    assert (row["title"], row["tracks"], row["shown"], row["here"]) == ("Friday", 2, 2, 2)
    assert tracks(reader, number) == [("first", str(first)), ("second", str(second))]
    note = reader.read(board.PLAYLIST + number)["tracks"][0][6]
    assert note.startswith("after midnight xx")
    assert len(note) == shelf.LONGEST_NOTE


def test_edits_files_that_go_and_playlists_that_are_deleted_are_followed(core, other, reader, monkeypatch):
    monkeypatch.setattr(shelf, "FILES_SECONDS", 0.0)
    first, second = music(core, "first", "second")
    number = playlists.new(other, "Friday")
    added = playlists.add(other, number, [first, second])
    pinned = Shelf(core)
    pinned.step()
    mark = reader.read("playlists")["playlists"][0]["mark"]
    playlists.change(other, number, added[1].id, at=0)
    pinned.step()
    assert tracks(reader, number) == [("second", str(second)), ("first", str(first))]
    row = reader.read("playlists")["playlists"][0]
    assert row["mark"] != mark
    first.unlink()
    second.unlink()
    pinned.step()
    assert tracks(reader, number) == [("second", ""), ("first", "")]
    assert reader.read("playlists")["playlists"][0]["here"] == 0
    playlists.delete(other, number)
    pinned.step()
    assert reader.read("playlists") == {"playlists": [], "more": 0}
    assert reader.read(board.PLAYLIST + number) is None


def test_a_track_that_is_fetched_is_here_at_once(core, other, reader):
    (file,) = music(core, "first")
    number = playlists.new(other, "Friday")
    (entry,) = playlists.add(other, number, [file])
    with other.writing() as connection:
        connection.execute("DELETE FROM tracks")
    pinned = Shelf(core)
    pinned.step()
    assert tracks(reader, number) == [("first", "")]
    with other.writing() as connection:
        connection.execute("INSERT INTO downloads VALUES (?, '{}', 'there', ?, 0, 0, '')", (entry.hash, str(file)))
    pinned.step()
    assert tracks(reader, number) == [("first", str(file))]


def test_nothing_is_written_again_that_stands_there(core, other, reader):
    number = playlists.new(other, "Friday")
    playlists.add(other, number, music(core, "first"))
    pinned = Shelf(core)
    pinned.step()
    before = reader.read("playlists"), reader.read(board.PLAYLIST + number)
    with other.writing() as connection:
        put(connection, "something", "else")
    pinned.step()
    assert reader.read("playlists") is before[0]
    assert reader.read(board.PLAYLIST + number) is before[1]


def test_a_former_owners_playlists_are_not_shown(core, other, reader):
    playlists.new(other, "Friday")
    pinned = Shelf(core)
    pinned.step()
    assert reader.read("playlists")["playlists"]
    with other.writing() as connection:
        put(connection, "owner", "somebody")
    pinned.step()
    assert reader.read("playlists") is None
    assert pinned._writer.names(board.PLAYLIST) == []


def test_more_than_the_board_holds_is_counted(core, other, reader, monkeypatch):
    monkeypatch.setattr(shelf, "MOST_LISTS", 2)
    monkeypatch.setattr(shelf, "MOST_TRACKS", 3)
    (file,) = music(core, "first")
    numbers = [playlists.new(other, f"List {number}") for number in range(3)]
    playlists.add(other, numbers[0], [file] * 5)
    pinned = Shelf(core)
    pinned.step()
    found = reader.read("playlists")
    assert (len(found["playlists"]), found["more"]) == (2, 1)
    assert (found["playlists"][0]["tracks"], found["playlists"][0]["shown"]) == (5, 3)
    assert reader.read(board.PLAYLIST + numbers[0])["more"] == 2


def test_tracks_of_a_long_playlist_that_the_board_has_no_room_for_are_counted(core, other, reader, monkeypatch):
    (file,) = music(core, "x" * 200)
    number = playlists.new(other, "Long")
    playlists.add(other, number, [file] * 900)
    Shelf(core).step()
    found = reader.read(board.PLAYLIST + number)
    assert 200 < len(found["tracks"]) < 900
    assert len(found["tracks"]) + found["more"] == 900
