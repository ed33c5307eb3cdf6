"""Playlists on the box: made and edited by commands, kept, told to the companion once, merged with what comes."""

import json
import os
import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from device.contracts import documents, envelope, ids, updates
from device.contracts.documents import Gone, State, Update
from device.contracts.sets import Entry as Heard
from device.contracts.sets import Finished
from device.contracts.values import Track
from device.documents import Content, Entry
from device.errors import InputError
from device.sync import playlists, screen
from device.sync.ballast import Ballast
from device.sync.core import Core, Places
from device.sync.documents import CHECKPOINT, Merging, edit, read
from device.sync.inbox import RefusedError

pytestmark = pytest.mark.slow


def new_id():
    return ids.make(int(time.time() * 1000), os.urandom(ids.RANDOM_BYTES))


@pytest.fixture
def core(tmp_path):
    (tmp_path / "memory").mkdir()
    made = Core(Places(tmp_path, tmp_path / "memory"), Ballast(tmp_path / "ballast", 0))
    yield made
    made.close()


@pytest.fixture
def merging(core):
    return Merging(core.outbox)


def music(core, *names):
    """Files that look like music, with content of their own."""
    folder = core.places.folder("music")
    for name in names:
        (folder / f"{name}.wav").write_bytes(b"RIFF" + name.encode() * 10)
    return [folder / f"{name}.wav" for name in names]


def sent(core):
    """What is in the outbox for documents, in order."""
    rows = core.outbox.rows(core.database.connection, "documents", 0, 10_000)
    return [envelope.decode("up", "documents", row.payload).body for row in rows]


def told(core, merging):
    """Tell what was edited; returns all that was ever told."""
    with core.database.writing() as connection:
        merging.tell(connection)
    return sent(core)


def take(core, work, body):
    with core.database.writing() as connection:
        work(connection, body)


def content(core, number):
    return read(core.database.connection, number)


def test_a_playlist_is_made_filled_ordered_and_found_by_its_title(core):
    first, second, third = music(core, "one", "two", "three")
    number = playlists.new(core.database, "Friday night", "bring water")
    playlists.add(core.database, number, [first, second])
    playlists.add(core.database, number, [third], at=0)
    entries = content(core, number).entries()
    assert [entry.title for entry in entries] == ["three", "one", "two"]
    assert all(entry.hash for entry in entries)
    playlists.change(core.database, number, entries[2].id, at=0, note="slow in")
    playlists.remove(core.database, number, entries[0].id)
    playlists.rename(core.database, number, "Saturday")
    found = playlists.find(core.database.connection, "satur")
    assert (found.id, found.tracks, found.needed, found.there) == (number, 2, 2, 2)
    assert [(entry.title, entry.note) for entry in content(core, number).entries()] == [("two", "slow in"), ("one", "")]
    assert content(core, number).notes == "bring water"
    places = playlists.places(core.database.connection, entries)
    assert places[entries[1].id] == first.resolve()


def test_a_track_that_a_page_put_in_is_found_once_its_file_came_with_it(core):
    (file,) = music(core, "sent")
    number, track = playlists.new(core.database, "From the page"), new_id()
    with core.database.writing() as connection:
        edit(connection, number, lambda content: content.insert(Entry(new_id(), "Sent", track=track)))
    (entry,) = content(core, number).entries()
    assert playlists.places(core.database.connection, [entry]) == {}
    body = json.dumps({"track": {"id": track, "title": "Sent"}})
    with core.database.writing() as connection:
        connection.execute(
            "INSERT INTO downloads (hash, body, state, path) VALUES (?, ?, 'there', ?)", ("a" * 64, body, str(file))
        )
    assert playlists.places(core.database.connection, [entry]) == {entry.id: file}
    other = replace(entry, hash="b" * 64)  # a version that is not here
    assert playlists.places(core.database.connection, [other]) == {entry.id: file}
    (own,) = music(core, "own")
    (known,) = playlists.add(core.database, number, [own])
    both = replace(entry, hash=known.hash)
    assert playlists.places(core.database.connection, [both]) == {entry.id: own.resolve()}


def test_what_cannot_be_done_is_said_in_a_sentence(core):
    number = playlists.new(core.database, "Friday")
    with pytest.raises(InputError, match="there is no playlist 'Sunday'"):
        playlists.find(core.database.connection, "Sunday")
    with pytest.raises(InputError, match="no music file"):
        playlists.add(core.database, number, [core.places.home / "clock"])
    with pytest.raises(InputError, match="not in the playlist any more"):
        playlists.remove(core.database, number, new_id())
    with pytest.raises(InputError, match="a title has"):
        playlists.rename(core.database, number, " \n ")
    playlists.new(core.database, "Friday")
    with pytest.raises(InputError, match="several are called"):
        playlists.find(core.database.connection, "friday")


