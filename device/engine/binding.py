"""Panel names to the engine's numbers and back: which slot, which command."""

import re
from functools import cache

from device.panel import controls
from dsp_cython.engine import Engine
from dsp_cython.names import OPS, STATE_NAMES, VALUE_NAMES

_PATTERN = re.compile(r"deck(\d)\.(?:hotcue\.(\d)\.(\w+)|(.+))")


def bind(engine: Engine, values: "memoryview[float]", states: "memoryview[float]") -> None:
    """Let the engine read and write arrays laid out as the panel's."""
    value_slots, state_slots, table = controls.slots("value"), controls.slots("state"), controls.table()
    engine.bind(
        values,
        states,
        [value_slots[name] for name in VALUE_NAMES],
        [(table[name].low, table[name].high, table[name].taper == "steps") for name in VALUE_NAMES],
        [state_slots[name] for name in STATE_NAMES],
    )


@cache
def command_code(name: str) -> tuple[int, int, int] | None:
    """(op, deck, hot cue), each from 0, of an action such as `deck2.hotcue.3.go`; None if no deck's command."""
    found = _PATTERN.fullmatch(name)
    if not found:
        return None
    deck, cue, verb, plain = found.groups()
    op = f"hotcue.{{m}}.{verb}" if cue else plain
    if op not in OPS:
        return None
    return OPS.index(op), int(deck) - 1, int(cue) - 1 if cue else 0


def command_name(op: int, deck: int, index: int) -> str:
    """The action's name of a command that the engine noted."""
    return f"deck{deck + 1}." + OPS[op].format(m=index + 1)


def arguments(value: object) -> tuple[float, float]:
    """The two numbers of a command from an action's argument (none, a number or a pair)."""
    if value is None:
        return 1.0, 0.0
    if isinstance(value, list | tuple):
        return float(value[0]), float(value[1])
    return float(str(value)), 0.0
