"""What the page and the service must agree on: texts, addresses, the routes that the page calls."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from companion import site
from companion.accounts import tiers
from companion.boxes import claims, giving
from companion.boxes import service as boxes
from companion.catalogue import models as catalogue
from companion.commanding import models as commanding
from companion.earnings import models as earnings
from companion.health import service as health
from companion.ingest import models as ingest
from companion.jobs import service as jobs
from companion.jobs.models import STATES
from companion.notices import kinds
from companion.projects import comments, history, invitations, items, members
from companion.projects import models as project_models
from companion.projects import service as projects
from companion.transfers import offers
from companion.web.identity import Access
from device.contracts import configuration, deeds
from device.contracts.commands import Permission
from device.contracts.files import Received
from device.contracts.health import Report
from device.contracts.sets import Finished
from device.contracts.status import Offline, Online

SRC = site.DIST.parent / "src"
SOURCES = {path: path.read_text() for path in sorted(SRC.rglob("*.ts*")) if path.name != "en.ts"}
NAMES = re.findall(r"^  '([^']+)':", (SRC / "texts" / "en.ts").read_text(), re.M)
EVERYTHING = "\n".join(SOURCES.values())
only_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def test_every_text_of_the_catalogue_is_used_once_named_and_none_is_written_elsewhere():
    assert len(NAMES) == len(set(NAMES))
    built_up = {match.split("${")[0] for match in re.findall(r"`([a-zA-Z.]+\.\$\{)", EVERYTHING)}
    unused = [
        name
        for name in NAMES
        if f"'{name}'" not in EVERYTHING and not any(name.startswith(start) for start in built_up)
    ]
    assert unused == []
    # a text between tags, or in a label, would be one that nobody can translate
    stray = [
        (path.name, text.strip())
        for path, source in SOURCES.items()
        if path.suffix == ".tsx"
        for text in re.findall(r">\s*([A-Z][a-z]+(?: [a-z]+)+[.!?]?)\s*<", source)
        + re.findall(r"(?:aria-label|title|placeholder|label)=\"([A-Z][a-z]+ [^\"]*)\"", source)
    ]
    assert stray == []


def test_every_text_that_the_sources_name_is_in_the_catalogue():
    named = set(re.findall(r"\bt(?:Or)?\(\s*'([^']+)'", EVERYTHING))
    assert named - set(NAMES) == set()


def _said(module, call):
    """The words at a place of a call in a module's source, such as the third argument of `history.record`."""
    return set(re.findall(call, Path(module.__file__).read_text(encoding="utf-8")))


def _choices(message, field):
    """The words that a field of a message may have."""
    return set(get_args(get_type_hints(message)[field]))


def _words():
    """What the service calls things, by what the page's texts of them begin with."""
    call = r'\bnote\([^\n]*?, "(\w+)"'
    noted = _said(boxes, r'else "(\w+)"\)\n').union(*(_said(module, call) for module in (boxes, claims, giving)))
    modules = (comments, invitations, items, members, projects)
    changed = set().union(*(_said(module, r'history\.record\(\w+, \w+, "(\w+)"') for module in modules))
    return {
        "jobKind": set(jobs._handlers),
        "job": set(STATES),
        "notice": {name for name, kind in kinds.KINDS.items() if kind.mailed},
        "boxEvent": noted,
        "change": changed,
        "field": set(history.FIELDS),
        "status": set(project_models.STATUSES),
        "role": {role.name.lower() for role in project_models.Role},
        "limit": set(tiers.WHATS),
        "tier": set(tiers.TIERS),
        "access": {access.name.lower() for access in Access} - {"public"},
        "part": set(health.CHECKS) | set(catalogue.ROLES),
        "kind": set(catalogue.KINDS),
        "source": set(earnings.SOURCES),
        "letter": set(ingest.STATES),
        "engine": _choices(Online, "engine"),
        "ended": _choices(Finished, "ended"),
        "went": _choices(Offline, "reason"),
        "network": _choices(Report, "network"),
        "command": set(commanding.STATES),
        "argument": {argument.name for deed in deeds.KNOWN.values() for argument in deed.arguments},
        "settings": {name.split(".")[0] for name in configuration.KNOWN},
        "setting": {f"remote.{right}" for right in get_args(Permission)},
        "filePurpose": set(offers.KINDS),
        "fileState": {"waiting", "kept", "put off", "refused", "sent", "failed"} | _choices(Received, "outcome"),
    }


@only_sqlite
def test_what_the_service_calls_things_has_words_on_the_page(app):
    words = _words()
    assert all(words.values())
    assert {f"{start}.{word}" for start, said in words.items() for word in said} - set(NAMES) == set()