def test_each_edit_is_told_once_and_gives_the_same_content_elsewhere(core, merging):
    number = playlists.new(core.database, "Friday")
    playlists.add(core.database, number, music(core, "one"))
    told(core, merging)
    playlists.rename(core.database, number, "Saturday")
    found = told(core, merging)
    assert told(core, merging) == found
    assert all(isinstance(body, Update) and body.document == number for body in found)
    elsewhere = Content(body.update for body in found)
    assert elsewhere.state == content(core, number).state
    assert (elsewhere.title, [entry.title for entry in elsewhere.entries()]) == ("Saturday", ["one"])
    playlists.delete(core.database, number)
    assert told(core, merging)[-1] == Gone(number)
    assert playlists.listed(core.database.connection) == []


def test_what_comes_down_is_merged_in_parts_and_twice_without_harm(core, merging):
    number, companion = new_id(), Content()
    update = companion.edit(lambda: (companion.call("From above"), companion.write("x" * 600_000)))
    parts = list(documents.split(number, "playlist", update))
    assert len(parts) == 3
    for part in parts:
        assert playlists.listed(core.database.connection) == [] or part is not parts[0]
        take(core, merging.update, part)
    for part in parts:
        take(core, merging.update, part)
    assert content(core, number).title == "From above"
    assert content(core, number).state == companion.state
    assert told(core, merging) == []  # nobody is told their own words
    with pytest.raises(RefusedError):
        take(core, merging.update, Update(number, "playlist", b"\xff" * 30))
    take(core, merging.gone, Gone(number))
    assert playlists.listed(core.database.connection) == []
    take(core, merging.update, parts[0])
    assert playlists.listed(core.database.connection) == []


def test_what_is_missing_is_asked_for_and_a_state_is_answered_with_the_rest(core, merging):
    number, companion = new_id(), Content()
    first = companion.edit(lambda: companion.write("one"))
    second = companion.edit(lambda: companion.write("one two"))
    take(core, merging.update, Update(number, "playlist", second))
    assert sent(core) == [State(number, "playlist", b"\0")]
    take(core, merging.update, Update(number, "playlist", companion.lacking(sent(core)[0].vector)))
    assert content(core, number).notes == "one two"
    playlists.write(core.database, number, "one two three")
    take(core, merging.state, State(number, "playlist", Content([first]).state))
    *_, whole, state = sent(core)
    assert isinstance(state, State)
    assert Content([first, whole.update]).notes == "one two three"
    assert updates.ends(state.vector) == updates.ends(content(core, number).state)


def test_many_updates_become_one_and_the_next_still_fits(core, merging):
    number, companion = new_id(), Content()
    for at in range(CHECKPOINT + 10):
        fresh = companion.edit(lambda at=at: companion.write("x" * (at + 1)))
        take(core, merging.update, Update(number, "set", fresh))
    count = core.database.connection.execute("SELECT count(*) FROM document_updates").fetchone()[0]
    assert count <= 11
    assert content(core, number).state == companion.state
    playlists.write(core.database, number, "short")
    for body in told(core, merging):
        companion.merge(body.update)
    assert companion.notes == "short"


def test_a_finished_set_becomes_a_document_once(core, merging):
    track = Track("Night Bus", "Mira", hash="a" * 64)
    body = Finished(new_id(), "2026-11-21", "Box", 1, 60.0, 1, (Heard(7.5, track, 2),), "stopped")
    for _ in range(2):
        with core.database.writing() as connection:
            playlists.of_set(connection, body)
    found = Content(one.update for one in told(core, merging))
    assert [(entry.title, entry.artist, entry.hash) for entry in found.entries()] == [("Night Bus", "Mira", "a" * 64)]
    assert [(entry.at, entry.deck) for entry in found.entries()] == [(7.5, 2)]
    assert found.about() == {"title": "2026-11-21", "started": 1, "seconds": 60.0, "box": "Box"}


def test_the_screen_shows_playlists_and_awaits_files_of_those_alone_that_were_sent_here(core):
    numbers = [playlists.new(core.database, title) for title in ("Friday", "Saturday")]
    for number in numbers:
        playlists.add(core.database, number, music(core, "one", "two"))
    body = {"list": numbers[0], "of": "playlist", "title": "Once Friday", "by": "Ana", "files": ["a" * 64, "b" * 64]}
    with core.database.writing() as connection:
        connection.execute("DELETE FROM tracks")
        connection.execute("INSERT INTO copies VALUES ('list', ?, 1, ?)", (numbers[0], json.dumps(body)))
        connection.execute("INSERT INTO downloads (hash, body, state) VALUES (?, '{}', 'there')", ("a" * 64,))
    shown = screen.document(core.database.connection, "lists", 0)
    assert shown == {
        "lists": [
            {**body, "title": "Friday", "held": True, "files": 2, "there": 1},
            {"list": numbers[1], "of": "playlist", "title": "Saturday", "tracks": 2, "held": False},
        ]
    }


