"""What is for boxes waits in order, is bounded however long they stay away, and reaches those that are there."""

import shutil
import subprocess

import pytest

from companion.boxes import service as boxes
from companion.database import connection, database, new_id, now
from companion.errors import Conflict
from companion.outgoing import nudges, service
from companion.outgoing.models import OutgoingLease, OutgoingRow, OutgoingStream
from companion.outgoing.publishing import Lease, Publisher
from companion.outgoing.service import POLICIES, Policy
from companion.web import away
from device.contracts import delivery, envelope
from device.contracts.commands import Given
from device.contracts.delivery import Row
from device.contracts.notices import Told
from device.contracts.receipts import Cursor, Opening, Skipped
from device.contracts.releases import Changed
from tests.companion.posts import _Memory, claimed, until
from tests.companion.servers import free_port, wait_for_port

pytestmark = pytest.mark.slow


@pytest.fixture
def box(mira):
    return claimed(mira.id)


def release(number, title="A"):
    return Changed(number, title, "Band", "live", now())


def notice(text):
    return Told(new_id(), "news", str(text))


def send(box, body, **more):
    with connection(), database.atomic():
        return service.send(box, body, **more)


class Line:
    """The broker and the box at its end. lossy: what is published is counted, and lost."""

    def __init__(self, box, owner):
        self.box, self.owner, self.got, self.lossy, self.sent = box, owner, [], False, []
        self.inboxes = {}
        self.publisher = Publisher(self.publish)
        self.publisher.connect(box, new_id())

    def publish(self, box, stream, payload):
        assert box == self.box
        found = envelope.decode("down", stream, payload)
        self.sent.append(found)
        if self.lossy:
            return True
        if isinstance(found.body, Opening):
            for one in found.body.streams:
                delivery.opened(self.inbox(one.stream, one.epoch), one.first)
        else:
            inbox = self.inbox(stream, found.head.epoch)
            delivery.receive(inbox, Row(found.head.seq, found.last, len(payload), found))
        return True

    def inbox(self, stream, epoch):
        return self.inboxes.setdefault((stream, epoch), _Memory(self.got))

    def pump(self, at=0.0):
        with connection():
            return self.publisher.pump(self.box, at)

    def receipt(self):
        with connection(), database.atomic():
            service.hear(self.box, self.owner, [Cursor(*key, one.cursor) for key, one in self.inboxes.items()])

    def settle(self, at=0.0):
        for _ in range(100):
            self.pump(at)
            self.receipt()
            with connection():
                if not OutgoingRow.select().exists():
                    return
        raise AssertionError("it never ended")


@pytest.fixture
def line(mira, box):
    return Line(box, mira.id)


def texts(line):
    return [one.body.text for one in line.got if isinstance(one.body, Told)]


def test_what_is_sent_arrives_once_and_in_order_and_goes_by_receipt(box, line):
    for number in range(300):
        send(box, notice(number))
    line.settle()
    assert texts(line) == [str(number) for number in range(300)]
    with connection():
        assert [row.bytes for row in OutgoingStream.select()] == [0]


def test_what_is_undone_was_never_sent(box, line):
    with connection(), pytest.raises(RuntimeError), database.atomic():
        service.send(box, notice("undone"))
        raise RuntimeError
    send(box, notice("done"))
    line.settle()
    assert texts(line) == ["done"]


def test_no_more_than_a_window_is_on_its_way(box, line):
    for number in range(delivery.WINDOW + 10):
        send(box, notice(number))
    line.pump()
    assert len(texts(line)) == delivery.WINDOW
    assert line.pump() == 0


def test_all_goes_again_after_a_silence_and_from_the_first_without_a_receipt(box, line):
    for number in range(3):
        send(box, notice(number))
    line.lossy = True
    line.pump(0.0)
    assert line.publisher.overdue(1.0) == set()
    assert line.publisher.overdue(10.0) == {box}
    line.lossy = False
    line.settle(10.0)
    assert texts(line) == ["0", "1", "2"]
    assert isinstance(line.sent[4].body, Opening)


