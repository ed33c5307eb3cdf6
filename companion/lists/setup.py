"""What of lists is received, goes into an export, and goes with its owner."""

from companion.accounts import deletion, export
from companion.ingest import registry
from companion.lists import service


def install() -> None:
    """Before the first request or message."""
    registry.register("list.ready", service.ready)
    deletion.register("box-lists", service.erase)
    export.register("box-lists", service.exported)
