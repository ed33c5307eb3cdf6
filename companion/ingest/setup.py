"""What of boxes' messages is looked after regularly, goes into an export, and goes with its owner."""

from collections.abc import Iterator
from typing import Any

from companion.accounts import deletion, export
from companion.boxes import service as boxes
from companion.health import service as health
from companion.ingest import letters
from companion.ingest.models import DeadLetter, IngestCursor
from companion.outgoing import service as outgoing


def keep_house() -> None:
    """Once an hour: drop what was settled long ago."""
    letters.forget()


def _letters(user: str) -> Iterator[dict[str, Any]]:
    for row in DeadLetter.select().where(DeadLetter.owner == user).order_by(DeadLetter.id).iterator():
        yield {name: value for name, value in letters.shown(row).items() if name != "owner"}


def erase(user: str) -> None:
    """Drop what somebody's boxes sent in vain, and what waits for them."""
    DeadLetter.delete().where(DeadLetter.owner == user).execute()
    outgoing.erase(user)


def _parted(box: str, _owner: str) -> None:
    """Whoever has the box next tells it everything."""
    IngestCursor.update(greeted=False).where(IngestCursor.box == box).execute()


def finding() -> tuple[bool, str]:
    """For the page of health. A box that sends nonsense does not make the companion ill."""
    waiting = letters.counts()["open"]
    if not waiting:
        return True, "no dead letters"
    return True, f"{waiting} dead letter{' waits' if waiting == 1 else 's wait'} for an administrator"


def install() -> None:
    """Before the first request or message."""
    deletion.register("letters", erase)
    export.register("letters", _letters)
    health.CHECKS["letters"] = lambda _settings, _storage: finding()


boxes.on_parting(_parted)
