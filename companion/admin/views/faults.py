"""What went wrong on anybody's boxes: crashes, and the logs that were fetched from them."""

from typing import Any

from flask import Response
from pydantic import Field

from companion.accounts import directory
from companion.admin.views.base import READ, WRITE, api, origin
from companion.audit import service as audit
from companion.boxes import service as boxes
from companion.database import database
from companion.storage.sending import send
from companion.telemetry import service as telemetry
from companion.telemetry.views import CrashOut, CrashWhole
from companion.transfers import listing
from companion.uploads import service as uploads
from companion.web.api import Answer
from companion.web.paging import Page, Paging


class OfBox(Answer):
    """Which box, and whose it was; `box_name` is empty once there is no such box."""

    box: str
    box_name: str
    owner: str
    owner_name: str


class CrashRow(CrashOut, OfBox):
    """A crash on anybody's box."""


class CrashOne(CrashWhole, OfBox):
    """A crash on anybody's box, with its stack and the last lines of the log."""


class LogsRow(OfBox):
    """Logs that a box sent, as its owner asked, packed (tar, gzip). size: bytes; came: ms since 1970."""

    id: str
    name: str
    size: int
    came: int


class FaultsWanted(Paging):
    """Of one box, or of all."""

    box: str = Field("", max_length=64, description="the number of a box")


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = boxes.names(row["box"] for row in rows)
    people = directory.names(row["owner"] for row in rows)
    return [row | {"box_name": found.get(row["box"], ""), "owner_name": people.get(row["owner"], "")} for row in rows]


@api.on("GET", "/admin/crashes", READ, query=FaultsWanted, gives=Page[CrashRow])
def list_all_crashes(query: FaultsWanted) -> Any:
    """What crashed on everybody's boxes, newest first."""
    rows, following = telemetry.crashes_everywhere(query.box, query.after, query.limit)
    return {"items": _named(rows), "next": following}


@api.on("GET", "/admin/crashes/<int:number>", READ, gives=CrashOne)
def get_any_crash(number: int) -> Any:
    """One crash, with its stack and the last lines of the log."""
    return _named([telemetry.crash_anywhere(number)])[0]


@api.on("GET", "/admin/logs", READ, query=FaultsWanted, gives=Page[LogsRow])
def list_all_logs(query: FaultsWanted) -> Any:
    """Logs that were fetched from everybody's boxes, newest first."""
    rows, following = listing.logs_everywhere(query.box, query.after, query.limit)
    return {"items": _named(rows), "next": following}


@api.on("GET", "/admin/logs/<number>/content", WRITE, content="application/gzip")
def get_logs(number: str) -> Response:
    """The logs of somebody's box, to be saved. The audit log says who had them."""
    found = listing.logs_anywhere(number)
    actor, address = origin()
    with database.atomic():
        audit.record("logs.read", actor, found["box"], address, logs=number)
    return send(uploads.storage(), found["key"], "application/gzip", found["name"], attach=True)
