"""`sync`: a box and its companion in step: how fast, how soon, how much, and what faults do to it.

Everything is real: `rackdeck broker` with mosquitto and TLS, the companion's processes, `rackdeck sync` of boxes that
have joined; plays are written into their outboxes. What others do on the machine shows in all figures but the counts.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from companion import database
from companion.bench.box import Box
from companion.bench.household import Household
from companion.bench.line import Line
from companion.bench.parts import wait_until
from companion.bench.servers import Server
from companion.bench.storm import Storm
from companion.earnings import service as earnings
from companion.earnings.service import Item

TITLE = "A box and its companion in step: real broker, processes and TLS on this machine"
COLUMNS = ()
Say = Callable[[str], None]
Case = dict[str, float | int | str | bool | None]
UP, DOWN = "commit to its effect", "earnings to the board"
WEEK = 100_000  # events of a box that was offline for a week
DAY_SECONDS = 24 * 3600
POLL_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is asked. backlog: events of each of the `boxes` that come back at once; week: of the one that was away.

    times: how often each latency is taken; idle: least seconds that an idle box is observed; faults happen while so
    many events are made.
    """

    boxes: int = 4
    backlog: int = 15_000
    week: int = WEEK
    times: int = 200
    idle: float = 100.0  # keepalives are a minute apart
    faults: int = 60
    events: int = 10_000