def test_all_goes_again_to_a_box_that_connects_anew_and_nothing_while_its_connection_lasts(box, line):
    send(box, notice("a"))
    line.lossy = True
    line.pump()
    assert not line.publisher.connect(box, line.publisher._boxes[box].epoch)
    assert line.pump() == 0
    assert line.publisher.connect(box, new_id())
    line.lossy = False
    line.settle()
    assert texts(line) == ["a"]


def test_nothing_is_published_to_a_box_that_is_away(box, line):
    line.publisher.leave(box, line.publisher._boxes[box].epoch)
    send(box, notice("a"))
    assert line.pump() == 0


def test_of_what_only_the_last_matters_the_last_is_kept(box, line):
    one, other = new_id(), new_id()
    for number in range(50):
        send(box, release(one, f"one {number}"), key=one)
        send(box, release(other, f"other {number}"), key=other)
    with connection():
        assert OutgoingRow.select().count() == 3  # two rows and the skip before them
    line.settle()
    assert [message.body.title for message in line.got] == ["one 49", "other 49"]


def test_a_row_that_was_on_its_way_when_it_was_outdated_does_not_stop_its_stream(box, line):
    number = new_id()
    send(box, release(number, "old"), key=number)
    line.lossy = True
    line.pump()
    send(box, release(number, "new"), key=number)
    line.lossy = False
    line.pump()
    line.publisher.overdue(1e6)
    line.settle(1e6)
    assert [message.body.title for message in line.got] == ["new"]


def test_what_waits_for_a_box_that_stays_away_for_months_is_bounded(monkeypatch, mira, box, line):
    monkeypatch.setitem(POLICIES, "releases", Policy(3000))
    told = []

    def welcome(to, owner):
        told.append((to, owner))
        service.send(to, release(new_id(), "the present state"))

    monkeypatch.setitem(service._welcomes, "releases", [welcome])
    for _ in range(100):
        send(box, release(new_id()))
    with connection():
        (row,) = OutgoingRow.select()
        assert row.skip
        assert OutgoingStream.get().lapsed
        with database.atomic():
            service.back(box, mira.id)
    assert told == [(box, mira.id)]
    line.settle()
    assert [message.body.title for message in line.got] == ["the present state"]


def test_many_at_one_time_are_as_one_by_one(monkeypatch, mira, box, line):
    names = [new_id() for _ in range(6)]
    for name in names[:2]:
        send(box, release(name, "old"), key=name)
    with connection():
        assert service.send_all(box, [(release(name, f"new {at}"), name) for at, name in enumerate(names)])
        assert service.send_all(box, [])
    line.settle()
    assert [message.body.title for message in line.got] == [f"new {at}" for at in range(6)]
    monkeypatch.setitem(POLICIES, "releases", Policy(1500))
    with connection():
        service.send_all(box, [(release(new_id()), "") for _ in range(100)])
        stream = OutgoingStream.get()
        (row,) = OutgoingRow.select()
        assert (stream.lapsed, row.skip) == (True, True)
        assert (row.first, row.last) == (9, stream.next - 1), "no number is missing"
        assert stream.bytes == row.size


def test_commands_are_never_given_up_for_new_ones(monkeypatch, box):
    monkeypatch.setitem(POLICIES, "commands", Policy(1000, lapses=False))

    def give():
        send(box, Given(new_id(), "record.start", "record", "Mira", now() + 60_000))

    with pytest.raises(Conflict):
        for _ in range(10):
            give()
    with connection():
        assert not OutgoingRow.select().where(OutgoingRow.skip).exists()


def test_what_is_too_late_does_not_go(box, line):
    send(box, Given(new_id(), "record.start", "record", "Mira", now()), expires=now() - 1)
    send(box, Given(new_id(), "record.stop", "record", "Mira", now()), expires=now() + 60_000)
    line.settle()
    assert [message.body.do for message in line.got] == ["record.stop"]


def test_nothing_is_sent_to_a_box_that_is_nobodys(mira, box):
    with connection():
        boxes.revoke(mira.id, box)
    assert not send(box, notice("a"))


