"""The jobs process: works on the queue, and keeps the house once a minute.

What is regular has a thread of its own, so that a queue full of long jobs does not hold it up. All of it may run on
several machines at once.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from companion import config, elapsed, observe
from companion.accounts import setup as accounts
from companion.app import create_app
from companion.audit import service as audit
from companion.backup import service as backup
from companion.boxes import revocation
from companion.boxes import setup as boxes
from companion.catalogue import service as catalogue
from companion.commanding import service as commanding
from companion.config import Settings
from companion.database import connection, database
from companion.events import service as events
from companion.health import service as health
from companion.ingest import setup as ingest
from companion.jobs import service as jobs
from companion.jobs.returning import SECONDS as LOOK_SECONDS
from companion.jobs.returning import Returning
from companion.lists import service as lists
from companion.live import tickets
from companion.notices import service as notices
from companion.projects import setup as projects
from companion.storage.service import Storage
from companion.telemetry import service as telemetry
from companion.transfers import setup as transfers
from companion.uploads import house as uploads
from companion.vault.service import Vault
from companion.web import idempotency

log = logging.getLogger(__name__)
BEAT_SECONDS = 20.0
STOP_SECONDS = 8.0
MINUTE, HOUR = 60.0, 3600.0


@dataclass(slots=True)
class Duty:
    """Something regular: every so many seconds, first at `due` on the monotonic clock (0: at the start).

    connects: whether it is given a connection to the database.
    """

    name: str
    seconds: float
    do: Callable[[], object]
    due: float = 0.0
    connects: bool = True


class Clock(threading.Thread):
    """Does the duties when they are due. One that fails is logged and comes again."""

    def __init__(self, duties: list[Duty]):
        super().__init__(name="clock", daemon=True)
        self._duties, self._over = duties, threading.Event()

    def tick(self, at: float) -> None:
        """Do what is due at that time (of the monotonic clock)."""
        for duty in self._duties:
            if at < duty.due:
                continue
            duty.due = at + duty.seconds
            try:
                with connection() if duty.connects else contextlib.nullcontext():
                    duty.do()
            except Exception:
                log.exception("%s failed", duty.name)
                database.close()

    def run(self) -> None:
        """Until `end`."""
        while not self._over.is_set():
            self.tick(time.monotonic())
            self._over.wait(min(5.0, *(duty.seconds for duty in self._duties)))

    def end(self) -> None:
        """Stop after what is being done."""
        self._over.set()
        self.join(10.0)


def duties(settings: Settings, vault: Vault, storage: Storage) -> list[Duty]:
    """All that is regular."""
    return [
        Duty("time", MINUTE, elapsed.tick),  # before what is deleted
        Duty("sweep", MINUTE, jobs.sweep),
        Duty("health", MINUTE, lambda: health.sample(settings, storage)),
        Duty("audit seal", MINUTE, lambda: audit.seal(settings.folder, vault)),
        Duty("late commands", 5.0, commanding.expire),
        Duty("lists", MINUTE, lists.follow),
        Duty("backup", 5 * MINUTE, lambda: backup.enqueue_if_due(settings), time.monotonic() + MINUTE),
        Duty("events", HOUR, events.forget),
        Duty("audit retention", HOUR, lambda: audit.forget(settings.folder, vault)),
        Duty("health retention", HOUR, health.forget),
        Duty("old jobs", HOUR, jobs.forget),
        Duty("live tickets", HOUR, tickets.forget),
        Duty("repeated requests", HOUR, idempotency.forget),
        Duty("accounts", HOUR, accounts.keep_house),
        Duty("projects", HOUR, projects.keep_house),
        Duty("catalogue", HOUR, catalogue.keep_house),
        Duty("uploads", HOUR, uploads.keep_house),
        Duty("boxes", HOUR, boxes.keep_house),
        Duty("notices", HOUR, notices.forget),
        Duty("letters", HOUR, ingest.keep_house),
        Duty("transfers", HOUR, transfers.keep_house),
        Duty("telemetry", HOUR, telemetry.forget),
        Duty("commands", HOUR, commanding.forget),
        Duty("keys", HOUR, vault.rotate),
    ]


def _queue_again() -> None:
    """Redis is there, perhaps without what it had."""
    with connection():
        jobs.sweep(fresh=True)


def main() -> None:
    """Work until SIGINT (jobs that run have STOP_SECONDS to end) or SIGTERM; the rest goes on at the next start."""
    settings = config.load()
    observe.install(settings)
    os.umask(0o077)
    app = create_app(settings)
    queue = jobs.open_queue(settings)
    if not settings.redis_url:  # the queue's file is this process's alone
        with connection():
            jobs.sweep(alone=True)
    regular = duties(settings, app.extensions["vault"], app.extensions["storage"])
    doors = Duty("revocation", revocation.SECONDS, lambda: revocation.enforce(settings, app.extensions["vault"]))
    clocks = [Clock([Duty("beat", BEAT_SECONDS, jobs.beat)]), Clock([doors]), Clock(regular)]
    if settings.redis_url:
        looks = Returning(settings.redis_url, _queue_again)
        clocks.append(Clock([Duty("return of Redis", LOOK_SECONDS, looks, connects=False)]))
    for clock in clocks:
        clock.start()
    queue.create_consumer(
        workers=settings.job_threads,
        periodic=False,
        initial_delay=0.05,
        max_delay=1.0,
        shutdown_timeout=STOP_SECONDS,
    ).run()
    for clock in clocks:
        clock.end()
    with connection():
        jobs.release()


if __name__ == "__main__":
    main()
