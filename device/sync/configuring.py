"""Configuring: settings that something beside the sync goes by are brought there, and what fails is told.

The panel gets its settings when they come and from each engine that starts; after that, whoever stands at the box may
turn them. The machine gets its own by what the installation offers (`Door.hands`).
"""

import json
from collections.abc import Iterable

from device.contracts.configuration import Applied, Refusal
from device.errors import InputError, RackdeckError
from device.panel import controls
from device.panel.client import Panel
from device.sync import settings
from device.sync.access import Door
from device.sync.core import Core
from device.sync.database import get, put
from device.sync.settings import Value
from device.sync.sight import Sight

IDLE_SECONDS = 2.0
TOLD = "configuration told"  # the note of the last failures that the companion was told


class Configuring:
    """One thread."""

    def __init__(self, core: Core, door: Door):
        self._core, self._hands = core, door.hands
        self._sight = Sight(core.places.runtime)
        self._turned: tuple[int, int] = (0, 0)  # revision, engine
        self._set = 0
        self._machine: dict[str, str] = {}  # what failed, and why
        self._panel: dict[str, str] = {}

    def step(self) -> float:
        """Bring what is new where it belongs; returns how long to wait."""
        revision, values = settings.wanted(self._core.database.connection)
        if not revision:
            return IDLE_SECONDS
        if revision != self._set:
            self._machine, self._panel = dict(self._hand_over(values.items())), {}
            self._set = revision
        panel = self._sight.panel
        engine = (revision, panel.memory.writer_pid) if panel is not None else self._turned
        if panel is not None and engine != self._turned:
            self._panel = self._turn(panel, values.items())
            self._turned = engine
        self._tell(revision)
        return IDLE_SECONDS

    def _hand_over(self, values: Iterable[tuple[str, Value]]) -> Iterable[tuple[str, str]]:
        """(name, why) of each setting of the machine that it does not take."""
        for name, value in values:
            if not name.startswith("system."):
                continue
            hand = self._hands.get(name)
            try:
                if hand is None:
                    raise InputError("this box leaves that to its system")
                hand(str(value))
            except RackdeckError as exc:
                yield name, str(exc)

    @staticmethod
    def _turn(panel: Panel, values: Iterable[tuple[str, Value]]) -> dict[str, str]:
        """What the panel does not take, and why."""
        failed = {}
        for name, value in values:
            row = controls.table().get(name)
            if row is None:
                continue
            try:
                panel.set(name, row.choices.index(value) if isinstance(value, str) else float(value or 0))
            except (RackdeckError, ValueError) as exc:
                failed[name] = str(exc)
        return failed

    def _tell(self, revision: int) -> None:
        """Say it when other settings fail than the companion knows."""
        database, failed = self._core.database, sorted((self._machine | self._panel).items())
        said, known = json.dumps([revision, failed]), get(self._core.database.connection, TOLD)
        if said == known or (not failed and not known.startswith(f"[{revision},")):
            return
        with database.writing() as connection:
            refused = (*settings.refusals(connection), *(Refusal(name, why[:500]) for name, why in failed))
            self._core.outbox.add(connection, Applied(revision, refused))
            put(connection, TOLD, said)
        self._core.wake()
