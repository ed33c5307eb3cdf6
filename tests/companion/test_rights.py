"""A walk over every route of the API, as everybody: who has no business there is turned away, and learns nothing."""

import logging
import re
from dataclasses import replace

import pytest

from companion.projects import service
from companion.projects.models import Project, Role
from companion.web.identity import Access
from tests.companion.rights import CASES
from tests.companion.world import MARK, World

REFUSED = (401, 403, 404)
ROLES = (Access.COLLABORATOR, Access.ARTIST, Access.ADMIN)


@pytest.fixture
def routes(app):
    """(endpoint, method, rule) of every route below /api and /graphql."""
    rules = app.extensions["rules"]
    found = []
    for route in app.url_map.iter_rules():
        if route.rule.startswith(("/api/", "/graphql")):
            for method in sorted(route.methods - {"HEAD", "OPTIONS"} or {"OPTIONS"}):
                found.append((route.endpoint, method, rules[route.endpoint]))
    return found


class Walk:
    """Calls routes as everybody and gathers what was not as it must be."""

    def __init__(self, app):
        self.world, self.wrong = World(app), []
        self._app, self._urls = app, app.url_map.bind("localhost")
        routes = app.url_map.iter_rules()
        self._paths = {(route.endpoint, method): route.rule for route in routes for method in route.methods}
        self._scopes = {rule.scope for rule in app.extensions["rules"].values() if rule.scope}

    def route(self, endpoint, method, rule):
        """One route, by all."""
        call = CASES[endpoint](self.world)
        url = self.url(endpoint, method, call)
        here = f"{method} {url} ({endpoint})"
        self._nobody(here, method, url, rule, call)
        self._others(here, method, url, rule, call)
        if rule.access > Access.PUBLIC:
            self._keys_that_must_not(here, method, url, rule, call)
        self._who_may(here, method, url, rule, call)
        if rule.scope:
            call = CASES[endpoint](self.world)
            key = self.world.key(self.world.mira, {rule.scope})
            answer = self.by_key(key, method, self.url(endpoint, method, call), call)
            self._expect(here, "her key with the scope", answer, call.answers)

    def path(self, endpoint, method):
        """The path of a route, with its arguments in angle brackets."""
        return self._paths[endpoint, method]

    def url(self, endpoint, method, call):
        """The address, with the path's arguments in their order, whatever the route calls them."""
        names = re.findall(r"<(?:[^<>:]+:)?(\w+)>", self.path(endpoint, method))
        assert len(names) == len(call.path), f"{endpoint} has the arguments {names}, the register {list(call.path)}"
        return self._urls.build(endpoint, dict(zip(names, call.path.values(), strict=True)), method)

    def _nobody(self, here, method, url, rule, call):
        answer = self._send(self._app.test_client(), {}, method, url, call)
        if rule.access > Access.PUBLIC:
            self._refused(here, "nobody", answer, (401,))
        self._silent(here, "nobody", answer)

    def _others(self, here, method, url, rule, call):
        for role in ROLES:
            enough = role >= rule.access
            if enough and rule.access is Access.ADMIN:
                continue  # administrators are who may
            acts = enough and not call.hers and rule.access > Access.PUBLIC
            person = self.world.somebody(role) if acts else self.world.stranger(role)
            answer = self.by_page(person, method, url, call)
            name = f"another {role.name.lower()}"
            if not enough:
                self._refused(here, name, answer, (403,))
            elif call.hers:
                self._refused(here, name, answer, REFUSED)
            self._silent(here, name, answer)

    def _keys_that_must_not(self, here, method, url, rule, call):
        mira = self.world.mira
        answer = self.by_key(self.world.key(mira, self._scopes - {rule.scope}), method, url, call)
        self._refused(here, "her key without the scope", answer, (403,))
        if rule.scope and call.hers:
            key = self.world.key(self.world.stranger(Access.ARTIST), self._scopes)
            answer = self.by_key(key, method, url, call)
            self._refused(here, "another's key with all scopes", answer, REFUSED)
            self._silent(here, "another's key", answer)

    def _who_may(self, here, method, url, rule, call):
        if rule.access is Access.ADMIN:
            person = self.world.admin
        else:
            person = self.world.mira if call.hers else self.world.somebody(Access.ARTIST)
        self._expect(here, "who may", self.by_page(person, method, url, call), call.answers)

    def by_page(self, person, method, url, call):
        return self._send(person.client, {"X-CSRF-Token": person.csrf}, method, url, call)

    def by_key(self, key, method, url, call):
        return self._send(self._app.test_client(), {"Authorization": f"Bearer {key}"}, method, url, call)

    @staticmethod
    def _send(client, headers, method, url, call):
        return client.open(url, method=method, **call.sent | {"headers": headers | call.sent.get("headers", {})})

    def _expect(self, here, who, answer, statuses):
        if answer.status_code not in (statuses or range(200, 300)):
            self.wrong.append(f"{here}: {who} got {answer.status_code} {answer.text[:200]}")

    def _refused(self, here, who, answer, statuses):
        if answer.status_code not in statuses:
            self.wrong.append(f"{here}: {who} got {answer.status_code}, not {statuses}: {answer.text[:200]}")

    def _silent(self, here, who, answer):
        if MARK in answer.get_data().decode("latin-1").lower():
            self.wrong.append(f"{here}: {who} was told something of Mira's: {answer.text[:200]}")


