"""Live values: while somebody looks at this box from afar, the panel's values as they change."""

import math
import time

from device.contracts import codec
from device.contracts.live import MOST_VALUES, Values, Watched
from device.panel import controls
from device.sync.core import Core
from device.sync.sight import Sight

EVERY_SECONDS = 0.1
WHOLE_SECONDS = 5.0
IDLE_SECONDS = 3600.0
_SECRET = ("path",)  # of decks and recordings: folders are nobody's business
Known = dict[str, str | int | float | bool | None]


class Live:
    """Says what changed ten times a second. One thread."""

    def __init__(self, core: Core):
        self._core = core
        self._sight = Sight(core.places.runtime)
        self._said: Known = {}
        self._whole = 0.0

    def step(self) -> float:
        """Say what changed; returns how long to wait."""
        until, watched = self._core.watched
        seconds = time.monotonic()
        if watched is None or seconds >= until:
            self._said, self._whole = {}, 0.0
            return IDLE_SECONDS
        found = self._values(watched)
        whole = seconds - self._whole >= WHOLE_SECONDS
        fresh = found if whole else {name: value for name, value in found.items() if self._said.get(name) != value}
        self._said = found
        if whole:
            self._whole = seconds
        if fresh or whole:
            self._core.say("live", Values(fresh, whole))
        return EVERY_SECONDS

    def _values(self, watched: Watched) -> Known:
        panel = self._sight.panel
        found: Known = {"engine.running": panel is not None}
        if panel is None:
            return found
        prefixes = tuple(watched.names)
        for name, row in controls.table().items():
            if row.kind == "action" or not name.startswith(prefixes) or name.endswith(_SECRET):
                continue
            if len(found) >= MOST_VALUES:
                break
            value = panel.get(name)
            if isinstance(value, str):
                found[name] = codec.clean(value, 300)
            elif math.isfinite(value):
                found[name] = round(value, 4)
        return found
