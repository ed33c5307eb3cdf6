"""`rackdeck companion admin`: what an administrator does from the shell. Who may read the folder may do all of it."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from companion import config, database, observe
from companion.errors import SettingError
from companion.shell import letters, safety, state, users, work
from companion.shell.table import TABLE

__all__ = ["add_arguments", "letters", "run", "safety", "state", "users", "work"]


def add_arguments(parts: Any) -> None:
    """`admin PART COMMAND …`."""
    admin = parts.add_parser("admin", help="administer from the shell").add_subparsers(
        dest="area", metavar="PART", required=True
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
    if arguments.area != "settings":
        needed = not settings.database_url and arguments.area not in ("backup", "migrate")
        if needed and not (settings.folder / "companion.db").exists():
            raise SettingError(
                f"there is no companion in {settings.folder}; --folder or COMPANION_FOLDER names another"
            )
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        observe.install(config.load(os.environ, folder=where, log_level="warning"), sys.stderr)
        database.bind(settings)
    do = TABLE[arguments.area][1][arguments.do][1]
    return do(settings, arguments)
