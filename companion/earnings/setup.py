"""What of earnings goes into an export, and goes with its owner."""

from companion.accounts import deletion, export
from companion.earnings import service


def install() -> None:
    """Before the first request."""
    deletion.register("earnings", service.erase)
    export.register("earnings", service.exported)
