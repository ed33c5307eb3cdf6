"""The schema and the settings."""

import argparse
import os
from collections.abc import Callable

from companion import config, database
from companion.config import Settings
from companion.errors import SettingError
from companion.shell.table import on, say


@on("migrate", "status", "which migrations were applied")
def migrate_status(_settings: Settings, _arguments: argparse.Namespace) -> int:
    """Migrations, one a line."""
    with database.connection():
        rows = database.runner().status()
    say([(row.name, "applied" if row.applied else "waits") for row in rows])
    return 0


@on("migrate", "up", "apply what waits", "--to")
def migrate_up(settings: Settings, arguments: argparse.Namespace) -> int:
    """Forward."""
    return _migrate(settings, lambda: database.runner().up(arguments.to or None))


@on("migrate", "down", "take the last one back, or all down to one", "--to")
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


@on("settings", "show", "what is set; secrets are left out", "--all!")
def settings_show(settings: Settings, arguments: argparse.Namespace) -> int:
    """Settings as a TOML file; with --all every key and what it means."""
    print(config.describe() if arguments.all else config.show(settings), end="")
    return 0


@on("settings", "reference", "the page docs/settings.md")
def settings_reference(_settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print it."""
    print(config.reference(), end="")
    return 0
