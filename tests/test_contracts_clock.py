"""The clock, ids and topics that messages are made with."""

import contextlib
import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contracts import ids, topics
from device.contracts.clock import AHEAD_MS, CREDIBLE_MS, MOST_COUNT, YEAR_MS, Clock, Stamp, TimeFile
from device.contracts.errors import Malformed

BUILD = 1_790_000_000_000
TODAY = BUILD + 100 * 24 * 3600 * 1000
BOX = "A2B3C4D5E6F7G2H3I4J5K6L7MN"


class Machine:
    """A machine with a time of day, a monotonic clock and a disk, on which clocks can be started again and again."""

    def __init__(self, wall: int = TODAY):
        self.wall, self.elapsed, self.disk, self.full = wall, 0, 0, False
        self.writes = 0

    def store(self, ms: int) -> None:
        if self.full:
            raise OSError("the disk is full")
        self.disk, self.writes = ms, self.writes + 1

    def start(self) -> Clock:
        return Clock(BUILD, self.disk, self.store, lambda: self.wall, lambda: self.elapsed)

    def passes(self, ms: int) -> None:
        self.wall, self.elapsed = self.wall + ms, self.elapsed + ms


WALLS = st.sampled_from([0, BUILD - 1, BUILD, TODAY, TODAY + YEAR_MS, BUILD + CREDIBLE_MS, TODAY + 14 * YEAR_MS])
STEPS = st.lists(
    st.tuples(st.just("now"), st.none())
    | st.tuples(st.just("pass"), st.integers(0, 10**7))
    | st.tuples(st.just("jump"), WALLS)
    | st.tuples(st.just("hear"), st.tuples(WALLS, st.integers(0, 2 * MOST_COUNT)))
    | st.tuples(st.just("kill"), st.none())
    | st.tuples(st.just("close"), st.none())
    | st.tuples(st.just("full"), st.booleans()),
    max_size=60,
)


@given(STEPS)
def test_stamps_only_grow_whatever_the_machine_the_disk_and_the_other_side_do(steps):
    machine = Machine()
    clock = machine.start()
    given_out = [Stamp(0, 0)]
    for step, what in [*steps, ("full", False), ("now", None)]:
        try:
            match step:
                case "now":
                    given_out.append(clock.now())
                case "pass":
                    machine.passes(what)
                case "jump":
                    machine.wall = what
                case "hear":
                    clock.hear(Stamp(*what))
                case "close":
                    clock.close()
                    clock = machine.start()
                case "kill":
                    machine.elapsed = 0
                    clock = machine.start()
                case "full":
                    machine.full = what
        except OSError:
            assert machine.full
    assert all(one < other for one, other in itertools.pairwise(given_out))
    assert all(stamp.counter <= MOST_COUNT for stamp in given_out)
    assert given_out[-1].ms <= BUILD + 3 * CREDIBLE_MS


def test_a_set_clock_gives_the_time_of_day():
    machine = Machine()
    clock = machine.start()
    assert clock.now() == Stamp(TODAY, 0)
    assert clock.now() == Stamp(TODAY, 1)
    machine.passes(5)
    assert (clock.now(), clock.quality) == (Stamp(TODAY + 5, 0), "set")


@pytest.mark.parametrize("wall", [0, TODAY + 14 * YEAR_MS], ids=["1970", "2040"])
def test_a_machine_without_a_clock_goes_on_from_the_last_time_it_knew(wall):
    machine = Machine()
    last = machine.start().now()
    machine.wall, machine.elapsed = wall, 0
    clock = machine.start()
    machine.passes(3_600_000)
    assert 3_600_000 <= clock.now().ms - last.ms <= 3_600_000 + 20_000
    assert clock.quality == "unset"


def test_a_new_machine_without_a_clock_begins_at_its_build():
    machine = Machine(0)
    assert machine.start().now().ms == BUILD


def test_a_machine_without_a_clock_takes_the_time_from_the_other_side_and_counts_on():
    machine = Machine(0)
    clock = machine.start()
    clock.hear(Stamp(TODAY, 7))
    assert clock.now() > Stamp(TODAY, 7)
    machine.passes(60_000)
    assert clock.now() == Stamp(TODAY + 60_000, 0)
    assert clock.quality == "unset"


def test_a_stamp_is_later_than_what_was_heard():
    clock = Machine().start()
    clock.hear(Stamp(TODAY + AHEAD_MS, 4))
    assert clock.now() > Stamp(TODAY + AHEAD_MS, 4)
    assert clock.quality == "set"


