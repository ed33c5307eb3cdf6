"""Telling that a track changed: its version goes up, so that nobody overwrites it unseen, and pages hear of it."""

from companion.catalogue.models import Track
from companion.database import now
from companion.events import service as events


def hold(owner: str, track: str) -> None:
    """Nobody else changes a track of the owner's until the caller's transaction ends: look at it after this."""
    Track.update(version=Track.version).where((Track.id == track) & (Track.owner == owner)).execute()


def touch(owner: str, track: str, change: str) -> None:
    """A track of the owner's changed, in the caller's transaction. change: a word for pages (`version`, `markers`)."""
    mine = (Track.id == track) & (Track.owner == owner)
    Track.update(version=Track.version + 1, changed=now()).where(mine).execute()
    tell(owner, track, change)


def tell(owner: str, track: str, change: str) -> None:
    """Let the owner's pages know."""
    events.publish(owner, "track", {"id": track, "change": change})
