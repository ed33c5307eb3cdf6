"""What uploads become in the catalogue, what of it counts and can be in projects, goes into an export, and goes."""

from companion.accounts import deletion, export, tiers
from companion.catalogue import intake, service
from companion.projects import items
from companion.uploads import files


def install() -> None:
    """Before the first request."""
    intake.install()
    tiers.register("tracks", service.count)
    items.register("track", service.name_of)
    items.register("artwork", intake.picture_name)
    files.shows(items.shown)
    files.on_drop(_picture_gone)
    deletion.register("catalogue", service.erase)
    export.register("tracks", service.exported)


def _picture_gone(file: str) -> None:
    items.gone("artwork", file)
