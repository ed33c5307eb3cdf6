"""Reading Yjs updates (version 1 of their encoding) without merging them: are they sound, and what do they build on?

A library that merges believes what it is told. Measured: one changed byte can make an update that lets it loop for
ever, and a length that is made up ends its process. So what comes from outside is entered into a `Ledger` first.
"""

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from device.contracts.errors import Malformed

MOST_BYTES = 16 * 1024 * 1024  # of an update, and of a document
MOST_CLOCK = 1 << 31
MOST_CLIENTS = 20_000
MOST_STRUCTS = 1_000_000  # of an update: each takes memory while it is read
MOST_RUNS = 250_000  # that others' updates let a document have; five thousand tracks have sixty thousand
MOST_NAME = 480  # bytes of a key
DEEPEST = 7  # types within types, and values within values
EMPTY = b"\0\0"  # an update that says nothing
_GC, _SKIP, _STRING, _FORMAT = 0, 10, 4, 6  # kinds of content
_GONE = 0  # the place of what was deleted together with what held it
_ARRAY, _MAP, _TEXT, _OTHER = range(4)  # what holds content; the first three as Yjs numbers them
_ROOTS = {"about": _MAP, "tracks": _ARRAY, "notes": _TEXT}
Id = tuple[int, int]  # client, clock


class Missing(Exception):  # noqa: N818 - it is no error, only too early
    """It builds on what is not here: ask for the rest of the document."""


class Struct(NamedTuple):
    """A run of content, or where some was. home: name of a root type or the type that holds it, where that is said.

    length: how many clock values it takes; sub: the key in a map; holds: which type it is that others can be in.
    halves: where in it the second halves of characters are that JavaScript counts as two. begin, end: its bytes.
    """

    client: int
    clock: int
    length: int
    kind: int
    origin: Id | None = None
    right: Id | None = None
    home: str | Id | None = None
    sub: str | None = None
    holds: int | None = None
    halves: tuple[int, ...] = ()
    begin: int = 0
    end: int = 0


