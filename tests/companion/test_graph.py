"""GraphQL: the same answers and the same rights as the REST API, within limits."""

import pytest

from companion.catalogue.models import Track
from companion.database import connection, database
from companion.graph import cost

pytestmark = pytest.mark.slow


@pytest.fixture
def ask(app):
    """Ask as a person: ask(mira, question, variables)."""

    def asked(person, question, variables=None, **more):
        headers = {"X-CSRF-Token": person.csrf}
        body = {"query": question, "variables": variables, **more}
        return person.client.post("/graphql", json=body, headers=headers)

    return asked


def data(answer):
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json, answer.json
    return answer.json["data"]


def test_who_asks_and_where_they_are_signed_in(ask, mira):
    me = data(ask(mira, "{ me { id email tier verified created sessions { current agent } flags } }"))["me"]
    assert (me["id"], me["email"], me["tier"]) == (mira.id, mira.email, "free")
    assert [row["current"] for row in me["sessions"]] == [True]
    assert isinstance(me["created"], int)
    assert me["flags"] == []


def test_nobody_gets_no_answer_and_no_schema(app):
    answer = app.test_client().post("/graphql", json={"query": "{ __schema { types { name } } }"})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"


def test_the_schema_is_told_to_who_is_signed_in(ask, mira):
    names = {row["name"] for row in data(ask(mira, "{ __schema { types { name } } }"))["__schema"]["types"]}
    assert {"Track", "Project", "Box", "Notice", "Me"} <= names


def test_a_page_of_another_site_cannot_ask(app, mira):
    assert mira.client.post("/graphql", json={"query": "{ me { id } }"}).status_code == 403


@pytest.fixture
def projects(mira):
    return [mira.post("/projects", {"title": f"Project {number}"}).json["id"] for number in range(3)]


def test_projects_are_those_of_the_caller_by_pages(ask, mira, noor, projects):
    question = "query ($after: String!) { projects(limit: 2, after: $after) { items { id title role } next } }"
    first = data(ask(mira, question, {"after": ""}))["projects"]
    second = data(ask(mira, question, {"after": first["next"]}))["projects"]
    assert {row["id"] for row in first["items"] + second["items"]} == set(projects)
    assert second["next"] == ""
    assert data(ask(noor, question, {"after": ""}))["projects"]["items"] == []
    one = "query ($id: ID!) { project(id: $id) { title } }"
    assert data(ask(mira, one, {"id": projects[0]}))["project"] == {"title": "Project 0"}
    assert data(ask(noor, one, {"id": projects[0]}))["project"] is None


def make_track(owner, title):
    with connection():
        return str(Track.create(owner=owner, title=title, title_sort=title.lower()).id)


def test_tracks_are_those_of_the_caller(ask, mira, noor):
    track = make_track(mira.id, "Night drive")
    question = "{ tracks { items { id title own seconds created } next } }"
    (row,) = data(ask(mira, question))["tracks"]["items"]
    assert (row["id"], row["title"], row["own"]) == (track, "Night drive", True)
    assert data(ask(noor, question))["tracks"]["items"] == []
    whole = "query ($id: ID!) { track(id: $id) { title credits { name } recordings { id } markers { start } } }"
    assert data(ask(mira, whole, {"id": track}))["track"]["title"] == "Night drive"
    assert data(ask(noor, whole, {"id": track}))["track"] is None


def test_the_contents_of_all_projects_of_a_page_come_in_one_query(ask, mira, projects):
    track = make_track(mira.id, "Night drive")
    for project in projects:
        answer = mira.post(f"/projects/{project}/items", {"kind": "track", "subject": track})
        assert answer.status_code < 300, answer.text

    def count(question):
        statements = []
        before = database.obj.execute_sql
        database.obj.execute_sql = lambda *words, **options: (statements.append(words[0]), before(*words, **options))[1]
        try:
            found = data(ask(mira, question))["projects"]["items"]
        finally:
            del database.obj.execute_sql
        return len(statements), found

    question = "{ projects(limit: %d) { items { title contents { name subject } } } }"
    one, _ = count(question % 1)
    three, rows = count(question % 3)
    assert three == one
    assert [row["contents"][0]["subject"] for row in rows] == [track] * 3


def test_boxes_and_notices_answer(ask, mira):
    found = data(ask(mira, "{ boxes { id name online } notices { items { text link at read } next } }"))
    assert found["boxes"] == []
    assert found["notices"]["next"] == ""


