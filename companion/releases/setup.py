"""What of releases goes into an export, and goes with its owner."""

from companion.accounts import deletion, export
from companion.releases import service


def install() -> None:
    """Before the first request."""
    deletion.register("release-status", service.erase)
    export.register("release-status", service.exported)
