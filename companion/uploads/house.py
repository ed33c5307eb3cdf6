"""Keeping uploads in order: what expired, what failed for good, what a process that died left behind."""

import shutil
from pathlib import Path

from companion import elapsed
from companion.jobs import service as jobs
from companion.uploads import receiving, service
from companion.uploads.models import Upload

PATIENCE_MS = 3600 * 1000  # with a check that failed, so that it can be retried
STRAY_SECONDS = 24 * 3600  # after which nobody works any more on what lies about


def keep_house() -> int:
    """Drop uploads that have expired, and what was left behind; returns how many. End those whose check failed."""
    given_up = (Upload.state == "checking") & (Upload.expires < elapsed.passed() + service.LIFE_MS - PATIENCE_MS)
    for row in list(Upload.select().where(given_up)):
        if not jobs.waiting("check", row.id):
            service.refuse(row, "the check of this file failed; send it again")
    old = list(Upload.select().where(Upload.expires < elapsed.passed()))
    for row in old:
        service.forget(row)
    _sweep()
    service.storage().tidy(elapsed.passed() / 1000)
    return len(old)


def _sweep() -> None:
    """Drop parts without an upload, and copies of a check that died."""
    folder = service.quarantine()
    present = {part.name.removesuffix(receiving.ENDING): part for part in folder.glob(f"*{receiving.ENDING}")}
    known = {row.id for row in Upload.select(Upload.id).where(Upload.id.in_(list(present)))}
    for number, part in present.items():
        if number not in known and _stray(part):
            part.unlink(missing_ok=True)
    for copies in folder.glob(f"{service.COPIES}*"):
        if _stray(copies):
            shutil.rmtree(copies, ignore_errors=True)


def _stray(place: Path) -> bool:
    try:
        return elapsed.passed() / 1000 - place.stat().st_mtime > STRAY_SECONDS
    except FileNotFoundError:
        return False
