"""What of sets is received, goes into an export, and goes with its owner."""

from companion.accounts import deletion, export
from companion.sets import receiving, service


def install() -> None:
    """Before the first request or message."""
    service.install()
    receiving.install()
    deletion.register("sets", service.erase)
    export.register("sets", service.exported_sets)
    export.register("plays", service.exported_plays)