def test_every_route_is_in_the_register_of_the_walk(routes):
    known = {endpoint for endpoint, _, _ in routes}
    new = sorted(known - CASES.keys())
    assert not new, (
        f"tests/companion/rights.py does not say how {', '.join(new)} is called: add to CASES `hers(...)` with "
        "something of Mira's in the path, or `own(...)` when it concerns whoever calls"
    )
    assert not CASES.keys() - known, "the register has routes that are no more"


@pytest.mark.slow
def test_who_has_no_business_on_a_route_is_turned_away_and_learns_nothing(app, routes, caplog):
    caplog.set_level(logging.CRITICAL)  # jobs that are retried here fail, as they must
    walk = Walk(app)
    for endpoint, method, rule in routes:
        if endpoint in CASES:  # the test above tells of others
            walk.route(endpoint, method, rule)
    assert not walk.wrong, "\n".join(walk.wrong)


def test_the_walk_finds_a_route_that_lets_strangers_in(app, monkeypatch):
    """The walk itself works: a view that forgets whose project it is does not get past it."""

    def careless(_user, project):
        row = Project.get_by_id(project)
        return row.__data__ | {"role": "owner", "owner_name": ""}

    monkeypatch.setattr(service, "get", careless)
    walk = Walk(app)
    walk.route("projects.get_project", "GET", app.extensions["rules"]["projects.get_project"])
    assert any("another artist got 200" in line for line in walk.wrong)
    assert any("was told something of Mira's" in line for line in walk.wrong)


def test_graphql_tells_its_asker_and_a_key_no_more_than_its_scopes(app):
    walk = Walk(app)
    call = CASES["graphql"](walk.world)
    told = walk.by_page(walk.world.mira, "POST", "/graphql", call).json["data"]
    assert {told["project"]["title"], told["track"]["title"], told["boxes"][0]["name"]} == {MARK}
    key = walk.world.key(walk.world.mira, {"graphql", "tracks:read"})
    alone = {"query": call.sent["json"]["query"].replace("boxes { name }", "")}
    told = walk.by_key(key, "POST", "/graphql", replace(call, sent={"json": alone})).json
    assert told["data"] is None or (told["data"]["project"], told["data"]["track"]) == (None, {"title": MARK})
    assert any("projects:read" in error["message"] for error in told["errors"])


# What a route asks of a member: every route of a project is here, and each lesser role is refused.
LEAST = {
    Role.VIEWER: ("get_project", "list_changes", "list_members", "list_comments", "list_items"),
    Role.COMMENTER: ("make_comment",),
    Role.EDITOR: ("edit_project", "restore_project", "edit_item", "detach_item", "edit_comment"),
    Role.OWNER: (
        "delete_project",
        "archive_project",
        "reopen_project",
        "change_role",
        "remove_member",
        "delete_comment",
        "list_invitations",
        "invite",
        "revoke_invitation",
    ),
}
APART = ("attach_item", "undelete_project")  # asks for music of one's own; is not seen by members at all


def test_each_role_in_a_project_may_what_it_may_and_no_more(app, routes):
    walk = Walk(app)
    inside = [row for row in routes if "/projects/<project>" in walk.path(*row[:2])]
    asked = {f"projects.{name}": role for role, names in LEAST.items() for name in names}
    apart = {f"projects.{name}" for name in APART}
    assert {endpoint for endpoint, _, _ in inside} - apart == asked.keys(), "LEAST has to name every route of a project"
    for endpoint, method, _ in inside:
        if endpoint in apart:
            continue
        for role in (Role.VIEWER, Role.COMMENTER, Role.EDITOR):
            call = CASES[endpoint](walk.world)
            if endpoint == "projects.edit_comment":  # another's words are their own; editors may mark them as done with
                call = replace(call, sent={"json": {"resolved": True}})
            person = walk.world.member(call.path["project"], role.name.lower(), Access.ARTIST)
            answer = walk.by_page(person, method, walk.url(endpoint, method, call), call)
            enough = role >= asked[endpoint]
            assert (answer.status_code < 300) == enough, (endpoint, role.name, answer.text)
            assert enough or answer.status_code == 403, (endpoint, role.name, answer.text)
