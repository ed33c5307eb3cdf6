"""The engine's end of the action socket: one JSON line in, one JSON line out."""

import json
import logging
import math
import selectors
import socket
from collections.abc import Callable
from pathlib import Path

from device.errors import InputError, RackdeckError
from device.panel import controls
from device.panel.client import Argument
from device.panel.controls import FASTEST_BPM, SLOWEST_BPM, Control

log = logging.getLogger(__name__)
LONGEST_LINE = 64 * 1024
MOST_CLIENTS = 64
LINES_AT_ONCE = 16  # of one front end; the engine has other things to do as well

Perform = Callable[[Control, Argument], None]


def parse(line: bytes) -> tuple[Control, Argument]:
    """Read `{"do": name, "value": argument}` and check the argument against the table. InputError if wrong."""
    try:
        body = json.loads(line)
        name, argument = body["do"], body.get("value")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise InputError('an action is one line of JSON such as {"do": "deck1.play", "value": 1}') from exc
    if not isinstance(name, str):
        raise InputError("an action's name is a string")
    if name not in controls.table():  # no search for the nearest name here: it takes the engine's time
        raise InputError(f"no control is called {name[:80]!r}; `rackdeck panel` lists them")
    row = controls.find(name, ("action", "switch"))
    return row, check_argument(row, argument)


def check_argument(row: Control, argument: object) -> Argument:
    """The argument in the form that `row` takes, or InputError."""

    def number(value: object) -> float:
        if isinstance(value, bool):
            return float(value)
        if not isinstance(value, int | float):
            raise InputError(f"{row.name} takes a number, not {value!r}")
        return row.check(value)

    if row.argument == "path":
        if not isinstance(argument, str) or not argument or "\0" in argument:
            raise InputError(f"{row.name} takes the path of a file")
        return argument
    if row.argument == "pair":
        if not isinstance(argument, list | tuple) or len(argument) != 2:
            raise InputError(f"{row.name} takes two numbers ({row.unit})")
        pair = [number(argument[0]), number(argument[1])]
        if row.name.endswith(".grid") and pair[0] and not SLOWEST_BPM <= pair[0] <= FASTEST_BPM:
            raise InputError(f"{row.name} takes {SLOWEST_BPM:g} to {FASTEST_BPM:g} BPM, or 0 for none, not {pair[0]:g}")
        return pair
    if row.argument == "none":
        return None
    if row.argument == "press" and argument is None:
        return 1.0
    if row.argument == "number" and argument is None:
        raise InputError(f"{row.name} takes a number from {row.low:g} to {row.high:g}")
    if argument is None:
        raise InputError(f"{row.name} takes 0 or 1")
    value = number(argument)
    return value if math.isfinite(value) else None


class ActionServer:
    """Serves any number of front ends from one thread. `perform` raises RackdeckError to refuse."""

    def __init__(self, path: Path, perform: Perform):
        self._perform, self._path = perform, path
        self._selector = selectors.DefaultSelector()
        self._pending: dict[socket.socket, bytes] = {}
        self._listener = self._listen()

    def _listen(self) -> socket.socket:
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._path))
        self._path.chmod(0o600)
        listener.listen(16)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        return listener

    def keep(self) -> None:
        """Call now and then: somebody who tidied up may have deleted the socket's file."""
        if not self._path.exists():
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = self._listen()

    def fileno(self) -> int:
        """For a caller that waits on more than this server."""
        return self._selector.fileno()

    def pump(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for actions and perform them, a few of each front end at a time."""
        waiting = {client for client, pending in self._pending.items() if b"\n" in pending}
        for key, _ in self._selector.select(0 if waiting else timeout):
            if key.fileobj is self._listener:
                self._welcome()
            elif key.fileobj not in waiting:
                assert isinstance(key.fileobj, socket.socket)
                if self._hear(key.fileobj):
                    waiting.add(key.fileobj)
        for client in waiting:
            self._serve(client)

    def _welcome(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        if len(self._pending) >= MOST_CLIENTS:
            client.close()
            return
        client.setblocking(False)
        self._pending[client] = b""
        self._selector.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> bool:
        """Take in what a client says. Whether a whole line is there."""
        try:
            chunk = client.recv(LONGEST_LINE)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        self._pending[client] += chunk
        if not chunk or len(self._pending[client].rpartition(b"\n")[2]) > LONGEST_LINE:
            self._drop(client)
            return False
        return b"\n" in self._pending[client]

    def _serve(self, client: socket.socket) -> None:
        *lines, rest = self._pending[client].split(b"\n", LINES_AT_ONCE)
        self._pending[client] = rest
        for line in lines:
            if line.strip() and not self._reply(client, self._answer(line)):
                return

    def _answer(self, line: bytes) -> dict[str, object]:
        try:
            row, argument = parse(line)
            self._perform(row, argument)
        except RackdeckError as exc:
            return {"error": str(exc)}
        except Exception:
            log.exception("an action failed: %r", line[:200])
            return {"error": "the engine could not do that; its log says why"}
        return {"ok": True}

    def _reply(self, client: socket.socket, answer: dict[str, object]) -> bool:
        try:
            client.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:  # a front end that does not read its answers is dropped
            self._drop(client)
            return False
        return True

    def _drop(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._pending[client]
        client.close()

    def close(self) -> None:
        """Hang up on everyone, and leave no socket that nobody answers."""
        for client in list(self._pending):
            self._drop(client)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._selector.close()
        self._path.unlink(missing_ok=True)
