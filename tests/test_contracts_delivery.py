"""Delivery: whatever is lost, doubled, reordered or killed, each effect is there once, in order."""

import contextlib
import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from device.contracts.delivery import (
    FIRST_WAIT,
    HOLD,
    HOLD_BYTES,
    LONGEST_WAIT,
    WINDOW,
    WINDOW_BYTES,
    Heard,
    Row,
    Verdict,
    Window,
    receive,
)
from tests.delivery_ends import Busy, Killed, Numbering, Packet, Receiver, Sender

pytestmark = pytest.mark.slow


FUSE = st.none() | st.integers(0, 6)


class Link(RuleBasedStateMachine):
    """A sender and a receiver, and between them whatever can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.sender, self.receiver = Sender(), Receiver()
        self.up: list[Packet] = []
        self.down: list[Packet] = []
        self.now = 0.0
        self.made: dict[int, list[str]] = {1: []}  # epoch to all that was committed there, in order
        self.optional: set[str] = set()  # thinned out, or gone with the sender's disk

    def _kill_sender(self) -> None:
        self.sender.fuse = None
        self.sender.start()

    @rule(count=st.integers(1, 150), fuse=FUSE)
    def produce(self, count, fuse):
        for number in range(count):
            text = f"{self.sender.epoch}.{self.sender.next}.{len(self.made[self.sender.epoch])}"
            self.sender.fuse = fuse if number == count - 1 else None
            try:
                self.sender.put(text)
                self.made[self.sender.epoch].append(text)
            except Killed:
                self._kill_sender()
        self.sender.fuse = None

    @rule(data=st.data(), fuse=FUSE)
    def thin_out(self, data, fuse):
        plain = sorted(first for first, (_, what) in self.sender.rows.items() if what is not None)
        if not plain:
            return
        first = data.draw(st.sampled_from(plain))
        last = first
        while last + 1 in plain and last < first + 20:
            last += 1
        texts = {self.sender.rows[number][1] for number in range(first, last + 1)}
        self.sender.fuse = fuse
        try:
            self.sender.thin(first, last)
            self.optional |= texts
        except Killed:
            self._kill_sender()
        self.sender.fuse = None

    @rule(fuse=FUSE)
    def send(self, fuse):
        self.sender.fuse = fuse
        try:
            self.up += self.sender.send(self.now)
        except Killed:
            self._kill_sender()
        self.sender.fuse = None

    @rule(data=st.data(), fuse=FUSE, again=st.booleans(), busy=st.booleans(), count=st.integers(1, 60))
    def arrive(self, data, fuse, again, busy, count):
        for _ in range(min(count, len(self.up))):
            at = data.draw(st.integers(0, len(self.up) - 1)) if count < 5 else 0
            packet = self.up[at] if again and count < 5 else self.up.pop(at)
            self.receiver.fuse, self.receiver.busy = fuse, busy
            with contextlib.suppress(Killed, Busy):
                self.down.append(self.receiver.take(packet))
        self.receiver.fuse, self.receiver.busy = None, False

    @rule(data=st.data(), fuse=FUSE, again=st.booleans())
    def receipt(self, data, fuse, again):
        if not self.down:
            return
        at = data.draw(st.integers(0, len(self.down) - 1))
        packet = self.down[at] if again else self.down.pop(at)
        self.sender.fuse = fuse
        try:
            assert self.sender.hear(packet, self.now) is not Heard.BEYOND
        except Killed:
            self._kill_sender()
        self.sender.fuse = None

    @rule(data=st.data())
    def lose(self, data):
        for packets in (self.up, self.down):
            if packets:
                del packets[data.draw(st.integers(0, len(packets) - 1)) :: data.draw(st.integers(1, 3))]

    @rule(seconds=st.floats(0, 300))
    def silence(self, seconds):
        self.now += seconds
        self.sender.window.overdue(self.now)

    @rule()
    def reconnect(self):
        self.sender.window.connect()

    @rule()
    def the_senders_disk_is_replaced(self):
        self.optional |= {what for _, what in self.sender.rows.values() if what is not None}
        epoch = self.sender.epoch + 1
        self.sender = Sender()
        self.sender.epoch = epoch
        self.made[epoch] = []

    @invariant()
    def nothing_takes_effect_twice_or_out_of_order(self):
        for epoch, made in self.made.items():
            effects = [text for one, text in self.receiver.effects if one == epoch]
            places = {text: number for number, text in enumerate(made)}
            found = [places[text] for text in effects]
            assert found == sorted(set(found))

    @invariant()
    def memory_is_bounded(self):
        assert self.sender.window.on_the_way <= WINDOW
        assert all(len(early) < HOLD for _, early in self.receiver.numberings.values())

    @invariant()
    def what_left_the_outbox_had_its_effect(self):
        waiting = {what for _, what in self.sender.rows.values()}
        effects = {text for _, text in self.receiver.effects}
        for made in self.made.values():
            assert set(made) <= waiting | effects | self.optional

    def teardown(self):
        """The faults end: everything arrives."""
        for _ in range(60):
            self.now += 2 * LONGEST_WAIT
            self.sender.window.overdue(self.now)
            self.up += self.sender.send(self.now)
            for packet in self.up:
                self.sender.hear(self.receiver.take(packet), self.now)
            self.up.clear()
            if not self.sender.rows:
                break
        assert not self.sender.rows
        self.nothing_takes_effect_twice_or_out_of_order()
        self.what_left_the_outbox_had_its_effect()
        assert self.receiver.lost == 0


TestLink = Link.TestCase
TestLink.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def delivered(sender: Sender, receiver: Receiver) -> list[str]:
    """All texts that had an effect, after a link without faults has done its work."""
    now = 0.0
    while True:
        sender.window.overdue(now)
        for packet in sender.send(now):
            sender.hear(receiver.take(packet), now)
        if not sender.rows:
            return [text for _, text in receiver.effects]
        now += LONGEST_WAIT * 2


def filled(count: int) -> Sender:
    sender = Sender()
    for number in range(1, count + 1):
        sender.put(f"event {number}")
    return sender


def test_a_receiver_restored_from_a_backup_goes_on_and_says_what_it_lost():
    sender, receiver = filled(10), Receiver()
    delivered(sender, receiver)
    backup = copy.deepcopy(receiver)
    for number in range(11, 31):
        sender.put(f"event {number}")
    delivered(sender, receiver)
    sender.put("event 31")
    assert delivered(sender, backup) == [*(f"event {number}" for number in range(1, 11)), "event 31"]
    assert backup.lost == 20


def test_a_new_receiver_begins_where_the_sender_is():
    sender = filled(500)
    delivered(sender, Receiver())
    sender.put("after")
    fresh = Receiver()
    assert delivered(sender, fresh) == ["after"]
    assert fresh.lost == 500


def test_a_sender_restored_from_an_old_copy_begins_a_new_epoch_and_what_is_new_arrives_once():
    sender, receiver = filled(10), Receiver()
    old = copy.deepcopy(sender)
    for number in range(11, 31):
        sender.put(f"event {number}")
    delivered(sender, receiver)
    old.put("made after the restore")
    effects = delivered(old, receiver)
    assert effects.count("made after the restore") == 1
    assert old.epoch != sender.epoch


def test_everything_arrives_in_order_when_each_packet_comes_backwards():
    sender, receiver = filled(3 * WINDOW), Receiver()
    now = 0.0
    while sender.rows:
        for packet in [receiver.take(one) for one in reversed(sender.send(now))]:
            sender.hear(packet, now)
        now += LONGEST_WAIT * 2
        sender.window.overdue(now)
    assert [text for _, text in receiver.effects] == [f"event {number}" for number in range(1, 3 * WINDOW + 1)]


def test_a_row_too_far_ahead_is_dropped_and_one_at_the_edge_is_held():
    receiver = Receiver()
    with receiver.numbering(1) as inbox:
        assert receive(inbox, Row(HOLD + 1, HOLD + 1, 10, "far")) is Verdict.DROPPED
        assert receive(inbox, Row(HOLD, HOLD, 10, "edge")) is Verdict.HELD
        assert receive(inbox, Row(1, HOLD - 1, 10, None)) is Verdict.APPLIED
        assert receive(inbox, Row(HOLD, HOLD, 10, "edge")) is Verdict.SEEN
    assert receiver.effects == [(1, "edge")]


def test_what_there_is_no_room_to_hold_is_dropped_and_the_next_row_needs_none():
    receiver = Receiver()
    with receiver.numbering(1) as inbox:
        assert receive(inbox, Row(3, 3, HOLD_BYTES - 5, "large")) is Verdict.HELD
        assert receive(inbox, Row(2, 2, 6, "second")) is Verdict.DROPPED
        assert receive(inbox, Row(1, 1, 6, "first")) is Verdict.APPLIED
        assert receive(inbox, Row(2, 2, 6, "second")) is Verdict.APPLIED
    assert receiver.effects == [(1, "first"), (1, "second"), (1, "large")]


def test_a_skip_replaces_what_was_held_for_it():
    receiver = Receiver()
    with receiver.numbering(1) as inbox:
        receive(inbox, Row(3, 3, 10, "thinned out"))
        receive(inbox, Row(1, 5, 10, None))
        receive(inbox, Row(6, 6, 10, "next"))
    assert receiver.effects == [(1, "next")]


def test_what_fails_for_now_leaves_no_trace_and_comes_again():
    sender, receiver = filled(1), Receiver()
    receiver.busy = True
    packet = sender.send(0.0)[-1]
    inbox = Numbering(receiver, 1)
    with pytest.raises(Busy):
        receive(inbox, Row(1, 1, 10, "event 1"))
    assert inbox.cursor == 0
    with pytest.raises(Busy):
        receiver.take(packet)
    receiver.busy = False
    assert receiver.take(packet).last == 1
    assert receiver.effects == [(1, "event 1")]


def test_silence_is_waited_for_longer_each_time_and_a_receipt_ends_that():
    window, now, waits = Window(0, lambda: 0.0), 0.0, []
    for _ in range(9):
        window.put(1, 10, now)
        waits.append(window.due - now)
        now = window.due
        assert window.overdue(now)
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    window.put(1, 10, now)
    assert window.hear(1, 1, now) is Heard.MOVED
    window.put(2, 10, now)
    assert window.due - now == FIRST_WAIT


def test_each_receipt_begins_the_silence_anew_and_an_old_one_does_not():
    window = Window(0, lambda: 0.0)
    window.put(1, 10, 0.0)
    window.put(2, 10, 0.0)
    assert window.hear(1, 2, 1.0) is Heard.MOVED
    assert window.hear(1, 2, 1.5) is Heard.NOTHING
    assert window.due == 1.0 + FIRST_WAIT
    assert not window.overdue(1.0)


def test_all_goes_again_from_the_first_unreceipted_on_a_new_link():
    sender = filled(5)
    assert [packet.first for packet in sender.send(0.0)] == [1, 1, 2, 3, 4, 5]
    sender.hear(Packet("receipt", 1, 0, 2), 0.0)
    assert sender.send(0.0) == []
    sender.window.connect()
    assert [(packet.kind, packet.first) for packet in sender.send(0.0)][:2] == [("opening", 3), ("row", 3)]


def test_jitter_spreads_the_next_try():
    due = set()
    for jitter in (0.0, 0.5, 1.0):
        window = Window(0, lambda jitter=jitter: jitter)
        window.put(1, 10, 0.0)
        due.add(window.due)
    assert due == {FIRST_WAIT, 1.25 * FIRST_WAIT, 1.5 * FIRST_WAIT}


def test_a_window_is_bounded_in_bytes_and_one_row_always_fits():
    window = Window(0)
    assert window.fits(10 * WINDOW_BYTES)
    window.put(1, WINDOW_BYTES - 10, 0.0)
    assert window.fits(10)
    assert not window.fits(11)
    window.hear(1, 1, 0.0)
    assert window.fits(11)


def test_a_row_can_be_made_of_a_named_kind():
    assert Row[str](1, 2, 3, "what") == (1, 2, 3, "what")