def test_what_was_for_one_owner_never_goes_to_the_next(mira, noor, box, line):
    send(box, notice("for Mira"))
    with connection():
        boxes.Box.update(owner=noor.id).where(boxes.Box.id == box).execute()
    line.pump()
    assert texts(line) == []
    send(box, notice("for Noor"))
    line.owner = noor.id
    line.settle()
    assert texts(line) == ["for Noor"]


def test_a_receipt_for_more_than_was_sent_begins_a_new_numbering_and_tells_all_anew(monkeypatch, mira, box, line):
    monkeypatch.setitem(service._welcomes, "notices", [lambda to, _owner: service.send(to, notice("all")) and None])
    send(box, notice("a"))
    line.settle()
    with connection():
        before = OutgoingStream.get().epoch
        with database.atomic():
            service.hear(box, mira.id, [Cursor("notices", before, 99)])
        assert OutgoingStream.get(OutgoingStream.stream == "notices").epoch != before
    line.settle()
    assert texts(line) == ["a", "all"]


def test_a_receipt_of_another_numbering_changes_nothing(mira, box):
    send(box, notice("a"))
    with connection(), database.atomic():
        service.hear(box, mira.id, [Cursor("notices", new_id(), 1), Cursor("nothing", new_id(), 1)])
    with connection():
        assert service.waiting(box) == 1


def test_stamps_of_a_stream_only_grow_whatever_the_clock_does(monkeypatch, box, line):
    times = iter([5000, 4000, 1000, 6000] * 20)
    monkeypatch.setattr(service, "now", lambda: next(times))
    for number in range(8):
        send(box, notice(number))
    line.settle()
    stamps = [message.head.at for message in line.got]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)


def test_one_process_publishes_and_another_takes_over_when_it_is_gone(app, settings):
    one, other = Lease(settings.folder), Lease(settings.folder)
    with connection():
        assert one.held()
        assert one.held()
        assert not other.held()
        one.release()
        assert other.held()
        assert not one.held()
        other.release()


def test_a_lease_that_nobody_keeps_ends(app, settings):
    if not settings.database_url:
        pytest.skip("a file's lock ends with its process")
    one, other = Lease(settings.folder), Lease(settings.folder)
    with connection():
        assert one.held()
        OutgoingLease.update(until=now() - 1).execute()
        assert other.held()


def test_what_no_nudge_told_of_is_found(box, line):
    with connection():
        line.publisher.fresh()
    send(box, notice("a"))
    with connection():
        assert line.publisher.fresh() == {box}
        assert line.publisher.fresh() == set()


def test_a_row_that_was_committed_after_a_later_one_is_found(mira, box, line):
    send(box, notice("a"))
    with connection():
        line.publisher.fresh()
    send(box, notice("b"))
    send(claimed(mira.id), notice("c"))
    with connection(), database.atomic():
        late = OutgoingRow.select().order_by(OutgoingRow.id.desc()).offset(1).first()
        row = dict(late.__data__)
        late.delete_instance()
    with connection():
        assert line.publisher.fresh() == set()
        OutgoingRow.insert(**row).execute()  # as its slower transaction ends
        assert line.publisher.fresh() == {box}


def test_nudges_by_redis_are_heard_again_when_it_is_back(settings, monkeypatch):
    if not shutil.which("redis-server"):
        pytest.skip("Redis is not installed")
    monkeypatch.setattr(away, "SECONDS", 0.05)
    shared = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{(port := free_port())}"})
    ring, ear = nudges.Remote(shared.redis_url), nudges.Ear(shared)

    def rung():
        ring(b"box")
        return ear.heard() == {"box"}

    for _ in range(2):
        assert not rung(), "nobody answers"
        words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for_port(port, process)
        until(rung)
        process.kill()
        process.wait()
    ear.close()


def test_a_welcome_takes_the_place_of_what_waits(monkeypatch, mira, box, line):
    monkeypatch.setitem(service._welcomes, "notices", [lambda to, _owner: service.send(to, notice("all")) and None])
    send(box, notice("a"))
    with connection(), database.atomic():
        service.welcome(box, mira.id)
    line.settle()
    assert texts(line) == ["all"]
    assert not any(isinstance(message.body, Skipped) for message in line.got)