def test_every_act_that_an_account_is_told_of_has_words():
    companion = SRC.parents[1]
    code = [path.read_text(encoding="utf-8") for path in companion.rglob("*.py")]
    # what has no actor is in nobody's list
    acts = {act for source in code for act in re.findall(r'audit\.record\(\s*f?"([^"]+)",(?!\s*\w+=)', source)}
    for path in (companion / "accounts").rglob("*.py"):
        acts |= set(re.findall(r'\bnote\(\s*[\w.]+,\s*"([^"]+)"', path.read_text(encoding="utf-8")))
    templates = {act for act in acts if "{" in act}
    assert templates == {"box.{why}", "project.{what}"}
    acts |= {f"box.{why}" for source in code for why in re.findall(r'revoke\([^\n]*"(\w+)"\)', source)}
    acts |= {f"project.{what}" for what in ("left", "removed")}
    assert {"earnings.posted", "sign-in", "box.left", "user.tier"} < acts
    assert {act for act in acts - templates if f"act.{act}" not in NAMES} == set()


@only_sqlite
def test_every_right_of_a_key_has_words(admin):
    scopes = admin.get("/account/keys").json["scopes"]
    assert [scope for scope in scopes if f"scope.{scope}" not in NAMES] == []


CALLS = {"get": "get", "useLoad": "get", "useList": "get", "post": "post", "patch": "patch", "edit": "patch",
         "put": "put", "remove": "delete"}  # fmt: skip
CALL = re.compile(r"(?<![.\w])(get|useLoad|useList|post|patch|edit|put|remove)(?:<[^\n(]*>)?\(([^\n]*)")
PLAIN = re.compile(r"(?<![.\w])call(?:<[^\n(]*>)?\(\s*([^\n,]*),\s*([`'][^`']*[`'])")
CONSTANT = re.compile(r"const (\w*[pP]ath) = (?:\([^)]*\) => )?[`']([^`']*)[`']")


def _spread(literal, constants):
    """An address with {} for what is filled in, for each meaning that its first constant has in the file."""
    begins = re.match(r"\$\{(\w*[pP]ath)(?:\([^)]*\))?\}", literal)
    heads = constants.get(begins[1], []) if begins else [""]
    rest = literal[begins.end() :] if begins else literal
    for head in heads:
        address = re.sub(r"\$\{query\(.*|\$\{\w+ [?&].*|\?.*", "", head + rest)
        yield re.sub(r"\$\{[^}]*\}", "{}", address)


def _called():
    """What the page calls: (file, line, methods, addresses), of which one must be a route."""
    for path, source in SOURCES.items():
        constants = {}
        for name, value in CONSTANT.findall(source):
            constants.setdefault(name, []).append(value)
        for number, line in enumerate(source.splitlines(), 1):
            found = [([CALLS[name]], rest) for name, rest in CALL.findall(line)]
            found += [(re.findall(r"'([A-Z]+)'", method.lower().upper()), rest) for method, rest in PLAIN.findall(line)]
            for methods, rest in found:
                literal = re.search(r"[`'](/[^`']*|\$\{\w*[pP]ath(?:\([^)]*\))?\}[^`']*)[`']", rest)
                bare = re.match(r"(\w*[pP]ath)\b(?:\([^)]*\))?[,)]", rest)
                text = f"${{{bare[1]}}}" if bare else literal[1] if literal else None
                addresses = list(_spread(text, constants)) if text else []
                if addresses:
                    yield path.name, number, [method.lower() for method in methods], addresses


@only_sqlite
def test_every_call_of_the_page_is_a_route_of_the_api(app):
    told = app.test_client().get("/api/v1/openapi.json").json["paths"]
    routes = [
        (method, re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")).split("/"))
        for path, methods in told.items()
        for method in methods
    ]

    def known(method, address):
        words = address.split("/")
        return any(
            one == method
            and len(route) == len(words)
            and all(a == b or "{}" in (a, b) for a, b in zip(route, words, strict=True))
            for one, route in routes
        )

    calls = list(_called())
    assert len(calls) > 110
    wrong = [
        (file, line, methods, addresses)
        for file, line, methods, addresses in calls
        if not all(any(known(method, address) for address in addresses) for method in methods)
    ]
    assert wrong == []
    assert any("/project-invitations" in addresses for *_, addresses in calls)


PATTERNS = re.findall(r"pattern: '([^']+)'", (SRC / "shell" / "shell.tsx").read_text())


def _shown(address):
    shapes = [re.sub(r":\w+", "[^/]+", pattern) + "$" for pattern in PATTERNS]
    return any(re.match(shape, address) for shape in shapes)


def test_every_address_of_the_page_is_served_and_every_notice_leads_to_one():
    assert {pattern.split("/")[1] for pattern in PATTERNS} - {""} <= set(site.PLACES)
    links = {name: re.sub(r"\{\w+\}", "x", kind.link) for name, kind in kinds.KINDS.items()}
    assert {name: link for name, link in links.items() if not _shown(link)} == {}
    hrefs = {
        re.sub(r"\?.*|\$\{name &&.*", "", re.sub(r"\$\{[^}&]*\}", "x", href))
        for href in re.findall(r"href(?:=|: \(?\w*\)? =>|=\{)\s*[\"'{`]+(/[^\"'`]*)", EVERYTHING)
    }
    doors = {"/sign-in", "/sign-up", "/forgot"}
    assert {href for href in hrefs if not _shown(href) and not href.startswith("/api/")} <= doors
