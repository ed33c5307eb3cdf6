"""A storm: whatever can happen to a household happens at random, while messages go both ways. What is lost or doubled?

Each box's plays are numbered, and so are the notices that go to it; a trigger in the box's database writes down each
effect of a notice. A playlist is edited on all sides, by tracks that are numbered, too. Faults come one after the
other, at random moments of the work.
"""

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import peewee

from companion import database
from companion.bench import impostor
from companion.bench.box import Box
from companion.bench.household import Household
from companion.bench.impostor import Impostor
from companion.bench.parts import wait_until
from companion.database import new_id
from companion.documents import service as documents
from companion.outgoing import service as outgoing
from device.contracts.notices import Told
from device.documents import Entry

SETTLE_SECONDS = 300.0
EQUAL_SECONDS = 60.0
MOST_EDITS = 400  # of the playlist
YEARS = ("-56y", "-20y", "+1y", "+14y", "+60y")
FILLER = "filler"


@dataclass(slots=True)
class Damage:
    """What came of a storm. faults: how often each happened; events: messages that should have had an effect.

    astray: that had one where they should not; disordered: effects after one with a higher number; dead: of those that
    should have had an effect, how many became dead letters; unequal: boxes that have the playlist otherwise than the
    companion. seconds: until the last had its effect.
    """

    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    astray: int = 0
    dead: int = 0
    unequal: int = 0
    seconds: float = 0.0

    @property
    def none(self) -> bool:
        """Whether nothing was damaged."""
        return not (self.lost or self.doubled or self.disordered or self.astray or self.dead or self.unequal)

    def count(self, wanted: int, found: Sequence[int], ordered: bool = True) -> None:
        """Numbers that had an effect, in that order, where those from 0 up to `wanted` should have had one."""
        times = Counter(found)
        self.events += wanted
        self.lost += sum(number not in times for number in range(wanted))
        self.doubled += sum(many - 1 for many in times.values())
        self.astray += sum(not 0 <= number < wanted for number in times)
        self.disordered += ordered * sum(later < earlier for earlier, later in pairwise(found))


