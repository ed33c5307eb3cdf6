"""What of documents is received, goes into an export, and goes with its owner."""

from companion.accounts import deletion, export
from companion.boxes import service as boxes
from companion.documents import receiving, service


def install() -> None:
    """Before the first request or message."""
    receiving.install()
    deletion.register("documents", service.erase)
    export.register("documents", service.exported)


boxes.on_parting(service.part)
