"""MQTT topics: `rackdeck/v1/box/<box>/<way>/<stream>`. A box may use those below its own id, and no others."""

import re
from typing import Literal, NamedTuple, get_args

from device.contracts.errors import Malformed

Way = Literal["up", "down"]
WAYS: tuple[Way, ...] = get_args(Way)
NUMBERED: dict[Way, tuple[str, ...]] = {
    "up": ("sets", "plays", "health", "crashes", "documents", "answers", "files"),
    "down": ("releases", "earnings", "documents", "commands", "configuration", "notices", "files"),
}
UNNUMBERED: dict[Way, tuple[str, ...]] = {"up": ("status", "receipts", "live"), "down": ("receipts", "live")}
BOX = "[A-Za-z0-9_-]{8,60}"
STREAM = "[a-z]{1,20}"
_ROOT = "rackdeck/v1/box"
_TOPIC = re.compile(f"{_ROOT}/({BOX})/(up|down)/({STREAM})", re.ASCII)


class Place(NamedTuple):
    """Where a message came in or goes out."""

    box: str
    way: Way
    stream: str


def topic(box: str, way: Way, stream: str) -> str:
    """The topic of one stream of one box. ValueError for what would reach into another topic."""
    made = f"{_ROOT}/{box}/{way}/{stream}"
    if not _TOPIC.fullmatch(made):
        raise ValueError(f"{made!r} is not a topic")
    return made


def parse(text: str) -> Place:
    """What a topic means; a stream may be one that only later versions know. Malformed when it is none of ours."""
    found = _TOPIC.fullmatch(text)
    if not found:
        raise Malformed(f"came on a topic that is not ours: {text[:100]!r}")
    return Place(found[1], "up" if found[2] == "up" else "down", found[3])


def everything_up(group: str = "") -> str:
    """What a companion subscribes to; consumers of one group share the messages between them."""
    wanted = f"{_ROOT}/+/up/#"
    return f"$share/{group}/{wanted}" if group else wanted


def every_status() -> str:
    """Where boxes say whether they are there; retained, which a shared subscription does not deliver."""
    return f"{_ROOT}/+/up/status"


def everything_down(box: str) -> str:
    """What a box subscribes to. ValueError as for `topic`."""
    return topic(box, "down", "receipts").removesuffix("receipts") + "#"
