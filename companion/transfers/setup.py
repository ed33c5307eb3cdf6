"""What of files of boxes is received, goes into an export, and goes with a box or its owner."""

import json

from companion.accounts import deletion, export
from companion.boxes import service as boxes
from companion.catalogue import intake
from companion.outgoing import service as outgoing
from companion.transfers import listing, offers, registry, service, tokens
from companion.transfers.registry import Arrived
from companion.uploads import files, purposes
from companion.uploads.models import Upload


def _music(arrived: Arrived) -> None:
    """Music from a box becomes a track of the catalogue, as if its owner had uploaded it."""
    purposes.check("track", arrived.owner, "", {}, arrived.file.size)
    upload = Upload(owner=arrived.owner, name=arrived.name, details=json.dumps({}))
    intake.take_track(upload, arrived.file, arrived.duplicate)


def _paper(_arrived: Arrived) -> None:
    """Logs and bundles lie among their owner's files, for nobody else."""


def keep_house() -> None:
    """Once an hour: drop tokens that have expired."""
    tokens.forget()


def install() -> None:
    """Before the first request or message."""
    service.install()
    offers.install()
    for purpose in ("track", "stem"):
        registry.register(purpose, _music)
    for purpose in ("log", "bundle"):
        registry.register(purpose, _paper)
    deletion.register("transfers", listing.erase)
    export.register("transfers", listing.exported)


def _welcome(box: str, owner: str) -> None:
    """Tell a box of all that is on its way."""
    offers.welcome(box, owner)
    service.welcome(box, owner)


files.shows(listing.shows)
files.on_drop(service.gone)
boxes.on_parting(listing.part)
outgoing.on_welcome("files", _welcome)
