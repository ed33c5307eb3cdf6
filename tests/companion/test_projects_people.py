"""Who works on a project: invited, let in, talked to, removed."""

import itertools

import pytest

from companion.accounts.models import User
from companion.database import connection, now
from companion.projects import invitations
from companion.projects.models import Invitation
from tests.companion.people import PASSWORD, Person
from tests.companion.shared import let_in, mails, prove, secret_in, set_tier

pytestmark = pytest.mark.slow


@pytest.fixture
def project(mira):
    return mira.post("/projects", {"title": "Night bus"}).json["id"]


def ask(mira, project, email, role="editor"):
    """Invite; the answer's body."""
    answer = mira.post(f"/projects/{project}/invitations", {"email": email, "role": role})
    assert answer.status_code == 201, answer.json
    return answer.json


def mailed_secret(app, email):
    """The secret of the newest mail to an address."""
    subject, text = mails(app, email)[-1]
    assert "Night bus" in subject
    return secret_in(text)


def test_who_is_invited_by_mail_sees_accepts_and_works(app, mira, noor, project):
    ask(mira, project, noor.email)
    secret = mailed_secret(app, noor.email)
    offered = noor.post("/project-invitations/look", {"secret": secret}).json
    assert (offered["title"], offered["inviter_name"], offered["role"]) == ("Night bus", "Mira", "editor")
    assert noor.post("/project-invitations/accept", {"secret": secret}).json == {"project": project}
    assert noor.patch(f"/projects/{project}", {"notes": "hello"}).status_code == 200
    people = [(row["name"], row["role"]) for row in mira.get(f"/projects/{project}/members").json]
    assert people == [("Mira", "owner"), ("Noor", "editor")]
    assert mira.get("/notices").json["items"][0]["text"] == 'Noor works on "Night bus" now'


def test_an_unproved_address_shows_and_accepts_no_invitation(app, mira, project):
    ask(mira, project, "victim@example.org")
    thief = Person(app, "Thief", email="victim@example.org")
    assert thief.get("/project-invitations").json == []
    with connection():
        number = Invitation.get().id
    assert thief.post(f"/project-invitations/{number}/accept").status_code == 404
    assert thief.delete(f"/project-invitations/{number}").status_code == 404
    assert thief.get(f"/projects/{project}").status_code == 404
    prove(thief)
    assert [row["id"] for row in thief.get("/project-invitations").json] == [number]


def test_another_who_knows_an_invitations_number_gets_nowhere(app, mira, noor, project):
    number = ask(mira, project, "somebody@example.org")["id"]
    prove(noor)
    assert noor.post(f"/project-invitations/{number}/accept").status_code == 404
    assert noor.delete(f"/project-invitations/{number}").status_code == 404
    assert noor.delete(f"/projects/{project}/invitations/{number}").status_code == 404
    assert noor.post("/project-invitations/accept", {"secret": number, "as_me": True}).status_code == 404


def test_a_link_that_went_to_another_address_asks_before_it_lets_in(app, mira, noor, project):
    ask(mira, project, "noor@work.example.org")
    secret = mailed_secret(app, "noor@work.example.org")
    first = noor.post("/project-invitations/accept", {"secret": secret})
    assert (first.status_code, first.json["invited"]) == (409, "noor@work.example.org")
    assert noor.get(f"/projects/{project}").status_code == 404
    assert noor.post("/project-invitations/accept", {"secret": secret, "as_me": True}).status_code == 200


def test_a_link_lets_one_in_once(app, admin, mira, noor, project):
    ask(mira, project, noor.email)
    secret = mailed_secret(app, noor.email)
    assert noor.post("/project-invitations/accept", {"secret": secret}).status_code == 200
    assert admin.post("/project-invitations/accept", {"secret": secret, "as_me": True}).status_code == 404
    assert admin.get(f"/projects/{project}").status_code == 404


