"""Jobs, and how all parts are."""

import argparse

from companion import database
from companion.config import Settings
from companion.shell.table import on, say, when


@on("jobs", "list", "the newest jobs", "--state")
def jobs_list(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Jobs, one a line."""
    from companion.jobs import ledger as jobs

    with database.connection():
        rows = [
            (job.id, job.kind, job.state, f"{100 * job.progress:.0f} %", job.tries, when(job.created), job.note)
            for job in jobs.listed(arguments.state, limit=100)[0]
        ]
    say([("ID", "KIND", "STATE", "DONE", "TRIES", "SINCE", ""), *rows])
    return 0


@on("jobs", "retry", "do a failed or cancelled job again", "job")
def jobs_retry(settings: Settings, arguments: argparse.Namespace) -> int:
    """Queue it."""
    from companion.admin import service as admin
    from companion.jobs import service as jobs

    jobs.open_queue(settings)
    with database.connection():
        admin.retry(arguments.job)
    print("it is queued")
    return 0


@on("jobs", "cancel", "cancel a job that waits or runs", "job")
def jobs_cancel(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Cancel it."""
    from companion.admin import service as admin

    with database.connection():
        admin.cancel(arguments.job)
    print("it is cancelled")
    return 0


@on("health", "show", "how each part is")
def health_show(settings: Settings, _arguments: argparse.Namespace) -> int:
    """1 when a part is not well."""
    from companion.app import create_app
    from companion.health import service as health

    app = create_app(settings)  # every domain's parts, as the page shows them
    with database.connection():
        parts = health.look(settings, app.extensions["storage"])
    say([(part.name, "well" if part.well else "NOT WELL", part.says) for part in parts])
    return 0 if all(part.well for part in parts) else 1
