"""What of commands and configurations is received, dropped with a box, exported, and goes with their owner."""

from companion.accounts import deletion, export
from companion.boxes import service as boxes
from companion.commanding import configuration, service
from companion.ingest import registry


def erase(user: str) -> None:
    """Drop all of somebody's."""
    service.erase(user)
    configuration.erase(user)


def install() -> None:
    """Before the first request or message."""
    registry.register("command.answered", service.answered)
    registry.register("configuration.applied", configuration.applied)
    deletion.register("commands", erase)
    export.register("box-commands", service.exported)
    export.register("box-configurations", configuration.exported)


boxes.on_parting(service.drop)
boxes.on_parting(configuration.drop)