def test_a_withdrawn_replaced_or_old_invitation_is_worthless(app, mira, noor, project):
    withdrawn = ask(mira, project, noor.email)["id"]
    secret = mailed_secret(app, noor.email)
    assert mira.delete(f"/projects/{project}/invitations/{withdrawn}").status_code == 204
    assert noor.post("/project-invitations/accept", {"secret": secret}).status_code == 404
    ask(mira, project, noor.email, "editor")
    replaced = mailed_secret(app, noor.email)
    ask(mira, project, noor.email, "viewer")
    assert noor.post("/project-invitations/accept", {"secret": replaced}).status_code == 404
    assert [row["role"] for row in mira.get(f"/projects/{project}/invitations").json] == ["viewer"]
    old = mailed_secret(app, noor.email)
    with connection():
        Invitation.update(expires=now() - 1).execute()
    assert noor.post("/project-invitations/accept", {"secret": old}).status_code == 404
    assert mira.get(f"/projects/{project}/invitations").json == []
    with connection():
        assert invitations.forget() == 1


def test_an_invitation_to_a_deleted_project_waits_for_it(mira, noor, project):
    prove(noor)
    number = ask(mira, project, noor.email)["id"]
    mira.delete(f"/projects/{project}")
    assert noor.get("/project-invitations").json == []
    assert noor.post(f"/project-invitations/{number}/accept").status_code == 404
    mira.post(f"/projects/{project}/undelete")
    assert noor.post(f"/project-invitations/{number}/accept").status_code == 200


def test_inviting_says_the_same_whether_there_is_an_account_or_not(mira, noor, project):
    set_tier(mira, "core")
    prove(noor)
    known, unknown = ask(mira, project, noor.email), ask(mira, project, "nobody@example.org")
    assert set(known) == set(unknown) == {"id", "email", "role", "created", "expires"}
    assert noor.get("/notices").json["items"][0]["kind"] == "project.invited"


def test_who_was_invited_can_say_no(mira, noor, project):
    prove(noor)
    number = ask(mira, project, noor.email)["id"]
    assert noor.delete(f"/project-invitations/{number}").status_code == 204
    assert noor.post(f"/project-invitations/{number}/accept").status_code == 404
    assert mira.get(f"/projects/{project}/invitations").json == []


def test_an_editor_can_neither_invite_nor_change_roles_nor_remove_others(app, admin, mira, noor, project):
    let_in(noor, mira, project, "editor")
    let_in(admin, mira, project, "viewer")
    mine = f"/projects/{project}"
    assert noor.post(f"{mine}/invitations", {"email": "x@example.org"}).status_code == 403
    assert noor.get(f"{mine}/invitations").status_code == 403
    assert noor.patch(f"{mine}/members/{noor.id}", {"role": "editor"}).status_code == 403
    assert noor.delete(f"{mine}/members/{admin.id}").status_code == 403
    assert noor.put(f"{mine}/archive").status_code == 403


def test_nobody_is_made_an_owner_and_the_owner_cannot_be_removed(mira, noor, project):
    let_in(noor, mira, project, "editor")
    assert mira.patch(f"/projects/{project}/members/{noor.id}", {"role": "owner"}).status_code == 422
    assert mira.delete(f"/projects/{project}/members/{mira.id}").status_code == 403
    assert mira.patch(f"/projects/{project}/members/{mira.id}", {"role": "viewer"}).status_code == 404


def test_who_leaves_sees_nothing_more_and_the_owner_is_told(mira, noor, project):
    let_in(noor, mira, project, "viewer")
    assert noor.delete(f"/projects/{project}/members/{noor.id}").status_code == 204
    assert noor.get(f"/projects/{project}").status_code == 404
    assert mira.get("/notices").json["items"][0]["text"] == 'Noor left "Night bus"'


def test_a_tier_includes_so_many_collaborators_and_open_invitations_count(mira, noor, project):
    let_in(noor, mira, project, "viewer")
    ask(mira, project, "second@example.org")
    third = mira.post(f"/projects/{project}/invitations", {"email": "third@example.org"})
    assert (third.status_code, third.json["type"]) == (403, "/problems/over-quota")
    ask(mira, project, "second@example.org", "editor")  # replacing one takes no place


def test_a_collaborator_has_no_projects_but_works_where_invited(mira, noor, project):
    with connection():
        User.update(access=1).where(User.id == noor.id).execute()
    assert noor.post("/projects", {"title": "Mine"}).status_code == 403
    let_in(noor, mira, project, "editor")
    assert noor.patch(f"/projects/{project}", {"notes": "from a friend"}).status_code == 200
    assert [row["id"] for row in noor.get("/projects").json["items"]] == [project]
    assert noor.get("/boxes").status_code == 403