def test_the_command_makes_fills_shows_and_explains(tmp_path):
    def rackdeck(*words):
        environment = {**os.environ, "RACKDECK_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "device.cli", "playlist", *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    file = tmp_path / "tune.wav"
    file.write_bytes(b"RIFF tune")
    assert rackdeck("new", "Friday", file).returncode == 0
    assert "Friday  (1 track)" in rackdeck("list").stdout
    assert rackdeck("note", "friday", "loud", "--track", 1).returncode == 0
    shown = json.loads(rackdeck("show", "Friday", "--json").stdout)
    assert [(row["title"], row["note"], row["path"]) for row in shown["tracks"]] == [("tune", "loud", str(file))]
    failed = rackdeck("remove", "Friday", 7)
    assert failed.returncode == os.EX_USAGE
    assert "there is no track 7; Friday has 1" in failed.stderr


def edits(dice, mine, known):
    """A change at random."""
    match dice.randrange(7):
        case 0:
            return lambda: mine.call(f"Title {dice.randrange(100)}")
        case 1:
            at = dice.randrange(len(mine.notes) + 1)
            return lambda: mine.write(mine.notes[:at] + dice.choice("aäß😀 ") + mine.notes[at:])
        case 2:
            at = dice.randrange(len(mine.notes) + 1)
            return lambda: mine.write(mine.notes[:at] + mine.notes[at + 2 :])
        case 3 if known:
            number = dice.choice(known).id
            return lambda: mine.move(number, dice.randrange(5))
        case 4 if known:
            number = dice.choice(known).id
            return lambda: mine.remove(number)
        case 5 if known:
            number = dice.choice(known).id
            return lambda: mine.note(number, dice.choice(("", "hm", "härter")))
        case _:
            entry = Entry(f"{dice.getrandbits(100):026d}"[:26], f"T{dice.randrange(9)}", note=dice.choice(("", "n")))
            return lambda: mine.insert(entry, dice.choice((None, 0, 2)))


@pytest.mark.parametrize("seed", range(int(os.environ.get("RACKDECK_REPLICAS", "12"))))
def test_replicas_that_edit_at_random_are_equal_whatever_is_lost_doubled_or_late(seed):
    dice = random.Random(seed)
    replicas = [Content() for _ in range(dice.randrange(2, 6))]
    lines = {(one, other): [] for one in range(len(replicas)) for other in range(len(replicas)) if one != other}
    for _ in range(150):
        one = dice.randrange(len(replicas))
        mine = replicas[one]
        update = mine.edit(edits(dice, mine, mine.entries()))
        for (source, _), line in lines.items():
            if source == one and update and dice.random() > 0.2:  # else it is lost
                line.insert(dice.randrange(len(line) + 1), update)
                if dice.random() < 0.2:
                    line.append(update)
        (source, target), line = dice.choice(list(lines.items()))
        for late in [line.pop(0) for _ in range(min(len(line), 3))]:
            try:
                replicas[target].merge(late)
            except updates.Missing:
                replicas[target].merge(replicas[source].lacking(replicas[target].state))
    for _ in range(2):  # everybody says what they have, and gets the rest
        for one in replicas:
            for other in replicas:
                if one is not other:
                    one.merge(other.lacking(one.state))
    first = replicas[0]
    for other in replicas[1:]:
        assert updates.ends(other.state) == updates.ends(first.state)
        assert (other.title, other.notes, other.entries()) == (first.title, first.notes, first.entries())
        assert Content([other.lacking()]).entries() == first.entries()


def test_no_changed_byte_makes_an_update_that_harms():
    mine = Content(client=7)
    made = [
        mine.edit(lambda: (mine.call("T"), mine.write("ab😀cd"), mine.insert(Entry("1" * 26, "One", note="n")))),
        mine.edit(lambda: (mine.write("b😀d"), mine.insert(Entry("2" * 26, "Two"), 0))),
        mine.edit(lambda: mine.remove("1" * 26)),
    ]
    made.append(mine.lacking())
    for seed in range(3000):
        dice = random.Random(seed)
        changed = bytearray(dice.choice(made))
        for _ in range(dice.randrange(1, 4)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        found = Content(made[:1])
        try:
            found.merge(bytes(changed))
        except (updates.Missing, envelope.Malformed):
            continue
        assert not found.spoiled
        assert isinstance(found.entries(), list)
        assert found.notes is not None
        Content([found.lacking()])


@pytest.mark.parametrize(
    "update",
    [b"", b"\0", b"\1", b"\0\0\0", b"\xff" * 40, b"\1\1\5\0\4\1\6tracks\3abc\0", b"\xff\xff\xff\x7a", b"\1\1\5\0\1\1"],
)
def test_what_is_no_sound_update_is_refused_by_name(update):
    with pytest.raises(envelope.Malformed):
        Content().merge(update)


def test_types_within_types_have_a_bottom():
    key = b"\1k"
    structs = [b"\x27\1\5about" + key + b"\1"]
    structs += [b"\x27\0\5" + bytes([at]) + key + b"\1" for at in range(20)]
    with pytest.raises(envelope.Malformed, match="nested"):
        Content().merge(bytes([1, len(structs), 5, 0]) + b"".join(structs) + b"\0")
