"""`rackdeck companion admin`: what an administrator does from the shell. Who may read the folder may do all of it."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from companion import config, database, observe
from companion.config import Settings
from companion.errors import SettingError

Do = Callable[[Settings, argparse.Namespace], int]
TABLE: dict[str, tuple[str, dict[str, tuple[str, Do, Sequence[str]]]]] = {}


def _on(part: str, name: str, meaning: str, *arguments: str) -> Callable[[Do], Do]:
    """Register a command. arguments: positional names; `--name` an option with a value; `--name!` a switch."""

    def register(do: Do) -> Do:
        TABLE[part][1][name] = (meaning, do, arguments)
        return do

    return register


for _part, _meaning in {
    "users": "accounts: roles, closing, a way back in",
    "jobs": "work in the background",
    "backup": "make, list and restore backups",
    "keys": "the keys that secrets are sealed with",
    "migrate": "the database's schema",
    "settings": "what is set, and what can be",
    "audit": "the log of who did what",
    "health": "how the companion is",
}.items():
    TABLE[_part] = (_meaning, {})


def add_arguments(parts: Any) -> None:
    """`admin PART COMMAND …`."""
    admin = parts.add_parser("admin", help="administer from the shell").add_subparsers(
        dest="admin", metavar="PART", required=True
    )
    for part, (meaning, commands) in TABLE.items():
        names = admin.add_parser(part, help=meaning).add_subparsers(dest="do", metavar="COMMAND", required=True)
        for name, (says, _, arguments) in commands.items():
            parser = names.add_parser(name, help=says)
            for argument in arguments:
                if argument.endswith("!"):
                    parser.add_argument(argument[:-1], action="store_true")
                else:
                    parser.add_argument(argument, **({"default": ""} if argument.startswith("--") else {}))
            parser.add_argument("--folder", type=Path, default=argparse.SUPPRESS, help="of the companion")


def run(arguments: argparse.Namespace) -> int:
    """Do one command. SettingError or Problem says what is wrong."""
    where = arguments.folder.expanduser().absolute() if arguments.folder else None
    settings = config.load(os.environ, folder=where)
    if arguments.admin != "settings":
        needed = not settings.database_url and arguments.admin not in ("backup", "migrate")
        if needed and not (settings.folder / "companion.db").exists():
            raise SettingError(
                f"there is no companion in {settings.folder}; --folder or COMPANION_FOLDER names another"
            )
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        observe.install(config.load(os.environ, folder=where, log_level="warning"), sys.stderr)
        database.bind(settings)
    do = TABLE[arguments.admin][1][arguments.do][1]
    return do(settings, arguments)


def _say(rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _when(at: int | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at / 1000)) if at else "-"


@_on("users", "list", "all accounts, newest first", "--search")
def users_list(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Accounts, one a line."""
    from companion.accounts import stewardship
    from companion.web.identity import Access

    with database.connection():
        rows = [
            (user.email, user.name, Access(user.access).name.lower(), user.tier, _when(user.created))
            + (("closed",) if user.disabled else ("",))
            for user in stewardship.listed(arguments.search)
        ]
    _say([("ADDRESS", "NAME", "ROLE", "TIER", "SINCE", ""), *rows])
    return 0


