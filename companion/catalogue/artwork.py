"""Pictures of tracks and projects: who may see them, and where they are."""

from companion.catalogue.models import Track
from companion.database import Compiled
from companion.errors import NotFound
from companion.media.kinds import ART_SIZES
from companion.projects import items
from companion.uploads.models import StoredFile, key

_OWN = Compiled(
    lambda file, user: StoredFile.select(StoredFile.id).where(
        (StoredFile.id == file) & (StoredFile.owner == user) & StoredFile.art
    )
)
_SEEN = Compiled(
    lambda file, user: StoredFile.select(StoredFile.id).where(
        (StoredFile.id == file)
        & (
            StoredFile.id.in_(Track.select(Track.artwork).where(Track.id.in_(items.shared_with(user, "track"))))
            | StoredFile.id.in_(items.shared_with(user, "artwork"))
            | StoredFile.id.in_(items.covers_seen_by(user))
        )
    )
)


def place(user: str, file: str, size: int) -> str:
    """The storage key of a picture at a size, for who owns it or sees it through a project. NotFound."""
    if size not in ART_SIZES or not (_OWN.one(file, user) or _SEEN.one(file, user)):
        raise NotFound(f"there is no such picture; sizes are {', '.join(map(str, ART_SIZES))}")
    return key(file, f"art-{size}")
