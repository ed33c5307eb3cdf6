"""The box's outbox: what was committed with its cause is sent until it is receipted, and nothing else is given up."""

import itertools
import json
import subprocess
import sys

import pytest

from device.contracts import envelope
from device.contracts.clock import Clock
from device.contracts.errors import Malformed
from device.contracts.health import Report, Storage, Waiting
from device.contracts.plays import Played
from device.contracts.receipts import Numbering, Skipped
from device.contracts.values import Track
from device.sync.ballast import Ballast
from device.sync.core import BUILT_MS
from device.sync.database import Database, DiskFullError, get, put
from device.sync.outbox import Outbox
from tests.small_disk import fill
from tests.sync_companion import BOX, RUN, free_port, until

EMPTY = Waiting(0, 0, 0.0)


def played(title):
    return Played(Track(title), 1, 1, 200.0)


def report(number=0):
    return Report("0" * 26, float(number), 60.0, {"a": "1"}, Storage(1, 1), EMPTY, "none")


class Box:
    def __init__(self, folder, **bounds):
        self.database = Database(folder, Ballast(folder / "ballast", 64 * 1024, 16 * 1024))
        self.clock = Clock(BUILT_MS, 0, lambda _ms: None)
        self.outbox = Outbox(self.clock, bounds)

    def add(self, *bodies):
        with self.database.writing() as connection:
            return [self.outbox.add(connection, body) for body in bodies]

    def rows(self, stream="plays", after=0):
        return self.outbox.rows(self.database.connection, stream, after, 100_000)

    def messages(self, stream="plays"):
        return [envelope.decode("up", stream, row.payload) for row in self.rows(stream)]

    def waiting(self):
        return self.outbox.waiting(self.database.connection)

    def counted(self):
        """What `waiting` should say, added up the long way."""
        row = self.database.connection.execute(
            "SELECT count(*), ifnull(sum(length(payload)), 0) FROM outbox"
        ).fetchone()
        return tuple(row)


@pytest.fixture
def box(tmp_path):
    made = Box(tmp_path / "sync", health=20_000)
    yield made
    made.database.close()


def test_messages_are_numbered_by_stream_in_the_order_of_their_commits(box):
    box.add(played("a"), report(), played("b"))
    box.add(played("c"))
    found = box.messages()
    assert [(one.head.seq, one.body.track.title) for one in found] == [(1, "a"), (2, "b"), (3, "c")]
    assert len({one.head.epoch for one in found}) == 1
    assert [one.head.seq for one in box.messages("health")] == [1]
    assert [one.head.at for one in found] == sorted(one.head.at for one in found)


def test_a_producer_that_fails_leaves_neither_its_row_nor_a_message_nor_a_gap(box):
    box.add(played("a"))
    with pytest.raises(ZeroDivisionError), box.database.writing() as connection:
        put(connection, "cause", "b")
        box.outbox.add(connection, played("b"))
        1 / 0  # noqa: B018
    assert get(box.database.connection, "cause") == ""
    box.add(played("c"))
    assert [(one.head.seq, one.body.track.title) for one in box.messages()] == [(1, "a"), (2, "c")]


def test_what_cannot_be_read_on_the_other_side_is_refused_at_once(box):
    with pytest.raises(Malformed):
        box.add(played("x" * 121))
    assert box.waiting().messages == 0


def test_a_receipt_takes_what_it_covers_and_the_counts_stay_right(box):
    box.add(*[played(str(number)) for number in range(10)], *[report() for _ in range(3)])
    with box.database.writing() as connection:
        box.outbox.receipted(connection, "plays", 4)
    assert [row.first for row in box.rows()] == [5, 6, 7, 8, 9, 10]
    assert (box.waiting().messages, box.waiting().bytes) == box.counted()
    health, plays = box.outbox.numberings(box.database.connection)
    assert (plays.first, plays.next, health.first, health.next) == (5, 11, 1, 4)
    with box.database.writing() as connection:
        box.outbox.receipted(connection, "plays", 10)
    numbering = box.outbox.numberings(box.database.connection)[1]
    assert (numbering.first, numbering.next) == (11, 11)
    box.add(played("next"))
    assert box.messages()[0].head.seq == 11


def test_the_oldest_that_waits_is_known(box):
    assert box.waiting().oldest == 0
    box.add(played("a"))
    first = box.messages()[0].head.at.ms
    box.add(report())
    assert box.waiting().oldest == first