def test_where_accounts_need_an_invitation_being_asked_to_a_project_is_one(app, mira, project):
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"sign_up": "invited"})
    ask(mira, project, "new@example.org")
    (secret,) = [secret_in(text) for _, text in mails(app, "new@example.org")]
    body = {"email": "new@example.org", "name": "New", "password": PASSWORD, "invitation": secret}
    client = app.test_client()
    strange = client.post("/api/v1/accounts", json=body | {"email": "other@example.org"})
    assert (strange.status_code, "new@example.org" in strange.json["detail"]) == (403, True)
    made = client.post("/api/v1/accounts", json=body)
    assert (made.status_code, made.json["user"]["access"]) == (201, "collaborator")
    assert made.json["user"]["verified"] is True, "the invitation came by mail"
    assert [row["title"] for row in client.get("/api/v1/project-invitations").json] == ["Night bus"]


def test_where_sign_up_is_closed_being_asked_to_a_project_makes_no_account(app, mira, project):
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"sign_up": "closed"})
    ask(mira, project, "new@example.org")
    (secret,) = [secret_in(text) for _, text in mails(app, "new@example.org")]
    body = {"email": "new@example.org", "name": "New", "password": PASSWORD, "invitation": secret}
    assert app.test_client().post("/api/v1/accounts", json=body).status_code == 403


def test_who_signs_up_with_a_project_invitation_where_everybody_may_is_an_artist(app, mira, project):
    ask(mira, project, "new@example.org")
    (secret,) = [secret_in(text) for _, text in mails(app, "new@example.org")]
    body = {"email": "new@example.org", "name": "New", "password": PASSWORD, "invitation": secret}
    user = app.test_client().post("/api/v1/accounts", json=body).json["user"]
    assert (user["access"], user["verified"]) == ("artist", True)


def test_people_talk_at_a_place_in_the_music(mira, noor, project):
    let_in(noor, mira, project, "commenter")
    said = noor.post(f"/projects/{project}/comments", {"text": "the snare is late", "position": 61_500})
    assert said.status_code == 201
    answer = mira.post(f"/projects/{project}/comments", {"text": "moved", "answers": said.json["id"]})
    rows = noor.get(f"/projects/{project}/comments").json["items"]
    assert [(row["text"], row["position"], row["author_name"]) for row in rows] == [
        ("the snare is late", 61_500, "Noor"),
        ("moved", None, "Mira"),
    ]
    assert rows[1]["answers"] == rows[0]["id"]
    assert mira.get("/notices").json["items"][0]["text"] == 'Noor commented on "Night bus": the snare is late'
    done = mira.patch(f"/projects/{project}/comments/{said.json['id']}", {"resolved": True})
    assert done.json["resolved"]
    assert mira.patch(f"/projects/{project}/comments/{said.json['id']}", {"text": "x"}).status_code == 403
    assert noor.delete(f"/projects/{project}/comments/{answer.json['id']}").status_code == 403
    assert noor.delete(f"/projects/{project}/comments/{said.json['id']}").status_code == 204
    assert mira.get(f"/projects/{project}/comments").json["items"] == []


def test_a_viewer_reads_comments_and_makes_none(mira, noor, project):
    let_in(noor, mira, project, "viewer")
    assert noor.get(f"/projects/{project}/comments").status_code == 200
    assert noor.post(f"/projects/{project}/comments", {"text": "hm"}).status_code == 403


def test_a_comment_cannot_answer_or_point_into_another_project(mira, project):
    other = mira.post("/projects", {"title": "Other"}).json["id"]
    comment = mira.post(f"/projects/{other}/comments", {"text": "here"}).json["id"]
    assert mira.post(f"/projects/{project}/comments", {"text": "there", "answers": comment}).status_code == 422
    assert mira.post(f"/projects/{project}/comments", {"text": "there", "item": comment}).status_code == 422
    assert mira.delete(f"/projects/{project}/comments/{comment}").status_code == 404


def test_comments_come_in_pages_oldest_first(mira, project):
    for number in range(5):
        mira.post(f"/projects/{project}/comments", {"text": str(number)})
    seen, after = [], ""
    for _ in itertools.count():
        page = mira.get(f"/projects/{project}/comments", query_string={"limit": 2, "after": after}).json
        seen += [row["text"] for row in page["items"]]
        after = page["next"]
        if not after:
            break
    assert seen == list("01234")