@_on("users", "make-admin", "let an account administer", "email")
def users_make_admin(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Give the role."""
    from companion.accounts import stewardship
    from companion.web.identity import Access

    with database.connection():
        stewardship.set_access(stewardship.find(arguments.email), Access.ADMIN)
    print(f"{arguments.email} administers")
    return 0


@_on("users", "make-artist", "take the role of an administrator away", "email")
def users_make_artist(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Take the role."""
    from companion.accounts import stewardship
    from companion.web.identity import Access

    with database.connection():
        stewardship.set_access(stewardship.find(arguments.email), Access.ARTIST)
    print(f"{arguments.email} is an artist")
    return 0


@_on("users", "disable", "close an account and end its sessions", "email")
def users_disable(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Close."""
    from companion.accounts import stewardship

    with database.connection():
        stewardship.disable(stewardship.find(arguments.email))
    print(f"{arguments.email} is closed")
    return 0


@_on("users", "enable", "open a closed account again", "email")
def users_enable(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Open."""
    from companion.accounts import stewardship

    with database.connection():
        stewardship.enable(stewardship.find(arguments.email))
    print(f"{arguments.email} is open")
    return 0


@_on("users", "reset-link", "a link that sets a new password, once, within an hour", "email")
def users_reset_link(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the link."""
    from companion.accounts import stewardship

    with database.connection():
        print(stewardship.reset_link(settings.url, stewardship.find(arguments.email)))
    return 0


@_on("jobs", "list", "the newest jobs", "--state")
def jobs_list(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Jobs, one a line."""
    from companion.jobs import service as jobs

    with database.connection():
        rows = [
            (job.id, job.kind, job.state, f"{100 * job.progress:.0f} %", job.tries, _when(job.created), job.note)
            for job in jobs.listed(arguments.state)
        ]
    _say([("ID", "KIND", "STATE", "DONE", "TRIES", "SINCE", ""), *rows])
    return 0


@_on("jobs", "retry", "do a failed or cancelled job again", "job")
def jobs_retry(settings: Settings, arguments: argparse.Namespace) -> int:
    """Queue it."""
    from companion.audit import service as audit
    from companion.jobs import service as jobs

    jobs.open_queue(settings)
    with database.connection(), database.database.atomic():
        jobs.retry(arguments.job)
        audit.record("job.retried", subject=arguments.job)
    print("it is queued")
    return 0


@_on("jobs", "cancel", "cancel a job that waits or runs", "job")
def jobs_cancel(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Cancel it."""
    from companion.audit import service as audit
    from companion.jobs import service as jobs

    with database.connection(), database.database.atomic():
        jobs.cancel(arguments.job)
        audit.record("job.cancelled", subject=arguments.job)
    print("it is cancelled")
    return 0


@_on("backup", "now", "make a backup")
def backup_now(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Make one, in this process."""
    from companion.backup import service as backup

    made = backup.make(settings)
    where = backup.folder_of(settings) / made.name
    print(f"{where}: {made.bytes} bytes and {made.files} files ({made.files_bytes} bytes)")
    return 0


@_on("backup", "list", "all backups, newest first")
def backup_list(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Backups, one a line."""
    from companion.backup import service as backup

    found = backup.listed(settings)
    _say(
        [
            ("NAME", "MADE", "DATABASE", "BYTES", "FILES", "THEIR BYTES"),
            *((row.name, _when(row.made), row.kind, row.bytes, row.files, row.files_bytes) for row in found),
        ]
    )
    return 0


@_on("backup", "restore", "put a backup in the place of what is there", "name", "--recovery-code", "--yes!")
def backup_restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """Restore, migrate, write it down. The companion must not run."""
    from companion import processes, serving
    from companion.audit import service as audit
    from companion.backup import service as backup
    from companion.vault.service import Vault

    held = processes.take_lock(settings.folder)
    try:
        if not arguments.yes:
            raise SettingError("this replaces the database of now; say so with --yes")
        restored = backup.restore(settings, arguments.name, arguments.recovery_code)
        serving.prepare(settings)
        with database.connection():
            with database.database.atomic():
                audit.record("backup.restored", subject=restored.name)
            audit.seal(settings.folder, Vault(settings.folder), anew=True)
    finally:
        os.close(held)
    print(f"it is {_when(restored.made)} again; start the companion")
    return 0


@_on("keys", "rotate", "make a new data key now; old ones go on opening what they sealed")
def keys_rotate(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Rotate."""
    from companion.audit import service as audit
    from companion.vault.service import Vault

    with database.connection(), database.database.atomic():
        Vault(settings.folder).rotate(force=True)
        audit.record("keys.rotated")
    print("a new key is in use; processes that run take it within ten minutes")
    return 0


@_on("keys", "recovery-code", "the code that opens backups where the keys are lost: write it down")
def keys_recovery_code(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print the code."""
    from companion.backup import keys

    print(keys.recovery_code(settings.folder))
    return 0


@_on("migrate", "status", "which migrations were applied")
def migrate_status(_settings: Settings, _arguments: argparse.Namespace) -> int:
    """Migrations, one a line."""
    with database.connection():
        rows = database.runner().status()
    _say([(row.name, "applied" if row.applied else "waits") for row in rows])
    return 0


@_on("migrate", "up", "apply what waits", "--to")
def migrate_up(settings: Settings, arguments: argparse.Namespace) -> int:
    """Forward."""
    return _migrate(settings, lambda: database.runner().up(arguments.to or None))


@_on("migrate", "down", "take the last one back, or all down to one", "--to")
def migrate_down(settings: Settings, arguments: argparse.Namespace) -> int:
    """Back."""
    return _migrate(settings, lambda: database.runner().down(arguments.to or None))


def _migrate(settings: Settings, work: Callable[[], list[str]]) -> int:
    from playhouse.migrations import MigrationError

    from companion import processes

    held = processes.take_lock(settings.folder)
    try:
        with database.connection():
            print("\n".join(work()) or "nothing to do")
    except MigrationError as exc:
        raise SettingError(str(exc)) from exc
    finally:
        os.close(held)
    return 0


@_on("settings", "show", "what is set; secrets are left out", "--all!")
def settings_show(settings: Settings, arguments: argparse.Namespace) -> int:
    """Settings as a TOML file; with --all every key and what it means."""
    print(config.describe() if arguments.all else config.show(settings), end="")
    return 0


@_on("settings", "reference", "the page docs/settings.md")
def settings_reference(_settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print it."""
    print(config.reference(), end="")
    return 0


@_on("audit", "verify", "whether a row was changed or is gone")
def audit_verify(settings: Settings, _arguments: argparse.Namespace) -> int:
    """1 when the log is broken."""
    from companion.audit import service as audit
    from companion.vault.service import Vault

    with database.connection():
        verdict = audit.verify(settings.folder, Vault(settings.folder))
    print(verdict.says)
    return 0 if verdict.whole else 1


@_on("health", "show", "how each part is")
def health_show(settings: Settings, _arguments: argparse.Namespace) -> int:
    """1 when a part is not well."""
    from companion.health import service as health
    from companion.storage.service import open_storage

    with database.connection():
        parts = health.look(settings, open_storage(settings))
    _say([(part.name, "well" if part.well else "NOT WELL", part.says) for part in parts])
    return 0 if all(part.well for part in parts) else 1
