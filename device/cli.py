"""`rackdeck`: finds the commands that the installed parts offer and runs one.

A part offers a command by an entry point in the group `rackdeck.commands`. The entry point is a module with
`HELP` (a sentence), `add_arguments(parser)` and `run(arguments) -> int`; heavy imports belong inside `run`.
"""

import argparse
import difflib
import io
import logging
import os
import signal
import sys
from importlib.metadata import EntryPoint, entry_points, version
from types import FrameType

from device.errors import ConfigError, RackdeckError

GROUP = "rackdeck.commands"
INTERRUPTED = 130
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def commands() -> dict[str, EntryPoint]:
    """Every command that is installed, by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def _overview() -> str:
    rows = []
    for name, entry in commands().items():
        try:
            meaning = entry.load().HELP
        except Exception as exc:  # whatever is wrong with one part, the others can be used
            meaning = f"not available here: {exc}"
        rows.append(f"  {name:<12}{meaning}")
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
    _open_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else "--help"
    try:
        status = _run(name, words[1:])
        sys.stdout.flush()
    except RackdeckError as exc:
        return _failed(name, str(exc), exc.exit_status)
    except ImportError as exc:
        return _failed(name, f"not available here: {exc}; `make setup` installs what is missing", os.EX_UNAVAILABLE)
    except BrokenPipeError:  # who reads us has read enough
        return 0
    except OSError as exc:
        logging.getLogger(__name__).debug("the machine refused", exc_info=True)
        what = f"{exc.filename}: " if exc.filename else ""
        return _failed(name, f"{what}{(exc.strerror or str(exc)).lower()}", os.EX_OSERR)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        _flush()
    return status


def _run(name: str, words: list[str]) -> int:
    if name in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if name == "--version":
        print(f"rackdeck {version('rackdeck')}")
        return 0
    known = commands()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean `rackdeck {near[0]}`?" if near else "; `rackdeck --help` lists them"
        print(f"rackdeck: no command is called {name!r}{hint}", file=sys.stderr)
        return os.EX_USAGE
    module = known[name].load()
    parser = argparse.ArgumentParser(prog=f"rackdeck {name}", description=module.HELP)
    module.add_arguments(parser)
    arguments = parser.parse_args(words)
    level = os.environ.get("RACKDECK_LOG", "INFO").upper()
    if level not in LEVELS:
        raise ConfigError(f"RACKDECK_LOG is one of {', '.join(LEVELS)}, not {level}")
    logging.basicConfig(level=level, format="%(levelname)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # not what nohup wants ignored
            signal.signal(number, _end)
    return int(module.run(arguments) or 0)


def _end(number: int, _frame: FrameType | None) -> None:
    """Whoever is ended cleans up first."""
    raise SystemExit(128 + number)


def _failed(name: str, sentence: str, status: int) -> int:
    print(f"rackdeck {name}: {sentence}", file=sys.stderr)
    return status


def _flush() -> None:
    """Hand over what waits to be written; where that is not possible, nobody need hear of it once more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _open_streams() -> None:
    """A standard stream that was closed leads nowhere (or the next file would get its number and our words).

    What the terminal's character set lacks is shown as `?`.
    """
    while (file := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(file, True)
    os.close(file)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
