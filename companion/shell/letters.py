"""Messages of boxes that could have no effect."""

import argparse
import sys

from companion import database
from companion.config import Settings
from companion.shell.table import on, say, when


@on("letters", "list", "the newest dead letters", "--state", "--box")
def letters_list(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Dead letters, one a line."""
    from companion.ingest import letters

    with database.connection():
        rows = letters.listed(arguments.state, arguments.box, limit=100)[0]
    names = ("id", "box", "stream", "seq", "kind", "state")
    say([("ID", "BOX", "STREAM", "NUMBER", "KIND", "STATE", "CAME", ""), *(
        (*(row[name] for name in names), when(row["came"]), row["reason"]) for row in rows
    )])  # fmt: skip
    return 0


@on("letters", "show", "the text of one", "letter")
def letters_show(_settings: Settings, arguments: argparse.Namespace) -> int:
    """What a replay would take."""
    from companion.ingest import letters

    with database.connection():
        print(letters.shown(letters.find(arguments.letter))["text"])
    return 0


@on("letters", "mend", "change what a replay would take, to what standard input has", "letter")
def letters_mend(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Mend."""
    from companion.ingest import letters

    with database.connection():
        letters.mend("", "", arguments.letter, sys.stdin.read())
    print("it is mended; replay it")
    return 0


@on("letters", "replay", "let one have its effect now", "letter")
def letters_replay(settings: Settings, arguments: argparse.Namespace) -> int:
    """Replay."""
    from companion.app import create_app
    from companion.ingest import letters
    from companion.jobs import service as jobs

    create_app(settings)  # the domains say what handles it
    jobs.open_queue(settings)
    with database.connection():
        letters.replay("", "", arguments.letter)
    print("it had its effect")
    return 0


@on("letters", "discard", "let one be", "letter")
def letters_discard(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Discard."""
    from companion.ingest import letters

    with database.connection():
        letters.discard("", "", arguments.letter)
    print("it is discarded")
    return 0
