"""What boxes report of themselves, into the tables."""

import json
from typing import Any

from companion.boxes import service as boxes
from companion.events import service as events
from companion.ingest import registry
from companion.ingest.registry import Letter
from companion.notices import kinds as notice_kinds
from companion.notices import service as notices
from companion.telemetry.models import BoxCrash, BoxHealth, Presence
from device.contracts import codec, crashes, health
from device.contracts.status import Offline, Online

PIECE = 100  # values of a box in one event
PARTS = {  # what people call a box's programs, at the beginning of a sentence
    "engine": "The sound engine", "jack": "The sound server", "display": "The screen", "sync": "The sync",
    "companion": "The companion", "broker": "The message broker", "house": "What joins the companion",
}  # fmt: skip


def _text(body: Any) -> str:
    return json.dumps(codec.plain(body), ensure_ascii=False)


def _held(letter: Letter) -> Presence | None:
    here = (Presence.box == letter.box) & (Presence.owner == letter.owner)
    Presence.update(came=Presence.came).where(here).execute()  # hold the row
    found: Presence | None = Presence.get_or_none(here)
    return found


def _online(letter: Letter) -> None:
    """A box is there. What is older than what is known, or comes twice, says nothing."""
    body: Online = letter.body
    at, known = letter.head.at, _held(letter)
    if known is not None and (at.ms, at.counter) <= (known.at_ms, known.at_count):
        return
    reported = at.ms if known is None else max(at.ms, known.reported + 1)
    fresh = {
        "online": True, "epoch": letter.head.epoch, "at_ms": at.ms, "at_count": at.counter, "reported": reported,
        "came": letter.came, "body": _text(body), "words": body.words, "reason": "",
    }  # fmt: skip
    _write(letter, fresh)
    playing = next((deck for deck in body.decks if deck.playing), None)
    used = body.storage.total - body.storage.free
    boxes.report(
        letter.box,
        boxes.Status(
            reported, True, dict(body.versions), used, body.storage.total,
            f"{playing.artist} - {playing.title}".removeprefix(" - ") if playing else "",
        ),
    )  # fmt: skip
    letter.tell("box.status", letter.box, {"id": letter.box, "online": True, "status": codec.plain(body)})


def _offline(letter: Letter) -> None:
    """A box is gone; a will of a connection before the present one says nothing."""
    body: Offline = letter.body
    known = _held(letter)
    if known is None or not known.online or known.epoch != letter.head.epoch:
        return
    reported = known.reported + 1
    Presence.update(
        online=False, reported=reported, came=letter.came, words=body.words or known.words, reason=body.reason
    ).where(Presence.box == letter.box).execute()
    status = json.loads(known.body)
    storage = status["storage"]
    boxes.report(
        letter.box,
        boxes.Status(
            reported, False, status["versions"], storage["total"] - storage["free"], storage["total"], ""
        ),
    )  # fmt: skip
    said = {"id": letter.box, "online": False, "reason": body.reason, "words": body.words or known.words}
    letter.tell("box.status", letter.box, said)


def _write(letter: Letter, values: dict[str, Any]) -> None:
    row = {"box": letter.box, "owner": letter.owner, **values}
    Presence.insert(**row).on_conflict(conflict_target=[Presence.box], update=row).execute()


def _healthy(letter: Letter) -> None:
    body: health.Report = letter.body
    BoxHealth.insert(
        owner=letter.owner, box=letter.box, at=letter.head.at.ms, came=letter.came, body=_text(body)
    ).execute()
    letter.tell("box.health", letter.box, {"id": letter.box})


def _crashed(letter: Letter) -> None:
    body: crashes.Report = letter.body
    BoxCrash.insert(
        owner=letter.owner, box=letter.box, process=body.process, version=body.version, reason=body.reason,
        crashed=body.crashed, came=letter.came, body=_text(body),
    ).execute()  # fmt: skip
    name = boxes.names([letter.box]).get(letter.box, "a box")
    told = {"box": letter.box, "name": name, "process": PARTS.get(body.process, body.process)}
    notices.tell(letter.owner, "box.crashed", told, mail=True)
    letter.tell("box.crash", letter.box, {"id": letter.box, "process": body.process})


def _values(letter: Letter) -> None:
    """What changes on a box while somebody looks: for the pages that look, in pieces that a nudge carries."""
    values = list(letter.body.values.items())
    for start in range(0, len(values), PIECE) or (0,):
        piece = dict(values[start : start + PIECE])
        events.pass_on(letter.owner, "box.live", {"id": letter.box, "values": piece, "whole": letter.body.whole})


def install() -> None:
    """Before the first message."""
    says = "{process} crashed on {name}"
    notice_kinds.register("box.crashed", notice_kinds.Kind(says, "boxes", "/boxes/{box}", rarely=True))
    registry.register("status.online", _online)
    registry.register("status.offline", _offline)
    registry.register("health.report", _healthy)
    registry.register("crash.report", _crashed)
    registry.register("live.values", _values)
