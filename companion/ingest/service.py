"""Taking a batch of what boxes sent: all effects, cursors, held rows and dead letters in one transaction.

A batch is done at one go. When a handler refuses a message the batch is done again, each message with a savepoint of
its own, and what is refused becomes a dead letter. What fails for now is for the caller to bring again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import peewee

from companion.boxes import service as boxes
from companion.database import database, now
from companion.errors import Problem
from companion.ingest import letters, metrics, registry
from companion.ingest.numbering import Key, Numbering, Parcel
from companion.ingest.registry import Letter, Told
from companion.jobs.service import PASSING
from companion.outgoing import service as outgoing
from device.contracts import delivery, envelope, topics
from device.contracts.envelope import Message
from device.contracts.errors import ContractError, Malformed, Unknown
from device.contracts.receipts import Cursor, Opening, Receipt, Skipped
from device.contracts.status import Offline, Online

log = logging.getLogger(__name__)
STUBBORN = 5  # tries after which what fails is taken to be the message's fault, where the database answers


@dataclass(slots=True)
class Outcome:
    """What a batch comes to. receipts: what each box is to be told. came, left: boxes that are there or away now, each
    with the epoch of the connection that says so.
    """

    receipts: dict[str, list[Cursor]] = field(default_factory=dict)
    came: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


class _RefusedError(Exception):
    """A handler does not take a message; the batch is done again with care."""


def opened(topic: str, payload: bytes, came: int) -> Parcel | None:
    """What came on a topic; None for what is not ours to read."""
    try:
        place = topics.parse(topic)
    except Malformed:
        return None
    return reopened(place.box, place.stream, payload, came)


def reopened(box: str, stream: str, payload: bytes, came: int = 0) -> Parcel:
    """Bytes of a box's stream, read."""
    try:
        found: Message | ContractError = envelope.decode("up", stream, payload)
    except ContractError as exc:
        found = exc
    return Parcel(box, stream, payload, came or now(), found)


def take(parcels: Iterable[Parcel], tries: int = 0) -> Outcome:
    """Do what a batch asks for. PASSING passes through: nothing was done, and it should be brought again.

    tries: how often the same batch failed before.
    """
    given = list(parcels)
    if tries < STUBBORN:
        try:
            return _Batch(given, careful=False, stubborn=False).run()
        except _RefusedError:
            pass
    return _Batch(given, careful=True, stubborn=tries >= STUBBORN).run()


