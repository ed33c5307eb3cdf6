"""Looking at the parts that a companion needs, and keeping what was seen."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import peewee

from companion import database, elapsed
from companion.config import MARK, Settings
from companion.health.models import HealthSample
from companion.jobs import ledger as jobs
from companion.storage.service import Storage

KEEP_MS = 30 * 24 * 3600 * 1000
LEAST_FREE_MIB = 200
MOST_LAG_MS = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it is well, and a sentence about it."""

    name: str
    well: bool
    says: str
    ms: float


def _database(_settings: Settings, _storage: Storage) -> tuple[bool, str]:
    database.ready()
    database.database.execute_sql("SELECT 1").fetchone()
    return True, "answers"


def _migrations(_settings: Settings, _storage: Storage) -> tuple[bool, str]:
    rows = database.runner().status()
    pending, unknown = [row for row in rows if not row.applied], [row for row in rows if row.path is None]
    if unknown:
        return False, f"the database is newer than this program ({unknown[-1].name})"
    return not pending, f"{len(pending)} are not applied; start the companion again" if pending else "all applied"


def _storage(_settings: Settings, storage: Storage) -> tuple[bool, str]:
    return storage.reachable(), "answers"


def _queue(_settings: Settings, _storage: Storage) -> tuple[bool, str]:
    lag = jobs.lag_ms()
    return lag <= MOST_LAG_MS, f"the oldest job waits for {lag / 1000:.0f} s" if lag else "no job waits"


def _disk(settings: Settings, _storage: Storage) -> tuple[bool, str]:
    free = disk_free(settings.folder)
    return free >= LEAST_FREE_MIB, f"{free} MiB are free"


Check = Callable[[Settings, Storage], tuple[bool, str]]
CHECKS: dict[str, Check] = {
    "database": _database,
    "migrations": _migrations,
    "storage": _storage,
    "queue": _queue,
    "disk": _disk,
}


def disk_free(folder: Path) -> int:
    """MiB that may still be written where the folder is."""
    return shutil.disk_usage(folder).free >> 20


def look(settings: Settings, storage: Storage) -> list[Finding]:
    """Look at every part. What raises is not well."""
    findings = []
    for name, check in CHECKS.items():
        began = time.perf_counter()
        try:
            well, says = check(settings, storage)
        except Exception as exc:  # whatever is wrong with a part is what we were asked to find out
            well, says = False, f"does not answer ({type(exc).__name__})"
        findings.append(Finding(name, well, says, 1000 * (time.perf_counter() - began)))
    return findings


def memory(folder: Path, proc: Path = Path("/proc")) -> int:
    """MiB held by all processes of the companion in this folder, shared pages shared out (PSS)."""
    wanted, total = os.fsencode(f"{MARK}={folder}"), 0
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                lines = (entry / "smaps_rollup").read_text().splitlines()
                total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
        except (OSError, ValueError):
            continue  # it ended meanwhile, or is another user's
    return total >> 10


def sample(settings: Settings, storage: Storage) -> None:
    """Keep what a look finds now."""
    findings = look(settings, storage)
    HealthSample.insert(
        at=database.now() // 60_000 * 60_000,
        failing=",".join(finding.name for finding in findings if not finding.well),
        database_ms=next(finding.ms for finding in findings if finding.name == "database"),
        queue_lag_ms=jobs.lag_ms(),
        jobs_waiting=jobs.counts()["queued"],
        disk_free=disk_free(settings.folder),
        memory=memory(settings.folder),
        load=os.getloadavg()[0],
    ).on_conflict_ignore().execute()


def history(since: int, points: int = 500) -> list[HealthSample]:
    """At most so many samples after a time (ms), oldest first, evenly thinned; a sample with a failure stays."""
    count = HealthSample.select().where(HealthSample.at > since).count()
    step = max(1, -(-count // points))
    minute = HealthSample.at / 60_000
    kept = (minute - minute / step * step == 0) | (HealthSample.failing != "")  # whole numbers: a remainder
    query = HealthSample.select().where((HealthSample.at > since) & kept).order_by(HealthSample.at)
    return list(query.limit(2 * points))


def available(since: int) -> float:
    """The share of samples after a time that found nothing wrong, 0 to 1; 1 without samples."""
    well = peewee.fn.SUM(peewee.Case(None, [(HealthSample.failing == "", 1)], 0))
    found, total = (
        HealthSample.select(well, peewee.fn.COUNT(HealthSample.at)).where(HealthSample.at > since).tuples()[0]
    )
    return float(found or 0) / total if total else 1.0


def forget() -> int:
    """Drop what is 30 days old; returns how many."""
    return int(HealthSample.delete().where(HealthSample.at < elapsed.passed() - KEEP_MS).execute())
