"""From settings to a companion that answers: what is checked before the start, and the start itself."""

import http.client
import logging
import os
import signal
from pathlib import Path
from types import FrameType

import peewee

from companion import config, database, processes
from companion.accounts import directory
from companion.config import Settings
from companion.errors import SettingError, Unavailable
from companion.vault.service import Vault


def prepare(settings: Settings) -> list[str]:
    """Migrate the database and try the keys; returns the migrations applied.

    SettingError says what is wrong; Unavailable what may be right in a moment, such as a server that starts up.
    """
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    logging.getLogger("peewee.migrations").setLevel(logging.WARNING)
    opened = database.bind(settings)
    place = "the PostgreSQL server of database_url" if settings.database_url else str(settings.folder / "companion.db")
    try:
        with database.connection(), database.migrating():
            runner = database.runner()
            unknown = [row.name for row in runner.status() if row.path is None]
            if unknown:
                raise SettingError(
                    f"the database is newer than this program (it has {unknown[-1]}); install the newer program, "
                    "or restore a backup of this one"
                )
            applied: list[str] = runner.up()
            Vault(settings.folder).derived("start")
    except peewee.DatabaseError as exc:
        kind = Unavailable if isinstance(exc, peewee.OperationalError) else SettingError
        raise kind(f"{place} cannot be used: {database.reason(exc)}") from exc
    finally:
        opened.close()
    return applied


def answers(settings: Settings) -> bool:
    """Whether the page and live events answer."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    for port in (settings.port, settings.live):
        line = http.client.HTTPConnection(host, port, timeout=2)
        try:
            line.request("GET", "/healthz")
            if line.getresponse().status != http.HTTPStatus.OK:
                return False
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()
    return True


def advice(settings: Settings) -> list[str]:
    """What who starts it should know: how the first account is made, and where mail goes."""
    database.bind(settings)
    with database.connection():
        nobody = not directory.anybody()
    found = []
    if nobody and settings.sign_up == "open":
        found.append("Sign up there: the first account administers.")
    elif nobody:
        found.append(
            "There is no account yet: `rackdeck companion admin users invite ADDRESS --admin` prints a link for one."
        )
    if not settings.mail_url:
        found.append(f"Mail is written into {settings.folder / 'outbox'}; set mail_url to send it.")
    return found


def run(port: int | None, host: str | None, folder: Path | None, only: str | None = None) -> int:
    """Serve until a signal, or become the one process named by `only`. SettingError for what can be known before."""
    where = folder.expanduser().absolute() if folder else None
    settings = config.load(os.environ, port=port, host=host, folder=where)
    if settings.workers > 1 and not settings.redis_url:
        raise SettingError("workers: more than one needs redis_url, or each would count limits for itself")
    if only:
        processes.become(only, settings)
    held = processes.take_lock(settings.folder)
    try:
        processes.check_port(settings.host, settings.port, "port")
        processes.check_port(settings.host, settings.live, "live_port")
        prepare(settings)
        return _serve(settings)
    finally:
        os.close(held)


def _serve(settings: Settings) -> int:
    runner = processes.Runner(settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        runner.start()
        if not runner.wait_ready(lambda: answers(settings)):
            raise Unavailable(f"the page does not answer; {settings.folder / 'logs'} says why")
        (settings.folder / processes.ADDRESS).write_text(settings.url, encoding="utf-8")
        kept = f"Everything is kept in {settings.folder}. Ctrl-C stops."
        print(f"The companion is at {settings.url}", *advice(settings), kept, sep="\n", flush=True)
        status = runner.wait()
        raise Unavailable(f"the runner ended with status {status}; {settings.folder / 'logs'} says why")
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # once is enough
        print("stopping", flush=True)
        return 0
    finally:
        (settings.folder / processes.ADDRESS).unlink(missing_ok=True)
        runner.stop()
