"""/api/v1/boxes/…/commands and /api/v1/boxes/…/configuration."""

from typing import Any, Literal

from flask import Response, request
from pydantic import Field

from companion.boxes import service as boxes
from companion.commanding import configuration, service
from companion.errors import Forbidden, Stale
from companion.web import conditional
from companion.web.api import JSON, Answer, Api, Body, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging
from device.contracts.deeds import KNOWN

api = Api("commanding", "What boxes do", "/boxes")
READ = Rule(Access.ARTIST, "boxes:read", "page")
COMMAND = Rule(Access.ARTIST, "boxes:command")
WRITE = Rule(Access.ARTIST, "boxes:write")
Permission = Literal["play", "record", "studio", "settings", "system"]
State = Literal["waiting", "done", "refused", "expired", "failed"]
Value = str | int | float | bool | None
NAME = r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"


class ArgumentOut(Answer):
    """What a command takes under a name. Of a number `choices` name 0, 1, 2 …; of a text `high` is the most characters.

    `whole`: no fractions; `needed`: it cannot be left out.
    """

    name: str
    kind: Literal["number", "flag", "text"]
    low: float
    high: float
    unit: str
    choices: list[str]
    whole: bool
    needed: bool


class DeedOut(Answer):
    """Something that a box can do. permission: the right that it needs, which a box's settings can withhold."""

    name: str
    title: str
    permission: Permission
    arguments: list[ArgumentOut]


class CommandOut(Answer):
    """A command. given, until, answered: ms since 1970; said: the box's words; result: what it gave.

    `expired` may become another state: when the box had done it in time and was away when it answered.
    """

    id: str
    box: str
    do: str
    title: str
    permission: Permission
    arguments: dict[str, Value]
    by: str
    given: int
    until: int
    state: State
    said: str
    result: dict[str, Value]
    answered: int | None


class Command(Body):
    """Something to do. seconds: for how long it is worth doing; a box that is away does it when it is back by then."""

    do: str = Field(max_length=80, pattern=NAME, examples=["deck1.play"])
    arguments: dict[str, Value] = Field(default={}, max_length=32, examples=[{"value": 1}])
    seconds: int = Field(60, ge=1, le=service.LONGEST_SECONDS)


class CommandsWanted(Paging):
    """Of one state, or all."""

    state: State | None = None


class SettingOut(Answer):
    """A setting. `default` null: what was set on the box itself. takes: when a change is heard."""

    name: str
    title: str
    kind: Literal["flag", "number", "choice", "text"]
    default: bool | int | None
    low: int
    high: int
    unit: str
    choices: list[str]
    takes: Literal["at once", "at the next start"]


class RefusedOut(Answer):
    """A setting that the box does not take, and why."""

    name: str
    said: str


class ConfigurationOut(Answer):
    """What you want of a box: `settings` by name, in a `revision`; 0: nothing yet.

    applied: the revision that the box goes by but for what it `refused`, 0 when it has said nothing yet; applied_at: ms
    since 1970. known: which settings there are.
    """

    revision: int
    settings: dict[str, Value]
    applied: int
    applied_at: int | None
    refused: list[RefusedOut]
    known: list[SettingOut]


class Wish(Body):
    """All the settings that you want; of others the box's own holds."""

    settings: dict[str, Value] = Field(max_length=200, examples=[{"record.format": "flac"}])


@api.on("GET", "/<box>/commands/known", READ, gives=list[DeedOut])
def list_known(box: str) -> Any:
    """What one of your boxes can do."""
    boxes.find(who().user, box)
    return list(KNOWN.values())


@api.on("POST", "/<box>/commands", COMMAND, takes=Command, gives=CommandOut, status=201)
def give_command(box: str, body: Command) -> Any:
    """Have one of your boxes do something. A key gives no commands that need the rights `settings` or `system`."""
    caller = who()
    if caller.via == "key" and service.deed(body.do).permission in ("settings", "system"):
        raise Forbidden("a key must not do that; do it on the page")
    return service.give(caller.user, box, body.do, body.arguments, body.seconds)


@api.on("GET", "/<box>/commands", READ, query=CommandsWanted, gives=Page[CommandOut])
def list_commands(box: str, query: CommandsWanted) -> Any:
    """What you had one of your boxes do, newest first."""
    rows, following = service.listed(who().user, box, query.state or "", query.after, query.limit)
    return {"items": rows, "next": following}


@api.on("GET", "/<box>/commands/<command>", READ, gives=CommandOut)
def get_command(box: str, command: str) -> Any:
    """One command, and what became of it."""
    return service.get(who().user, box, command)


def _tagged(shown: dict[str, Any]) -> Response:
    """A configuration with an ETag that begins with its revision."""
    data = ConfigurationOut.model_validate(shown).model_dump_json().encode()
    return Response(data, headers={"ETag": f'"{shown["revision"]}-{conditional.tag(data)[1:]}'}, content_type=JSON)


def _seen() -> int | None:
    """The revision that the caller has, by If-Match; None without one. Stale for what is none."""
    wanted = request.headers.get("If-Match", "").strip()
    if wanted in ("", "*"):
        return None
    first = wanted.lstrip('"').partition("-")[0].rstrip('"')
    if not (first.isascii() and first.isdigit()):
        raise Stale("somebody changed the settings meanwhile; load them again, then repeat the change")
    return int(first)


@api.on("GET", "/<box>/configuration", READ, gives=ConfigurationOut)
def get_configuration(box: str) -> Any:
    """What you want of one of your boxes, and what it goes by."""
    return _tagged(configuration.get(who().user, box))


@api.on("PUT", "/<box>/configuration", WRITE, takes=Wish, gives=ConfigurationOut)
def put_configuration(box: str, body: Wish) -> Any:
    """Want other settings. With the ETag that you have seen as If-Match, nobody else's change is undone (412).

    A key changes none that say who may command the box, or that concern its system.
    """
    caller = who()
    if caller.via == "key":
        known = configuration.get(caller.user, box)["settings"].items()
        changed = {name for name, _ in known ^ body.settings.items()}
        if any(name.startswith(("remote.", "system.")) for name in changed):
            raise Forbidden("a key must not change that; do it on the page")
    return _tagged(configuration.put(caller.user, box, body.settings, _seen()))