@pytest.mark.parametrize("wall", [0, TODAY])
def test_an_absurd_future_that_is_heard_is_not_believed(wall):
    clock = Machine(wall).start()
    before = clock.now()
    clock.hear(Stamp(BUILD + CREDIBLE_MS + 1, 0))
    assert clock.now().ms - before.ms < 1000


def test_another_clock_that_is_ahead_by_an_hour_does_not_pull_a_set_one():
    clock = Machine().start()
    clock.hear(Stamp(TODAY + 3_600_000, 0))
    assert clock.now().ms == TODAY


def test_a_clock_that_was_wrong_for_a_while_says_that_its_stamps_are_not_the_time_of_day():
    machine = Machine(TODAY + YEAR_MS)
    clock = machine.start()
    clock.now()
    machine.wall = TODAY
    assert clock.now().ms == TODAY + YEAR_MS
    assert clock.quality == "unset"


def test_a_stamp_that_could_not_be_stored_is_not_given():
    machine = Machine()
    clock = machine.start()
    machine.full = True
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            clock.now()
    machine.full = False
    assert clock.now() == Stamp(TODAY, 0)


def test_a_thousand_stamps_write_once_and_an_orderly_end_starts_no_further_ahead():
    machine = Machine()
    clock = machine.start()
    for _ in range(1000):
        last = clock.now()
    assert machine.writes == 1
    clock.close()
    assert machine.disk - last.ms <= 1


def test_threads_never_get_the_same_stamp():
    clock, found = Machine().start(), []
    threads = [threading.Thread(target=lambda: found.extend(clock.now() for _ in range(500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2000


def test_a_time_file_keeps_what_was_stored(tmp_path):
    file = TimeFile(tmp_path / "time")
    assert file.load() == 0
    file.store(TODAY)
    file.store(TODAY + 1)
    assert TimeFile(tmp_path / "time").load() == TODAY + 1
    assert [path.name for path in tmp_path.iterdir()] == ["time"]


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xfe", b"-5", b"1.5", "١٢".encode()])
def test_a_time_file_that_is_no_time_is_none(tmp_path, content):
    (tmp_path / "time").write_bytes(content)
    assert TimeFile(tmp_path / "time").load() == 0


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_has_its_time_and_sorts_by_it(ms, entropy):
    made = ids.make(ms, entropy)
    assert len(made) == ids.LENGTH
    assert set(made) <= set(ids.ALPHABET)
    assert ids.time_of(made) == ms
    assert ms == 2**48 - 1 or ids.make(ms + 1, bytes(10)) > made


def test_ids_of_one_time_differ_by_their_random_bytes():
    assert ids.make(TODAY, bytes(10)) != ids.make(TODAY, bytes(9) + b"\1")


@pytest.mark.parametrize(("ms", "entropy"), [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))])
def test_no_id_is_made_of_what_does_not_fit(ms, entropy):
    with pytest.raises(ValueError, match="an id"):
        ids.make(ms, entropy)


@pytest.mark.parametrize("text", ["", "0" * 25, "8" + "0" * 25, "u" * 26, "0" * 25 + "A"])
def test_what_is_no_id_has_no_time(text):
    with pytest.raises(ValueError, match="an id"):
        ids.time_of(text)


@pytest.mark.parametrize("way", topics.WAYS)
def test_a_topic_is_read_as_it_was_made(way):
    for stream in (*topics.NUMBERED[way], *topics.UNNUMBERED[way]):
        assert topics.parse(topics.topic(BOX, way, stream)) == (BOX, way, stream)


@pytest.mark.parametrize("box", ["", "+", "#", "A/B", "../other", "A" * 7, "A" * 61, BOX + "\n", "Ä" * 26])
def test_no_box_reaches_beyond_its_own_topics(box):
    with pytest.raises(ValueError, match="topic"):
        topics.topic(box, "up", "sets")
    with pytest.raises(ValueError, match="topic"):
        topics.everything_down(box)


@given(st.text() | st.from_regex(r"rackdeck/v1/box/.*"))
def test_any_topic_is_a_place_or_the_one_error(text):
    with contextlib.suppress(Malformed):
        assert topics.topic(*topics.parse(text)) == text


def test_subscriptions_take_all_of_one_way():
    assert topics.everything_up() == "rackdeck/v1/box/+/up/#"
    assert topics.everything_up("ingest") == "$share/ingest/rackdeck/v1/box/+/up/#"
    assert topics.every_status() == "rackdeck/v1/box/+/up/status"
    assert topics.everything_down(BOX) == f"rackdeck/v1/box/{BOX}/down/#"
