"""The envelope: what every message says of itself, around the body that its kind and version name."""

from dataclasses import dataclass
from typing import Annotated, Any

from device.contracts import codec, kinds
from device.contracts.clock import Quality, Stamp
from device.contracts.errors import Malformed, Unknown
from device.contracts.receipts import Skipped, Stream
from device.contracts.shapes import Text, Whole
from device.contracts.topics import UNNUMBERED, Way
from device.contracts.values import Id

VERSION = 1


@dataclass(frozen=True, slots=True)
class Head:
    """What is in every message beside its body.

    id: stays the same however often the message is sent. epoch: names one numbering of a stream by its sender; seq
    counts 1, 2, 3 … in it. Where messages are not numbered, seq is 0 and the epoch names the connection. at: when it
    was made; clock: whether that is the time of day. kind, kv: which body it has, and in which version.
    """

    id: Id
    stream: Stream
    epoch: Id
    seq: Annotated[int, Whole()]
    at: Stamp
    clock: Quality
    kind: Annotated[str, Text(60, 1, r"[a-z]+(\.[a-z]+)*")]
    kv: Annotated[int, Whole(1, 1000)]


@dataclass(frozen=True, slots=True)
class Message:
    """A head and the dataclass that its kind names."""

    head: Head
    body: Any

    @property
    def last(self) -> int:
        """The last number that this message stands for: its own, but where others were thinned out."""
        return self.body.upto if isinstance(self.body, Skipped) else self.head.seq


def compose(body: Any, id: str, stream: str, epoch: str, seq: int, at: Stamp, clock: Quality) -> Message:  # noqa: A002
    """The message of a body. KeyError when it is no message's."""
    kind, version = kinds.named(type(body))
    return Message(Head(id, stream, epoch, seq, at, clock, kind, version), body)


def encode(way: Way, message: Message) -> bytes:
    """A message as it is sent. Malformed when the other side could not read it."""
    head = message.head
    if kinds.find(way, head.stream, head.kind, head.kv) is not type(message.body):
        raise Malformed(f"has a body of another kind than {head.kind} in {way}/{head.stream}", head=head)
    _check_number(way, head)
    _check_skip(message)
    return codec.form({"v": VERSION, **codec.plain(head), "body": codec.plain(message.body)})


def decode(way: Way, stream: str, payload: bytes) -> Message:
    """What came in on a topic. ContractError, with the head where that could be read: Unknown or Malformed."""
    found = codec.parse(payload)
    if type(found) is not dict:
        raise Malformed("is not an object")
    version = found.get("v")
    if type(version) is not int or version < VERSION:
        raise Malformed("is not a version", ("v",))
    if version > VERSION:
        raise Unknown(f"has version {version % 10**9} of the envelope; this software knows up to {VERSION}")
    head = _read_head(found)
    if head.stream != stream:
        raise Malformed(f"came in the stream {stream[:20]}, not its own", ("stream",), head)
    _check_number(way, head)
    kind = kinds.find(way, stream, head.kind, head.kv)
    if kind is None:
        raise Unknown(
            f"is {head.kind} of version {head.kv} in {way}/{stream}, which this software does not know", (), head
        )
    if "body" not in found:
        raise Malformed("is missing", ("body",), head)
    read, _ = codec.both(kind)
    try:
        message = Message(head, read(found["body"]))
    except Malformed as exc:
        raise exc.under("body").of(head) from None
    _check_skip(message)
    return message


_read_head: codec.Read = codec.both(Head)[0]


def _check_number(way: Way, head: Head) -> None:
    if (head.stream in UNNUMBERED[way]) != (head.seq == 0):
        raise Malformed(f"is {head.seq}, which is no number in {way}/{head.stream}", ("seq",), head)


def _check_skip(message: Message) -> None:
    if message.last < message.head.seq:
        raise Malformed("is before its own number", ("body", "upto"), message.head)