def test_health_thins_out_above_its_bound_and_every_number_is_accounted_for(box):
    for number in range(600):
        box.add(report(number))
    rows = box.rows("health")
    assert box.waiting().bytes < 40_000
    assert (box.waiting().messages, box.waiting().bytes) == box.counted()
    found = box.messages("health")
    upto = 0
    for row, message in zip(rows, found, strict=True):
        assert (row.first, row.last) == (message.head.seq, message.last) == (upto + 1, row.last)
        upto = row.last
    assert upto == 600
    kept = [one.body.uptime for one in found if not isinstance(one.body, Skipped)]
    skipped = sum(one.body.upto - one.head.seq + 1 for one in found if isinstance(one.body, Skipped))
    assert kept[-20:] == [float(number) for number in range(580, 600)], "the latest are all there"
    assert kept[0] == 0.0
    assert len([one for one in kept if one < 300]) > 2, "a few of the oldest are too"
    assert len(kept) + skipped == 600 == len(kept) + box.waiting().thinned


def test_plays_are_never_given_up_whatever_their_number(tmp_path):
    box = Box(tmp_path / "sync", health=20_000)
    with box.database.writing() as connection:
        for number in range(2000):
            box.outbox.add(connection, played(str(number)))
    assert [one.body.track.title for one in box.messages()] == [str(number) for number in range(2000)]
    assert box.waiting().thinned == 0


def test_numbering_anew_keeps_ids_bodies_and_skips(box):
    for number in range(200):
        box.add(report(number))
    with box.database.writing() as connection:
        box.outbox.receipted(connection, "health", box.rows("health")[2].last)
    before = box.messages("health")
    with box.database.writing() as connection:
        box.outbox.renumber(connection, "health")
    after = box.messages("health")
    assert [one.head.id for one in after] == [one.head.id for one in before]
    assert {one.head.epoch for one in after}.isdisjoint({one.head.epoch for one in before})
    length = [one.last - one.head.seq for one in before]
    assert [one.last - one.head.seq for one in after] == length
    assert after[0].head.seq == 1
    assert all(one.last + 1 == following.head.seq for one, following in itertools.pairwise(after))
    assert box.outbox.numberings(box.database.connection) == [
        Numbering("health", after[0].head.epoch, 1, after[-1].last + 1)
    ]
    assert (box.waiting().messages, box.waiting().bytes) == box.counted()


def test_a_new_database_begins_a_new_epoch(tmp_path):
    epochs = set()
    for name in "ab":
        box = Box(tmp_path / name)
        box.add(played("x"))
        epochs.add(box.messages()[0].head.epoch)
    assert len(epochs) == 2


def test_what_was_committed_is_there_after_a_kill(tmp_path):
    code = """
import os, sys
sys.path.insert(0, os.getcwd())
from pathlib import Path
from tests.test_sync_outbox import Box, played
box = Box(Path(sys.argv[1]))
box.add(played("kept"))
with box.database.writing() as connection:
    box.outbox.add(connection, played("lost"))
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "sync")], check=False).returncode == -9
    assert [one.body.track.title for one in Box(tmp_path / "sync").messages()] == ["kept"]


@pytest.mark.parametrize("damage", ["header", "page", "not a database"])
def test_a_damaged_file_is_kept_aside_and_said_and_a_new_epoch_begins(tmp_path, damage):
    box = Box(tmp_path / "sync")
    with box.database.writing() as connection:
        for number in range(300):
            box.outbox.add(connection, played(f"{number} " + "x" * 100))
    epoch = box.messages()[0].head.epoch
    box.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    box.database.close()
    path = tmp_path / "sync" / "sync.db"
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:100] = b"\0" * 100
    elif damage == "page":
        for page in range(2, len(data) // 4096, 2):
            data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    else:
        data[:] = b"not a database at all" * 400
    path.write_bytes(data)
    for part in ("-wal", "-shm"):
        (tmp_path / "sync" / f"sync.db{part}").unlink(missing_ok=True)
    mended = Box(tmp_path / "sync")
    assert "damaged" in mended.database.said
    aside = [file.read_bytes() for file in (tmp_path / "sync").glob("damaged-*/sync.db")]
    assert [found[-4000:] for found in aside] == [bytes(data[-4000:])]
    mended.add(played("new"))
    assert mended.messages()[0].head.epoch != epoch


def test_a_database_of_a_later_version_is_left_alone(tmp_path):
    from device.errors import MachineError

    box = Box(tmp_path / "sync")
    box.database.connection.execute("PRAGMA user_version = 99")
    box.database.close()
    with pytest.raises(MachineError, match="later version"):
        Box(tmp_path / "sync")
    assert not list((tmp_path / "sync").glob("damaged-*"))


def test_two_processes_add_to_one_outbox_without_a_gap(tmp_path):
    Box(tmp_path / "sync").database.close()
    code = """