def test_what_a_field_refuses_is_a_problem_among_the_errors(ask, mira):
    answer = ask(mira, '{ me { id } tracks(sort: "colour") { next } }')
    assert answer.status_code == 200
    (error,) = answer.json["errors"]
    assert error["extensions"]["type"] == "/problems/invalid"
    assert error["extensions"]["status"] == 422
    assert "sorted by" in error["message"]
    assert error["path"] == ["tracks"]


def test_a_cursor_of_another_list_is_refused(ask, mira):
    answer = ask(mira, '{ notices(after: "nonsense") { next } }')
    assert answer.json["errors"][0]["extensions"]["type"] == "/problems/invalid"


def test_a_bug_says_nothing_of_itself(ask, mira, monkeypatch):
    from companion.boxes import service

    def broken(*_words):
        raise RuntimeError("a secret")

    monkeypatch.setattr(service, "listed", broken)
    answer = ask(mira, "{ boxes { id } }")
    assert "a secret" not in answer.text
    assert answer.json["errors"][0]["extensions"]["type"] == "/problems/our-fault"


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("{ me { ", "bad-question"),
        ("{ nothing }", "bad-question"),
        ("query A { me { id } } query B { me { id } }", "bad-question"),
        ("{ me { ...F } } fragment F on Me { ...G } fragment G on Me { ...F }", "bad-question"),
        ("{ a: me { id } " + " ".join(f"a{number}: me {{ id }}" for number in range(20)) + "}", "too-dear"),
        ("{ me " + "{ me " * 8 + "{ id }" + " }" * 9, "too-dear"),
        ("{ tracks(limit: 200) { items { " + " ".join(["id"] * 30) + " } } }", "too-dear"),
        ("{ projects(limit: 200) { items { contents { id name } } } }", "too-dear"),
        ("{ me { id } }" + "#" * cost.MOST_CHARACTERS, "invalid"),
        ("{ me { " + "id " * 3000 + "} }", "too-dear"),
        ("{" * 5000, "bad-question"),
        ("mutation { me { id } }", "bad-question"),
    ],
)
def test_what_is_no_question_or_asks_too_much_is_refused_before_it_is_answered(ask, mira, question, slug):
    answer = ask(mira, question)
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"/problems/{slug}"
    assert mira.client.get(answer.json["type"]).status_code == 200


def test_a_limit_in_a_variable_counts(ask, mira):
    question = "query ($n: Int!) { projects(limit: $n) { items { contents { id name } } } }"
    assert data(ask(mira, question, {"n": 5}))["projects"]["items"] == []
    assert ask(mira, question, {"n": 200}).json["type"] == "/problems/too-dear"
    usual = question.replace("Int!", "Int = 200")
    assert ask(mira, usual).json["type"] == "/problems/too-dear"
    assert data(ask(mira, usual, {"n": 5}))["projects"]["items"] == []
    assert ask(mira, question, {"n": -1}).json["errors"][0]["extensions"]["type"] == "/problems/invalid"


def test_the_fields_of_a_fragment_cost_wherever_it_is_used(ask, mira):
    fragment = "fragment F on Project { contents { id name } }"
    assert ask(mira, "{ projects(limit: 200) { items { ...F } } } " + fragment).json["type"] == "/problems/too-dear"
    inline = "{ projects(limit: 200) { items { ... on Project { contents { id name } } } } }"
    assert ask(mira, inline).json["type"] == "/problems/too-dear"


def test_fragments_that_double_each_other_are_refused_at_once(ask, mira):
    doubling = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(100))
    found = ask(mira, "{ ...F0 } " + doubling + "fragment F100 on Query { me { id } }")
    assert found.json["type"] == "/problems/too-dear"


def test_deep_introspection_is_refused(ask, mira):
    deep = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert ask(mira, deep).json["type"] == "/problems/bad-question"


def test_the_schema_is_not_told_many_times_at_once(ask, mira):
    often = "{" + " ".join(f"a{number}: __schema {{ types {{ name }} }}" for number in range(21)) + "}"
    assert ask(mira, often).json["type"] == "/problems/too-dear"


def test_a_key_asks_only_what_its_scopes_reach(app, mira):
    made = mira.post("/account/keys", {"name": "reader", "scopes": ["graphql", "boxes:read"]})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json['key']}"}
    question = {"query": "{ boxes { id } tracks { next } }"}
    answer = app.test_client().post("/graphql", json=question, headers=headers)
    assert [error["path"] for error in answer.json["errors"]] == [["tracks"]]
    assert "tracks:read" in answer.json["errors"][0]["message"]
    other = mira.post("/account/keys", {"name": "other", "scopes": ["boxes:read"]}).json["key"]
    answer = app.test_client().post("/graphql", json=question, headers={"Authorization": f"Bearer {other}"})
    assert answer.status_code == 403
