"""`rackdeck panel`: the table of controls, and get, set, do, watch against a running box."""

import argparse
import json
import time

from device import paths
from device.errors import InputError
from device.panel import controls
from device.panel.actions import check_argument
from device.panel.client import Argument, Panel
from device.panel.controls import Control

HELP = "list the controls; get, set, do or watch them on the running box"
VERBS = {  # for each kind: what can be done with it, and how that is said
    "value": ({"get", "set", "watch"}, "is a value; use `rackdeck panel set {name} NUMBER`"),
    "switch": ({"get", "set", "do", "watch"}, ""),
    "action": ({"do"}, "is an action; use `rackdeck panel do {name}`"),
    "state": ({"get", "watch"}, "can only be read, with `rackdeck panel get` or `watch`: the engine writes it"),
    "text": ({"get", "watch"}, "can only be read, with `rackdeck panel get` or `watch`: the engine writes it"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the sub-commands; none prints the table."""
    parser.add_argument("--json", action="store_true", help="print the table as data")
    verbs = parser.add_subparsers(dest="verb", metavar="get|set|do|watch")
    get = verbs.add_parser("get", help="print the value of controls")
    get.add_argument("names", nargs="+", metavar="NAME")
    put = verbs.add_parser("set", help="set a value or a switch")
    put.add_argument("name", metavar="NAME")
    put.add_argument("value", metavar="VALUE", help="a number, or a choice's name such as on, off, thru")
    do = verbs.add_parser("do", help="perform an action")
    do.add_argument("name", metavar="NAME")
    do.add_argument("value", nargs="*", metavar="VALUE", help="what the action takes: a number, two, or a file")
    watch = verbs.add_parser("watch", help="print values as they change, until Ctrl-C")
    watch.add_argument("names", nargs="+", metavar="NAME")
    watch.add_argument("--seconds", type=float, default=None, metavar="N", help="stop after that long")


def run(arguments: argparse.Namespace) -> int:
    """Do what the sub-command says."""
    if arguments.verb is None:
        print(
            json.dumps([row.as_dict() for row in controls.table().values()], indent=1) if arguments.json else _table()
        )
        return 0
    names = arguments.names if hasattr(arguments, "names") else [arguments.name]
    rows = [_fitting(name, arguments.verb) for name in names]  # what is wrong is said even while no box runs
    if arguments.verb == "set":
        number = rows[0].check(_number(rows[0], arguments.value))
    elif arguments.verb == "do":
        argument = check_argument(rows[0], _argument(rows[0], arguments.value))
    with Panel() as panel:
        if arguments.verb == "get":
            for name in names:
                print(_shown(panel.get(name)) if len(names) == 1 else f"{name} {_shown(panel.get(name))}")
        elif arguments.verb == "set":
            panel.set(arguments.name, number)
        elif arguments.verb == "do":
            panel.do(arguments.name, argument)
        else:
            end = None if arguments.seconds is None else time.monotonic() + arguments.seconds
            for name, value in panel.watch(names, lambda: end is not None and not time.monotonic() < end):
                print(name, _shown(value), flush=True)
    return 0


def _fitting(name: str, verb: str) -> Control:
    """The control called `name`, if one can do that with it."""
    row = controls.find(name)
    verbs, meaning = VERBS[row.kind]
    if verb not in verbs:
        raise InputError(f"{name} {meaning.format(name=name)}")
    return row


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


def _number(row: Control, word: str) -> float:
    if word in row.choices:
        return float(row.choices.index(word))
    if word in ("on", "off") and (row.low, row.high) == (0, 1):
        return float(word == "on")
    try:
        return float(word)
    except ValueError:
        choices = f" ({', '.join(row.choices)})" if row.choices else ""
        raise InputError(f"{row.name} takes a number from {row.low:g} to {row.high:g}{choices}, not {word!r}") from None


def _argument(row: Control, words: list[str]) -> Argument:
    if not words:
        return None
    if row.argument == "none":
        raise InputError(f"{row.name} takes nothing")
    if row.argument == "path":
        return str(paths.absolute(" ".join(words)))
    numbers = [_number(row, word) for word in words]
    return numbers[0] if len(numbers) == 1 else numbers


def _range(row: Control) -> str:
    if row.choices:
        return "|".join(row.choices)
    if row.kind == "value" or row.argument in ("number", "pair"):
        return f"{row.low:g}…{row.high:g}"
    return row.argument


def _table() -> str:
    """One line a control; decks and channels 2 to 4 repeat the first and are left out."""
    lines = [f"{'name':<28}{'kind':<8}{'range':<26}{'default':<9}{'unit':<12}meaning"]
    for row in controls.table().values():
        if row.name.startswith(("deck2", "deck3", "deck4", "mixer.ch2", "mixer.ch3", "mixer.ch4")):
            continue
        default = f"{row.default:g}" if row.kind in ("value", "switch") else ""
        lines.append(f"{row.name:<28}{row.kind:<8}{_range(row):<26}{default:<9}{row.unit:<12}{row.doc}")
    lines.append("\ndeck2 to deck4 and mixer.ch2 to mixer.ch4 have the same controls as deck1 and mixer.ch1.")
    return "\n".join(lines)