import os, sys
sys.path.insert(0, os.getcwd())
from pathlib import Path
from tests.test_sync_outbox import Box, played
box = Box(Path(sys.argv[1]))
for number in range(100):
    box.add(played(f"{sys.argv[2]}{number}"))
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "sync"), name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    found = Box(tmp_path / "sync").messages()
    assert [one.head.seq for one in found] == list(range(1, 201))
    for name in "ab":
        titles = [one.body.track.title for one in found if one.body.track.title[0] == name]
        assert titles == [f"{name}{number}" for number in range(100)]


class TestFullDisk:
    def test_the_ballast_takes_what_must_not_be_lost(self, small):
        box = Box(small / "sync")
        box.database.ballast = Ballast(small / "sync" / "ballast", 1024 * 1024, 128 * 1024)
        assert box.database.ballast.keep()
        fill(small)
        for number in range(50):
            box.add(played(str(number)))
        assert not box.database.ballast.there
        assert len(box.messages()) == 50
        (small / "filler").unlink()
        box.add(played("after"))
        assert box.database.ballast.there, "it is taken up again"

    def test_without_any_room_it_is_said_and_what_waits_goes_on_when_there_is(self, small):
        box = Box(small / "sync")
        box.add(played("first"))
        box.database.ballast.drop()
        fill(small)
        with pytest.raises(DiskFullError, match="free space"):
            for number in range(10_000):
                box.add(played(f"{number} " + "x" * 100))
        assert box.database.refused
        before = [one.head.seq for one in box.messages()]
        assert before == list(range(1, len(before) + 1))
        (small / "filler").unlink()
        assert box.database.probe()
        assert not box.database.refused
        box.add(played("after"))
        assert box.messages()[-1].body.track.title == "after"
        assert [one.head.seq for one in box.messages()] == list(range(1, len(before) + 2))
        assert box.database.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"

    def test_a_process_that_starts_on_a_full_disk_waits_for_room_and_says_so(self, small):
        home = small / "home"
        (home / "memory").mkdir(parents=True)
        fill(small)
        code = RUN.replace("service.run(", "service.AFTER_TROUBLE = 0.1; service.run(")
        runtime = small.parent / "memory"
        runtime.mkdir()
        process = subprocess.Popen([sys.executable, "-c", code, str(home), str(runtime), str(free_port()), BOX])

        def state():
            found = runtime / "board-sync.json"
            return json.loads(found.read_bytes())["state"] if found.exists() else ""

        assert until(lambda: state() == "disk full")
        (small / "filler").unlink()
        assert until(lambda: state() == "offline")
        process.terminate()
        process.wait()

    def test_receipts_make_room_on_a_full_disk(self, small):
        box = Box(small / "sync")
        box.database.ballast = Ballast(small / "sync" / "ballast", 1024 * 1024, 128 * 1024)
        box.add(*[played(str(number)) for number in range(200)])
        box.database.ballast.keep()
        fill(small)
        with box.database.writing() as connection:
            box.outbox.receipted(connection, "plays", 200)
        assert box.waiting().messages == 0


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path):
    code = """
import os, resource, sys
sys.path.insert(0, os.getcwd())
from pathlib import Path
from tests.test_sync_outbox import Box, played
from device.sync.database import DiskFullError
box = Box(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
count = 0
try:
    while count < 20_000:
        box.add(played(str(count))); count += 1
except DiskFullError:
    assert box.database.refused
    print(count)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "sync")]
    count = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    found = Box(tmp_path / "sync").messages()
    assert [one.head.seq for one in found] == list(range(1, len(found) + 1))
    assert len(found) in (count, count + 1)


def test_space_of_what_was_sent_goes_back_to_the_disk(box):
    box.add(*[played(f"{number} " + "x" * 100) for number in range(3000)])
    box.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    large = box.database.bytes()
    with box.database.writing() as connection:
        box.outbox.receipted(connection, "plays", 3000)
    for _ in range(10):
        box.database.tidy()
    box.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert box.database.bytes() < large / 4


def test_the_schema_is_the_same_for_a_new_file_and_one_that_was_opened_before(tmp_path):
    box = Box(tmp_path / "sync")
    first = sorted(box.database.connection.execute("SELECT sql FROM sqlite_master").fetchall(), key=str)
    box.database.close()
    again = Box(tmp_path / "sync")
    assert sorted(again.database.connection.execute("SELECT sql FROM sqlite_master").fetchall(), key=str) == first
    mode = again.database.connection.execute("PRAGMA synchronous").fetchone()[0]
    assert mode == 2, "FULL: with less a power cut takes back what was committed"