class Storm:
    """On a household whose boxes run. disks: small disks of the companion and of boxes, which may be filled."""

    def __init__(self, house: Household, seed: int, disks: Sequence[Path] = ()):
        self._house, self._dice, self._disks = house, random.Random(seed), list(disks)
        self._known = house.count()  # plays of other boxes
        with database.connection():
            self._playlist = documents.create(house.owner, "Storm")
        self._edits = 0
        self.damage = Damage()
        self._faults: list[tuple[int, str, Callable[[Box], None]]] = [
            (40, "box killed", self._kill_box),
            (16, "companion killed", self._kill_companion),
            (6, "broker killed", self._kill_broker),
            (3, "broker killed and its memory gone", self._empty_broker),
            (8, "link cut", self._cut),
            (5, "link slowed", self._slow),
            (8, "doubled and reordered", self._double),
            (3, "hostile payloads", self._invent),
            (3, "another box's topic", self._trespass),
            (2, "wrong certificate", self._forge),
        ]
        if shutil.which("faketime"):
            self._faults.append((6, "clock jumped by years", self._jump))
        if self._disks:
            self._faults.append((4, "disk full", self._fill))

    def blow(self, times: int, events: int, say: Callable[[str], None] = lambda _line: None) -> Damage:
        """So many faults while so many events are made, a tenth of them for boxes; then wait for the last effect.

        Each fault happens once, in any order, before one happens twice.
        """
        began = time.monotonic()
        boxes, made = self._house.boxes, 0
        for box in boxes:
            wait_until(partial(box.document, self._playlist), "each box has the playlist", every=0.1)
        weights = [weight for weight, *_ in self._faults]
        order = self._dice.sample(self._faults, len(self._faults))
        order += self._dice.choices(self._faults, weights, k=max(0, times - len(order)))
        for number, (_, name, fault) in enumerate(order[:times]):
            share = events * (number + 1) // times - made
            made += share
            self._make(share)
            if number % (times // MOST_EDITS + 1) == 0:
                self._edit(self._dice.choice([None, *boxes]))
            fault(self._dice.choice(boxes))
            self.damage.faults[name] += 1
            self._revive()
            for box in boxes:
                box.done()
            if number % 50 == 49:
                say(f"{number + 1} faults, {made} events")
        self.calm()
        self.damage.seconds = time.monotonic() - began
        self._judge()
        return self.damage

    def _make(self, share: int) -> None:
        """Let boxes write plays, and write notices for boxes."""
        boxes = self._house.boxes
        told = [box for box in boxes for _ in range(share // len(boxes) // 10)]
        up = share - len(told)
        mine = {box.name: up // len(boxes) + (index < up % len(boxes)) for index, box in enumerate(boxes)}
        for box in boxes:
            box.produce(mine[box.name], each=self._dice.choice((1, 1, 5)), wait=False)
        for box in told:
            self._tell(box)
        time.sleep(self._dice.uniform(0, 0.2))

    def _tell(self, box: Box) -> None:
        """A notice for a box."""
        _written(lambda: outgoing.send(box.id, Told(new_id(), "news", str(box.sent))))
        box.sent += 1

    def _edit(self, box: Box | None) -> None:
        """Somebody puts a track into the playlist: the box, or somebody at the companion."""
        title = str(self._edits)
        self._edits += 1
        if box is None:
            _written(lambda: documents.add(self._house.owner, self._playlist, [Entry(new_id(), title)]))
        else:
            box.edit(self._playlist, title)

    def _shared(self) -> dict[str, Any]:
        """What is in the playlist, as the companion has it."""
        with database.connection():
            found = documents.content(self._house.owner, self._playlist)
        return {name: found[name] for name in ("about", "tracks", "notes")}

    def _equal(self, box: Box) -> bool:
        return box.document(self._playlist) == self._shared()

    def calm(self) -> None:
        """No more faults: wait until all that was made had its effect."""
        house = self._house
        house.line.mend()
        made = self._known + sum(box.made for box in house.boxes)
        self._until(lambda: house.count() >= made, f"{made} plays had their effect", SETTLE_SECONDS)
        for box in house.boxes:
            self._until(partial(_all_told, box), f"{box.sent} notices did", SETTLE_SECONDS)
        with contextlib.suppress(ChildProcessError):  # the judgement says so
            for box in house.boxes:
                self._until(partial(self._equal, box), "the playlist is the same", EQUAL_SECONDS)

    def _until(self, said: Callable[[], bool], what: str, seconds: float) -> None:
        def settled() -> bool:
            self._revive()
            return said()

        wait_until(settled, what, seconds, 0.1)

    def _revive(self) -> None:
        """What could not start on a full disk, or in another year, is started again, as its supervisor does."""
        self.damage.faults.update(f"{part} ended by itself" for part in self._house.revive())

    def _judge(self) -> None:
        for box in self._house.boxes:
            self.damage.count(box.made, self._house.plays(box.id))
            self.damage.count(box.sent, [int(text) for text in box.told()])
        self.damage.dead += self._house.dead("plays", impostor.NUMBERING)
        self.damage.unequal += sum(not self._equal(box) for box in self._house.boxes)
        self.damage.count(self._edits, [int(one["title"]) for one in self._shared()["tracks"]], ordered=False)

    def _pause(self, most: float = 0.3) -> None:
        time.sleep(self._dice.uniform(0, most))

    def _kill_box(self, box: Box) -> None:
        box.sync.kill()
        box.sync.start()
        self._pause(0.8)

    def _kill_companion(self, _box: Box) -> None:
        self._house.ingest.kill()
        self._house.ingest.start()
        self._pause(2.0)

    def _kill_broker(self, _box: Box) -> None:
        """`rackdeck broker` starts mosquitto again, after a moment."""
        self._kill_mosquitto()
        self._pause(1.0)

    def _empty_broker(self, _box: Box) -> None:
        self._kill_mosquitto()
        (self._house.settings.folder / "broker" / "data" / "mosquitto.db").unlink(missing_ok=True)
        self._pause(1.0)

    def _kill_mosquitto(self) -> None:
        pid = self._house.broker_pid
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _cut(self, _box: Box) -> None:
        self._house.line.cut()
        self._pause(0.5)
        self._house.line.mend()

    def _slow(self, _box: Box) -> None:
        self._house.line.slow(self._dice.uniform(0, 0.3), self._dice.choice((20e3, 200e3)))
        self._pause(1.5)
        self._house.line.mend()

    def _double(self, box: Box) -> None:
        with Impostor(box, self._house.line.target) as other:
            other.say(impostor.again(box, self._dice))

    def _invent(self, box: Box) -> None:
        with Impostor(box, self._house.line.target) as other:
            other.say(impostor.invented(box, self._dice))

    def _trespass(self, box: Box) -> None:
        victim = self._dice.choice([other for other in self._house.boxes if other is not box])
        with Impostor(box, self._house.line.target) as other:
            other.say(impostor.elsewhere(victim.id))

    def _forge(self, box: Box) -> None:
        with Impostor(box, self._house.line.target, foreign=True) as other:
            self.damage.astray += other.inside

    def _jump(self, box: Box) -> None:
        """One of the two goes on in another year, and comes back with its next start."""
        part = self._dice.choice((box.sync, self._house.ingest))
        part.kill()
        part.start(("env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", self._dice.choice(YEARS)))
        self._pause(3.0)

    def _fill(self, _box: Box) -> None:
        place = self._dice.choice(self._disks) / FILLER
        with contextlib.suppress(OSError), place.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65536)
        self._pause(1.5)
        place.unlink()


def _all_told(box: Box) -> bool:
    return len(box.told()) >= box.sent


def _written(change: Callable[[], object]) -> None:
    """One transaction of the companion, tried until its disk takes it."""
    while True:
        try:
            with database.connection(), database.database.atomic():
                change()
            return
        except peewee.OperationalError:
            time.sleep(0.05)
