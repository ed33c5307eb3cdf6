"""Every kind of message: its name and version, where it may be, and the dataclass that it becomes.

A kind changes by fields with defaults, which older readers ignore. One whose meaning changes, or a new word for a
`Choice`, gets a new version beside the old one, which stays for ever.
"""

from dataclasses import dataclass
from typing import Any

from device.contracts import (
    claims,
    commands,
    configuration,
    crashes,
    documents,
    earnings,
    files,
    health,
    lists,
    live,
    notices,
    plays,
    receipts,
    releases,
    sets,
    status,
)
from device.contracts.topics import NUMBERED, WAYS, Way


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one version."""

    name: str
    version: int
    ways: tuple[Way, ...]
    stream: str
    body: type[Any]


KINDS = (
    Kind("set.started", 1, ("up",), "sets", sets.Started),
    Kind("set.finished", 1, ("up",), "sets", sets.Finished),
    Kind("track.played", 1, ("up",), "plays", plays.Played),
    Kind("health.report", 1, ("up",), "health", health.Report),
    Kind("crash.report", 1, ("up",), "crashes", crashes.Report),
    Kind("command.answered", 1, ("up",), "answers", commands.Answered),
    Kind("configuration.applied", 1, ("up",), "answers", configuration.Applied),
    Kind("list.ready", 1, ("up",), "documents", lists.Ready),
    Kind("file.offered", 1, ("up",), "files", files.Offered),
    Kind("file.received", 1, ("up",), "files", files.Received),
    Kind("status.online", 1, ("up",), "status", status.Online),
    Kind("status.offline", 1, ("up",), "status", status.Offline),
    Kind("live.values", 1, ("up",), "live", live.Values),
    Kind("document.update", 1, WAYS, "documents", documents.Update),
    Kind("document.state", 1, WAYS, "documents", documents.State),
    Kind("document.gone", 1, WAYS, "documents", documents.Gone),
    Kind("list.sent", 1, ("down",), "documents", lists.Sent),
    Kind("list.withdrawn", 1, ("down",), "documents", lists.Withdrawn),
    Kind("release.changed", 1, ("down",), "releases", releases.Changed),
    Kind("earnings.cards", 1, ("down",), "earnings", earnings.Cards),
    Kind("command.given", 1, ("down",), "commands", commands.Given),
    Kind("configuration.wanted", 1, ("down",), "configuration", configuration.Wanted),
    Kind("notice.told", 1, ("down",), "notices", notices.Told),
    Kind("notice.gone", 1, ("down",), "notices", notices.Gone),
    Kind("file.wanted", 1, ("down",), "files", files.Wanted),
    Kind("file.kept", 1, ("down",), "files", files.Kept),
    Kind("file.refused", 1, ("down",), "files", files.Refused),
    Kind("file.sent", 1, ("down",), "files", files.Sent),
    Kind("live.watched", 1, ("down",), "live", live.Watched),
    Kind("receipt", 1, WAYS, "receipts", receipts.Receipt),
    Kind("opening", 1, WAYS, "receipts", receipts.Opening),
)
SKIPPED = "skipped"  # stands in any numbered stream
LETTERS = {  # what is said over HTTPS, each a JSON object by itself
    "claim.nonce": claims.Given,
    "claim.offer": claims.Offer,
    "claim.house": claims.House,
    "claim.offered": claims.Offered,
    "claim.requested": claims.Requested,
    "claim.enrolment": claims.Enrolment,
    "claim.left": claims.Left,
}


def _skips() -> list[Kind]:
    streams = sorted({stream for way in WAYS for stream in NUMBERED[way]})
    ways = {stream: tuple(way for way in WAYS if stream in NUMBERED[way]) for stream in streams}
    return [Kind(SKIPPED, 1, ways[stream], stream, receipts.Skipped) for stream in streams]


ALL = (*KINDS, *_skips())
_FOUND = {(way, kind.stream, kind.name, kind.version): kind.body for kind in ALL for way in kind.ways}
_NAMED = {kind.body: (kind.name, kind.version) for kind in ALL}


def find(way: Way, stream: str, name: str, version: int) -> type[Any] | None:
    """The dataclass of a kind in a stream; None when this version does not know it there."""
    return _FOUND.get((way, stream, name, version))


def named(body: type[Any]) -> tuple[str, int]:
    """A dataclass's kind and version. KeyError for one that is no message's."""
    return _NAMED[body]