class _Batch:
    """One batch in its transaction."""

    def __init__(self, parcels: list[Parcel], careful: bool, stubborn: bool):
        self._parcels, self._careful, self._stubborn = parcels, careful, stubborn
        self._owners: dict[str, str] = {}
        self._numberings: dict[Key, Numbering] = {}
        self._held_bytes: dict[str, int] = {}
        self._full: set[str] = set()
        self._greeted: set[str] = set()
        self._told, self._out = Told(), Outcome()
        self._counts = dict.fromkeys(metrics.OUTCOMES, 0)

    def run(self) -> Outcome:
        """All of it."""
        with database.atomic():
            self._owners = boxes.owners({parcel.box for parcel in self._parcels})
            mine = [parcel for parcel in self._parcels if parcel.box in self._owners]
            self._counts["nobody"] = len(self._parcels) - len(mine)
            self._lock(mine)
            for parcel in mine:
                if parcel.stream == "receipts":
                    self._receipts(parcel)
            for parcel in mine:
                if parcel.stream in topics.NUMBERED["up"]:
                    self._numbered(parcel)
                elif parcel.stream != "receipts":
                    self._unnumbered(parcel)
            for (box, stream, epoch), one in self._numberings.items():
                one.store()
                self._out.receipts.setdefault(box, []).append(Cursor(stream, epoch, one.cursor))
            self._told.flush()
        metrics.count(self._counts)
        return self._out

    def _lock(self, parcels: list[Parcel]) -> None:
        """Hold the cursors of the batch, in the order that every consumer takes them in."""
        wanted: set[Key] = set()
        for parcel in parcels:
            head, body = parcel.found.head, getattr(parcel.found, "body", None)
            if isinstance(body, Opening):
                wanted |= {(parcel.box, one.stream, one.epoch) for one in body.streams}
            elif head is not None and head.seq and head.stream == parcel.stream:
                wanted.add((parcel.box, parcel.stream, head.epoch))
        for key in sorted(wanted):
            if key[1] in topics.NUMBERED["up"]:
                self._numberings[key] = Numbering(key, self._apply, reopened, self._held_bytes)

    def _receipts(self, parcel: Parcel) -> None:
        body = getattr(parcel.found, "body", None)
        owner = self._owners[parcel.box]
        if isinstance(body, Receipt):
            outgoing.hear(parcel.box, owner, body.cursors)
            self._counts["receipts"] += 1
        elif isinstance(body, Opening):
            self._open(parcel.box, owner, body)
            self._out.came[parcel.box] = parcel.epoch
            self._out.receipts.setdefault(parcel.box, [])  # who has nothing to send hears that we are there, too
            self._counts["receipts"] += 1
        else:
            self._counts["unreadable"] += 1

    def _open(self, box: str, owner: str, body: Opening) -> None:
        """A box connected, or heard nothing for a while. One of whose numberings none is known has a new memory."""
        keys = ((box, one.stream, one.epoch) for one in body.streams)
        known = any(self._numberings[key].greeted for key in keys if key in self._numberings)
        for one in body.streams:
            numbering = self._numberings.get((box, one.stream, one.epoch))
            if numbering is None:  # a stream that only later versions know stays where it is
                continue
            numbering.greeted = True
            lost = delivery.opened(numbering, one.first)
            if lost:
                log.error("%s messages of box %s in %s were receipted and are not here", lost, box, one.stream)
                metrics.LOST.inc(lost)
        self._greeted.add(box)
        if known:
            outgoing.back(box, owner)
        else:  # it has forgotten what it was told, too
            outgoing.welcome(box, owner)

    def _greet(self, numbering: Numbering, owner: str) -> None:
        """Tell a box that was never heard of before what it should know."""
        box = numbering.box
        if numbering.greeted or box in self._greeted:
            return
        self._greeted.add(box)
        if not numbering.box_greeted():
            outgoing.welcome(box, owner)
            numbering.greeted = True

    def _numbered(self, parcel: Parcel) -> None:
        found, head = parcel.found, parcel.found.head
        if head is None or head.stream != parcel.stream or not head.seq:
            self._counts["unreadable"] += 1
            if isinstance(found, Malformed):
                letters.strange(parcel, self._owners[parcel.box], found)
            return
        numbering = self._numberings[parcel.box, parcel.stream, head.epoch]
        if parcel.box in self._full:
            return
        self._greet(numbering, self._owners[parcel.box])
        try:
            verdict = delivery.receive(numbering, parcel.row)
        except letters.FullError:
            self._full.add(parcel.box)
            return
        self._counts[verdict.name.lower()] += 1

    def _apply(self, parcel: Parcel) -> None:
        """The effect of one numbered message, or a dead letter in its place."""
        found, owner = parcel.found, self._owners[parcel.box]
        if isinstance(found, ContractError):
            letters.keep(parcel, owner, str(found), later=isinstance(found, Unknown))
            self._counts["dead"] += 1
            return
        if isinstance(found.body, Skipped):
            return
        handle = registry.handler(found.head.kind)
        if handle is None:
            letters.keep(parcel, owner, f"nothing here handles {found.head.kind}", later=True)
            self._counts["dead"] += 1
            return
        letter = Letter(parcel.box, owner, found, parcel.came, self._told)
        if not self._careful:
            try:
                handle(letter)
            except PASSING:
                raise
            except Exception as exc:
                raise _RefusedError from exc
            return
        try:
            with database.atomic():
                handle(letter)
        except Exception as exc:
            if isinstance(exc, PASSING) and not (self._stubborn and isinstance(exc, peewee.OperationalError)):
                raise
            if not isinstance(exc, Problem):
                log.exception("a message of the kind %s from box %s cannot be handled", found.head.kind, parcel.box)
            reason = exc.detail if isinstance(exc, Problem) else f"{type(exc).__name__}: {exc}"
            letters.keep(parcel, owner, reason)
            self._counts["dead"] += 1

    def _unnumbered(self, parcel: Parcel) -> None:
        """What may be lost, doubled and out of order: its handler sees to that."""
        found = parcel.found
        if not isinstance(found, Message) or parcel.stream not in topics.UNNUMBERED["up"]:
            self._counts["unreadable"] += 1
            return
        if isinstance(found.body, Online):
            self._out.came[parcel.box] = found.head.epoch
        elif isinstance(found.body, Offline):
            self._out.left[parcel.box] = found.head.epoch
        handle = registry.handler(found.head.kind)
        if handle is None:
            return
        try:
            with database.atomic():
                handle(Letter(parcel.box, self._owners[parcel.box], found, parcel.came, self._told))
            self._counts["told"] += 1
        except PASSING:
            raise
        except Exception:
            log.exception("%s of box %s cannot be handled", found.head.kind, parcel.box)