QUICK = Sizes(backlog=3000, week=WEEK // 10, times=60, idle=15.0, faults=14, events=1500)


class Neighbours:
    """What others of this machine take of its cores from now on."""

    def __init__(self, house: Household):
        self._house = house
        self._before = time.monotonic(), self._all(), house.cpu()

    @staticmethod
    def _all() -> float:
        """Core seconds that were taken since the machine started, by its host too."""
        taken = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
        return sum(int(taken[column]) for column in (1, 2, 3, 6, 7, 8)) / os.sysconf("SC_CLK_TCK")

    def cores(self) -> Case:
        """`others_cores`: how many cores they kept busy on average."""
        at, everything, ours = self._before
        theirs = self._all() - everything - (self._house.cpu() - ours)
        return {"others_cores": max(0.0, theirs / (time.monotonic() - at))}


class Bench:
    """A household and how much is asked of it."""

    def __init__(self, folder: Path, say: Say, sizes: Sizes):
        self._say, self._sizes = say, sizes
        self.house = Household(folder)
        self._idle, self._line = self._quiet_box()

    def _quiet_box(self) -> tuple[Box, Line]:
        """A box that does nothing all the while, on a line of its own."""
        box, line = self.house.add("idle"), Line(self.house.line.target)
        told = box.membership.read_text()
        box.membership.write_text(told.replace(f'"broker_port": {self.house.line.port}', f'"broker_port": {line.port}'))
        box.sync.start()
        wait_until(lambda: box.state == "in step", "the box is in step")
        time.sleep(2.0)  # it has said who it is and heard what there is
        self._from = time.monotonic(), line.up, line.down
        return box, line

    def all(self) -> Iterator[Case]:
        """Everything, in the order in which one does not disturb the other."""
        for part in (self.throughput, self.week, self.idle, self.soon, self.memory, self.faults):
            yield from part()

    def throughput(self) -> Iterator[Case]:
        """Boxes that come back at once, with much to tell, through one consumer."""
        each, many = self._sizes.backlog, self._sizes.boxes
        boxes = [self.house.add(f"box{number}") for number in range(1, many + 1)]
        for box in boxes:
            box.produce(each, 500)
        self._say(f"{many} boxes with {each} events each")
        parts = {"ingest": self.house.ingest.server, "broker": self.house.broker.server}
        before, known = {name: part.cpu() for name, part in parts.items()}, self.house.count()
        for box in boxes:
            box.sync.start()
        others = Neighbours(self.house)
        wait_until(lambda: self.house.count() > known, "the first has its effect")
        first, at = self.house.count() - known, time.monotonic()
        self._all(known + many * each)
        seconds = time.monotonic() - at
        yield {
            "of": "through one consumer",
            "boxes": many,
            "events": many * each,
            "events_s": (many * each - first) / seconds,
            "us_an_event": 1e6 * seconds / (many * each - first),
            **{f"{name}_cpu_us": 1e6 * (part.cpu() - before[name]) / (many * each) for name, part in parts.items()},
            "box_cpu_us": 1e6 * sum(box.sync.server.cpu() for box in boxes) / (many * each),
            **others.cores(),
        }
        for box in boxes:
            box.sync.stop()

    def _all(self, count: int) -> None:
        wait_until(lambda: self.house.count() >= count, f"{count} events had their effect", 600, 0.01)

    def week(self) -> Iterator[Case]:
        """A box that was offline and comes back: from the start of its sync to the last effect."""
        box, count = self.house.add("week"), self._sizes.week
        self._say(f"a box with {count} events that waited")
        box.produce(count, 500)
        known, at = self.house.count(), time.monotonic()
        box.sync.start()
        others = Neighbours(self.house)
        self._all(known + count)
        seconds = time.monotonic() - at
        of = "a week offline" + (f", a part of it, times {WEEK // count}" if count < WEEK else "")
        week = seconds * WEEK / count
        yield {"of": of, "events": count, "seconds": seconds, "week_seconds": week, **others.cores()}
        box.sync.stop()

    def soon(self) -> Iterator[Case]:
        """From a commit on one side to its effect on the other, with nothing else going on."""
        box, times = self.house.add("soon"), self._sizes.times
        box.sync.start()
        wait_until(lambda: box.state == "in step", "the box is in step")
        for of, once in ((UP, self._up), (DOWN, self._down)):
            self._say(f"{times} times: {of}")
            others = Neighbours(self.house)
            taken = [once(box, number) for number in range(times)]
            yield {"of": of, "n": times, **_spread(taken), **others.cores()}

    def _up(self, box: Box, _number: int) -> float:
        wanted, at = (box.id, str(box.made)), box.produce(1)
        with database.connection():
            wait_until(lambda: self.house.last_play() == wanted, "an event has its effect", every=POLL_SECONDS)
        taken = time.monotonic_ns() - at
        time.sleep(0.02 + taken % 50_000_000 / 1e9)  # not in step with anybody's turns
        return taken / 1e6

    def _down(self, box: Box, number: int) -> float:
        board = box.runtime / "board-earnings.json"
        with database.connection():
            earnings.posted(self.house.owner, [Item("gig", "bench", 1_000_000 + number, "EUR", "2026-01-02")])
        at = time.monotonic_ns()
        text = f"{1_000_000 + number}"
        wait_until(
            lambda: board.exists() and text in board.read_text(encoding="utf-8"), "it is shown", every=POLL_SECONDS
        )
        taken = time.monotonic_ns() - at
        time.sleep(0.02 + taken % 50_000_000 / 1e9)
        return taken / 1e6

    def memory(self) -> Iterator[Case]:
        """Of each process, once it has done something."""
        house = self.house
        parts = {"ingest": house.ingest, "web": house.web, "broker": house.broker, "sync of a box": self._idle.sync}
        for name, part in parts.items():
            yield {"of": f"memory: {name}", "memory_mb": part.server.memory()}
        yield {"of": "memory: mosquitto", "memory_mb": Server(house.broker_pid, 0).memory()}

    def idle(self) -> Iterator[Case]:
        """What a box that does nothing sends and gets. Before earnings are posted, which go to all boxes."""
        since, up, down = self._from
        time.sleep(max(0.0, since + self._sizes.idle - time.monotonic()))
        seconds = time.monotonic() - since
        a_day = DAY_SECONDS / seconds
        up, down = self._line.up - up, self._line.down - down
        yield {
            "of": f"idle box, {seconds:.0f} s observed, times {a_day:.0f}",
            "up_mb_a_day": up * a_day / 1e6,
            "down_mb_a_day": down * a_day / 1e6,
        }

    def faults(self) -> Iterator[Case]:
        """Whatever can happen, at random, while messages go both ways."""
        house = self.house
        for box in list(house.boxes):
            box.sync.stop()
            house.boxes.remove(box)
            box.close()
        for name in ("one", "two"):
            house.add(name).sync.start()
        sizes = self._sizes
        self._say(f"{sizes.faults} faults, {sizes.events} events")
        damage = Storm(house, seed=7).blow(sizes.faults, sizes.events, self._say)
        yield {
            "of": "faults",
            "events": damage.events,
            "lost": damage.lost,
            "doubled": damage.doubled,
            "disordered": damage.disordered,
            "astray": damage.astray,
            "dead": damage.dead,
            "unequal": damage.unequal,
            "seconds": damage.seconds,
        }
        for name, times in sorted(damage.faults.items()):
            yield {"of": f"fault: {name}", "times": times}

    def close(self) -> None:
        """End all."""
        self._line.close()
        self.house.close()


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "worst_ms": 1.0}
    return {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in shares.items()}


def measure(settings: Any, say: Say) -> Iterator[Case]:
    """All cases. settings: those of the bench; `repeats` below 3 asks for a quick look."""
    with tempfile.TemporaryDirectory(prefix="rackdeck-bench-") as folder, contextlib.ExitStack() as stack:
        sizes = QUICK if settings.repeats < 3 else Sizes()
        bench = stack.enter_context(contextlib.closing(Bench(Path(folder), say, sizes)))
        yield from bench.all()
