"""`rackdeck`: finds the commands that the installed parts offer and runs one.

A part offers a command by an entry point in the group `rackdeck.commands`. The entry point is a module with
`HELP` (a sentence), `add_arguments(parser)` and `run(arguments) -> int`; heavy imports belong inside `run`.
"""

import argparse
import difflib
import logging
import os
import sys
from importlib.metadata import EntryPoint, entry_points, version

from device.errors import RackdeckError

GROUP = "rackdeck.commands"


def commands() -> dict[str, EntryPoint]:
    """Every command that is installed, by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def _overview() -> str:
    rows = []
    for name, entry in commands().items():
        rows.append(f"  {name:<12}{entry.load().HELP}")
    return "\n".join(
        [
            "usage: rackdeck COMMAND [options]",
            "",
            "An open music appliance: play, record, master, release.",
            "",
            *rows,
            "",
            "`rackdeck COMMAND --help` tells more. State lives in RACKDECK_HOME (default: the XDG data folder).",
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command; the return value is the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if words[0] == "--version":
        print(f"rackdeck {version('rackdeck')}")
        return 0
    entry = commands().get(words[0])
    if entry is None:
        near = difflib.get_close_matches(words[0], commands(), n=1)
        hint = f"; did you mean `rackdeck {near[0]}`?" if near else "; `rackdeck --help` lists them"
        print(f"rackdeck: no command is called {words[0]!r}{hint}", file=sys.stderr)
        return os.EX_USAGE
    module = entry.load()
    parser = argparse.ArgumentParser(prog=f"rackdeck {entry.name}", description=module.HELP)
    module.add_arguments(parser)
    arguments = parser.parse_args(words[1:])
    logging.basicConfig(level=os.environ.get("RACKDECK_LOG", "INFO").upper(), format="%(levelname)s %(message)s")
    try:
        return int(module.run(arguments) or 0)
    except RackdeckError as exc:
        print(f"rackdeck {entry.name}: {exc}", file=sys.stderr)
        return exc.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
