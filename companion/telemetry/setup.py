"""What of boxes' reports is received, goes into an export, and goes with their owner."""

from companion.accounts import deletion, export
from companion.telemetry import receiving, service


def install() -> None:
    """Before the first request or message."""
    receiving.install()
    deletion.register("telemetry", service.erase)
    export.register("telemetry", service.exported)