class _Reader:
    """Bytes from a place on. IndexError and UnicodeDecodeError where they end too early or are no text."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def number(self, most: int = 1 << 53) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 63:
                raise Malformed("has a number that is too long")
        if value > most:
            raise Malformed("has a number that is too large")
        return value

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise IndexError

    def text(self, most: int = MOST_BYTES) -> str:
        size = self.number()
        if size > most:
            raise Malformed("has a key that is too long")
        start = self.at
        self.skip(size)
        return self.data[start : self.at].decode()

    def value(self, depth: int = 0) -> None:
        """Read over a value."""
        kind = self.data[self.at]
        self.at += 1
        if kind in (127, 126, 121, 120):  # undefined, null, false, true
            return
        if kind == 125:
            self._integer()
        elif kind in (124, 123, 122):  # floats, big integers
            self.skip(4 if kind == 124 else 8)
        elif kind == 119:
            self.text()
        elif kind == 116:
            self.skip(self.number())
        elif kind in (118, 117) and depth < DEEPEST:
            for _ in range(self.number()):
                if kind == 118:
                    self.text()
                self.value(depth + 1)
        else:
            raise Malformed("has a value of no known kind, or one that is nested too deeply")

    def _integer(self) -> None:
        """A signed number: a bit more in its first byte."""
        start = self.at
        while self.data[self.at] >= 128:
            self.at += 1
        self.at += 1
        if self.at - start > 9:
            raise Malformed("has a number that is too long")

    def id(self) -> Id:
        return self.number(), self.number(MOST_CLOCK)

    def content(self, kind: int) -> tuple[int, int | None, tuple[int, ...]]:
        """Read over content: how many clock values it takes, which type it is, where it must not be cut."""
        if kind == 1:
            return self.number(MOST_CLOCK), None, ()
        if kind in (2, 8):
            count = self.number(MOST_CLOCK)
            for _ in range(count):
                if kind == 2:
                    json.loads(self.text())
                else:
                    self.value()
            return count, None, ()
        if kind == 3:
            self.skip(self.number())
        elif kind == _STRING:
            text = self.text()
            halves = () if text.isascii() else _halves(text)
            return len(text) + len(halves), None, halves
        elif kind == _FORMAT:
            self.text(MOST_NAME)
            json.loads(self.text())
        elif kind == 7 and (holds := self.number()) < _OTHER:
            return 1, holds, ()
        else:
            raise Malformed("has content that no document of ours has")
        return 1, None, ()

    def struct(self, client: int, clock: int) -> Struct:
        begin, info = self.at, self.data[self.at]
        self.at += 1
        kind = info & 31
        if kind in (_GC, _SKIP):
            return Struct(client, clock, self.number(MOST_CLOCK), kind, begin=begin, end=self.at)
        origin = self.id() if info & 128 else None
        right = self.id() if info & 64 else None
        home: str | Id | None = None
        sub = None
        if origin is None and right is None:
            home = self.text(MOST_NAME) if self.number() == 1 else self.id()
            if info & 32:
                sub = self.text(MOST_NAME)
        length, holds, halves = self.content(kind)
        return Struct(client, clock, length, kind, origin, right, home, sub, holds, halves, begin, self.at)

    def structs(self) -> Iterator[list[Struct]]:
        left = MOST_STRUCTS
        for _ in range(self.number(MOST_CLIENTS)):
            count, client, clock = self.number(left), self.number(), self.number(MOST_CLOCK)
            left -= count
            found = []
            for _ in range(count):
                found.append(self.struct(client, clock))
                clock += found[-1].length
                if not found[-1].length or clock > MOST_CLOCK:
                    raise Malformed("has content without a length, or too much of it")
            yield found

    def deleted(self) -> Iterator[tuple[int, int, int]]:
        for _ in range(self.number(MOST_CLIENTS)):
            client, count = self.number(), self.number(MOST_CLOCK)
            for _ in range(count):
                clock = self.number(MOST_CLOCK)
                yield client, clock, clock + self.number(MOST_CLOCK)


def _halves(text: str) -> tuple[int, ...]:
    """Where the second halves are of what JavaScript counts as two."""
    wide = [at for at, char in enumerate(text) if char > "\uffff"]
    return tuple(at + before + 1 for before, at in enumerate(wide))


def read(update: bytes) -> tuple[list[list[Struct]], int, list[tuple[int, int, int]]]:
    """What an update adds, by client; from which byte on it says what it deletes, and what that is: (client, from, to
    before which clock value). Malformed.
    """
    if len(update) > MOST_BYTES:
        raise Malformed(f"is an update of more than {MOST_BYTES} bytes")
    reader = _Reader(update)
    try:
        found = list(reader.structs()), reader.at, list(reader.deleted())
    except (IndexError, ValueError, RecursionError) as exc:
        raise Malformed("is not the whole of a Yjs update") from exc
    if reader.at != len(update):
        raise Malformed("goes on after the end of an update")
    return found


def varint(value: int) -> bytes:
    """A number as Yjs writes it."""
    made = bytearray()
    while value > 127:
        made.append(128 | value & 127)
        value >>= 7
    made.append(value)
    return bytes(made)


class Entered(NamedTuple):
    """An update that was noted. order: what of it is new, each behind what it builds on; deletes: its byte from which
    on it says what it deletes.
    """

    update: bytes
    order: list[Struct]
    deletes: int

    def piece(self, first: int, most: int) -> tuple[bytes, int]:
        """The update of at most so many that follow each other, from a place in the order on; and the place behind."""
        until, row = first + 1, self.order[first]
        while until < min(len(self.order), first + most):
            if (self.order[until].client, self.order[until].begin) != (row.client, self.order[until - 1].end):
                break
            until += 1
        said = self.update[row.begin : self.order[until - 1].end]
        head = b"".join(map(varint, (1, until - first, row.client, row.clock)))
        return head + said + b"\0", until

    def last(self) -> bytes:
        """The update that only deletes."""
        return b"\0" + self.update[self.deletes :]


def ends(vector: bytes) -> dict[int, int]:
    """What a state vector says: how many clock values of each client are there. Malformed."""
    reader = _Reader(vector)
    try:
        found = {reader.number(): reader.number(MOST_CLOCK) for _ in range(reader.number(MOST_CLIENTS))}
    except IndexError as exc:
        raise Malformed("is not the whole of a state vector") from exc
    if reader.at != len(vector):
        raise Malformed("goes on after the end of a state vector")
    return found


class _Client:
    """Where everything of one client is: runs, each with its first clock value and a hash of its place."""

    __slots__ = ("end", "places", "starts")

    def __init__(self) -> None:
        self.starts, self.places, self.end = array("Q"), array("q"), 0

    def place(self, clock: int) -> int:
        return self.places[bisect_right(self.starts, clock) - 1]

    def add(self, length: int, place: int) -> None:
        if not self.places or self.places[-1] != place:
            self.starts.append(self.end)
            self.places.append(place)
        self.end += length


class Ledger:
    """What a document holds and where, as far as it takes to judge the next update."""

    def __init__(self) -> None:
        self._clients: dict[int, _Client] = {}
        self._types: dict[Id, int] = {}  # to what says what it is, and how deeply it is nested
        self._halves: set[Id] = set()  # before which nothing may be cut
        self._undo: tuple[dict[int, tuple[int, int]], list[Id], list[Id]] = {}, [], []
        self._order: list[Struct] = []
        self.runs = self._runs_before = 0  # that the document consists of, or more

    def enter(self, update: bytes, bounded: bool = True) -> Entered:
        """Note an update that is to be merged. Malformed for what no client makes, Missing: nothing was noted.

        bounded: refuse it when the document would have more runs than anybody's.
        """
        adds, at, deletes = read(update)
        self._undo, self._order, self._runs_before = ({}, [], []), [], self.runs
        try:
            self._enter([list(reversed(one)) for one in adds])
            self.runs += len(deletes)
            if bounded and self.runs > max(MOST_RUNS, self._runs_before):
                raise Malformed("makes the document consist of too many pieces")
            for client, first, end in deletes:
                if client not in self._clients or end > self._clients[client].end:
                    raise Missing
                self._check_cut(client, first)
                self._check_cut(client, end)
        except BaseException:
            self.back()
            raise
        order, self._order = self._order, []
        return Entered(update, order, at)

    def back(self) -> None:
        """Forget the update that was noted last."""
        ends, types, halves = self._undo
        for client, (runs, end) in ends.items():
            if end:
                here = self._clients[client]
                del here.starts[runs:], here.places[runs:]
                here.end = end
            else:
                del self._clients[client]
        for name in types:
            del self._types[name]
        self._halves.difference_update(halves)
        self._undo, self._order, self.runs = ({}, [], []), [], self._runs_before

    def _enter(self, waiting: list[list[Struct]]) -> None:
        """In an order in which each finds what it builds on."""
        while waiting:
            further = False
            for line in waiting:
                while line and self._take(line[-1]):
                    line.pop()
                    further = True
            waiting = [line for line in waiting if line]
            if waiting and not further:
                raise Missing

    def _take(self, struct: Struct) -> bool:
        """Whether it could be noted now."""
        here = self._clients.get(struct.client)
        end = here.end if here else 0
        over = struct.clock + struct.length
        if over <= end:
            return True
        if struct.clock > end or struct.kind == _SKIP:
            return False
        place = _GONE if struct.kind == _GC else self._place(struct)
        if place is None:
            return False
        if here is None:
            here = self._clients[struct.client] = _Client()
        if struct.clock < end and place != _GONE and here.place(end - 1) not in (place, _GONE):
            raise Malformed("says otherwise what is known")
        ends, types, halves = self._undo
        ends.setdefault(struct.client, (len(here.starts), end))
        if place != _GONE:
            _check(struct, place >> 3 & 3)
        if struct.holds is not None and place != _GONE:
            if place & 7 == DEEPEST:
                raise Malformed("is nested too deeply")
            self._types[struct.client, struct.clock] = struct.holds << 3 | (place & 7) + 1
            types.append((struct.client, struct.clock))
        if struct.halves:
            fresh = [(struct.client, struct.clock + at) for at in struct.halves if struct.clock + at >= end]
            self._halves.update(fresh)
            halves += fresh
        self._check_cut(struct.client, end)
        here.add(over - end, place)
        self._order.append(struct)
        self.runs += struct.origin != (struct.client, struct.clock - 1)
        return True

    def _place(self, struct: Struct) -> int | None:
        """Where a struct will be; None while that is not known. Malformed when it says two places."""
        beside = [self._known(one) for one in (struct.origin, struct.right) if one is not None]
        if beside:
            if struct.origin is not None:
                self._check_cut(struct.origin[0], struct.origin[1] + 1)
            if struct.right is not None:
                self._check_cut(*struct.right)
            if None in beside:
                return None
            if _GONE in beside:
                return _GONE
            if beside[0] != beside[-1]:
                raise Malformed("is in two places at once")
            return beside[0]
        home = struct.home
        if isinstance(home, str):
            return _hash((home, struct.sub), _ROOTS.get(home, _OTHER) << 3)
        assert home is not None
        if self._known(home) is None:
            return None
        found = self._types.get(home)
        return _GONE if found is None else _hash((*home, struct.sub), found)

    def _check_cut(self, client: int, clock: int) -> None:
        """Malformed for a cut through a character: who merges makes different things of it."""
        if (client, clock) in self._halves:
            raise Malformed("cuts a character in two")

    def _known(self, name: Id) -> int | None:
        """Where something is; None when it is not known."""
        here = self._clients.get(name[0])
        return None if here is None or name[1] >= here.end else here.place(name[1])


def _check(struct: Struct, holder: int) -> None:
    """Malformed for content that is not of its holder: read as an array, a text never ends."""
    written = struct.kind in (_STRING, _FORMAT)
    if written and holder in (_ARRAY, _MAP):
        raise Malformed("has a text where none can be")
    if holder == _MAP and struct.origin is None and struct.right is None and struct.sub is None:
        raise Malformed("has something without a key in a map")


def _hash(place: tuple[object, ...], what: int) -> int:
    """A place as a number that is not 0; its last five bits say in which type, and how deeply that is nested."""
    return (hash(place) & 0x0FFF_FFFF_FFFF_FFE0) | 1 << 60 | what
