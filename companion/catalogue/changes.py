"""Telling that a track changed: its version goes up, so that nobody overwrites it unseen, and pages hear of it."""

from companion.catalogue.models import Track
from companion.database import now
from companion.events import service as events


def touch(owner: str, track: str, change: str) -> None:
    """A track of the owner's changed, in the caller's transaction. change: a word for pages (`version`, `markers`)."""
    mine = (Track.id == track) & (Track.owner == owner)
    Track.update(version=Track.version + 1, changed=now()).where(mine).execute()
    tell(owner, track, change)


def tell(owner: str, track: str, change: str) -> None:
    """Let the owner's pages know."""
    events.publish(owner, "track", {"id": track, "change": change})
