"""Remote commands: one thing for a box to do, within a time, by the right of whoever asks; and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from device.contracts.shapes import Items
from device.contracts.values import Id, Line, Ms, Name, Seconds, Sentence, Value

Permission = Literal["play", "record", "studio", "settings", "system"]
Table = Annotated[Mapping[Name, Value], Items(32)]


@dataclass(frozen=True, slots=True)
class Given:
    """Something to do, once. do: a control of the panel or a command's name; by: who is asking, to be shown.

    until: when it is too late. A box whose clock cannot be trusted goes by `boot` and `until_uptime` (seconds): they
    are what the companion last heard of the box, and the same moment.
    """

    command: Id
    do: Name
    permission: Permission
    by: Line
    until: Ms
    boot: Id | None = None
    until_uptime: Seconds = 0.0
    arguments: Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a command. said: why not, for a person; result: what it gave."""

    command: Id
    outcome: Literal["done", "refused", "expired", "failed"]
    said: Sentence = ""
    result: Table = field(default_factory=dict)


def expired(command: Given, now: int, clock_set: bool, boot: str, uptime: float) -> bool:
    """Whether it is too late. now: ms since 1970, which counts only with a clock that is set; uptime: seconds.

    The uptime of the boot that was meant is sure; a box that was started since and has no clock does nothing late.
    """
    if command.boot == boot:
        return uptime > command.until_uptime
    return not clock_set or now > command.until
