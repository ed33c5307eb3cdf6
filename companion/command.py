"""`rackdeck companion`: the web service of a box or of many, until Ctrl-C; `rackdeck companion admin` for the shell."""

import argparse
import os
import sys
from pathlib import Path

HELP = "serve the companion: accounts, music and projects, in a browser"
EXIT_CONFIG, EXIT_INPUT, EXIT_UNAVAILABLE = os.EX_CONFIG, os.EX_DATAERR, os.EX_UNAVAILABLE
PRIVATE = 0o077  # what is made here is for this user's eyes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Settings that are often given by hand; the others are in companion.toml or the environment."""
    from companion import shell

    parser.add_argument("--port", type=int, help="port of the page (8000); live events take the next one")
    parser.add_argument("--host", help="address to listen on (127.0.0.1: this machine alone; 0.0.0.0: the network)")
    parser.add_argument("--folder", type=Path, help="where everything lasting is kept")
    parser.add_argument(
        "--only",
        choices=("web", "live", "ingest", "jobs"),
        help="run one process alone, on a migrated database (containers)",
    )
    shell.add_arguments(parser.add_subparsers(dest="part", metavar="admin", title="administration"))


def run(arguments: argparse.Namespace) -> int:
    """Serve, or do what `admin` was asked. 0 after a stop that was asked for."""
    import peewee

    from companion.database import reason
    from companion.errors import Problem, SettingError, Unavailable

    os.umask(PRIVATE)
    try:
        if arguments.part == "admin":
            from companion import shell

            return shell.run(arguments)
        from companion import serving

        return serving.run(arguments.port, arguments.host, arguments.folder, arguments.only)
    except SettingError as exc:
        print(f"rackdeck companion: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    except Problem as exc:
        print(f"rackdeck companion: {exc.detail}", file=sys.stderr)
        return EXIT_UNAVAILABLE if isinstance(exc, Unavailable) else EXIT_INPUT
    except OSError as exc:
        what = exc.filename or "the folder"
        print(f"rackdeck companion: {what} cannot be used: {(exc.strerror or str(exc)).lower()}", file=sys.stderr)
        return EXIT_UNAVAILABLE
    except peewee.PeeweeException as exc:
        hint = "; `rackdeck companion admin migrate status` says whether its tables are there"
        print(f"rackdeck companion: the database cannot be used: {reason(exc)}{hint}", file=sys.stderr)
        return EXIT_UNAVAILABLE


def main() -> None:
    """The same without the other commands of `rackdeck`, for a host that has the companion alone."""
    parser = argparse.ArgumentParser(prog="rackdeck companion", description=HELP)
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))


if __name__ == "__main__":
    main()
