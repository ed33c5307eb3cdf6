"""Projects: made, edited by several, found, put away and taken back."""

import threading

import pytest

from companion.catalogue.models import Track
from companion.database import connection, database, now
from companion.projects import history, items, service, setup
from companion.projects.models import Project
from tests.companion.sending import send
from tests.companion.shared import let_in
from tests.companion.sounds import picture, wav


def own_track(person, title):
    """A track of somebody's, without sound."""
    with connection():
        return Track.create(owner=person.id, title=title, title_sort=title.lower()).id


@pytest.fixture
def project(mira):
    answer = mira.post("/projects", {"title": "Night bus", "tempo": 124, "key": "F#m"})
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def test_a_project_has_what_it_was_made_with(mira, project):
    found = mira.get(f"/projects/{project}").json
    assert (found["title"], found["tempo"], found["key"]) == ("Night bus", 124.0, "F#m")
    assert (found["role"], found["owner"], found["status"]) == ("owner", mira.id, "idea")


def test_another_sees_nothing_of_it(noor, project):
    assert noor.get(f"/projects/{project}").status_code == 404
    assert noor.patch(f"/projects/{project}", {"title": "Mine"}).status_code == 404
    assert noor.get("/projects").json == {"items": [], "next": ""}


def test_who_edits_what_another_changed_meanwhile_is_told_and_changes_nothing(app, mira, noor, project):
    let_in(noor, mira, project, "editor")
    seen = mira.get(f"/projects/{project}").headers["ETag"]
    also_seen = noor.get(f"/projects/{project}").headers["ETag"]
    first = mira.patch(f"/projects/{project}", {"notes": "a slower bridge"}, headers={"If-Match": seen})
    assert first.status_code == 200
    late = noor.patch(f"/projects/{project}", {"notes": "no bridge"}, headers={"If-Match": also_seen})
    assert (late.status_code, late.json["type"]) == (412, "/problems/changed-meanwhile")
    assert mira.get(f"/projects/{project}").json["notes"] == "a slower bridge"
    again = noor.get(f"/projects/{project}").headers["ETag"]
    assert noor.patch(f"/projects/{project}", {"notes": "none"}, headers={"If-Match": again}).status_code == 200


def test_of_two_who_save_at_the_same_moment_one_is_told(mira, project):
    version = mira.get(f"/projects/{project}").json["version"]
    barrier, outcomes = threading.Barrier(2), []

    def save(title):
        with connection():
            barrier.wait()
            try:
                service.edit(mira.id, project, {"title": title}, version)
                outcomes.append(title)
            except service.Stale:
                outcomes.append(None)

    writers = [threading.Thread(target=save, args=(title,)) for title in ("One", "Other")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert outcomes.count(None) == 1
    assert mira.get(f"/projects/{project}").json["title"] in outcomes


def test_what_two_change_in_different_fields_without_a_tag_is_kept_of_both(mira, noor, project):
    let_in(noor, mira, project, "editor")
    assert mira.patch(f"/projects/{project}", {"tempo": 126}).status_code == 200
    assert noor.patch(f"/projects/{project}", {"status": "mixing"}).status_code == 200
    found = mira.get(f"/projects/{project}").json
    assert (found["tempo"], found["status"]) == (126.0, "mixing")


def test_a_viewer_and_a_commenter_cannot_edit_but_an_editor_can(app, mira, noor, project):
    for role, status in (("viewer", 403), ("commenter", 403), ("editor", 200)):
        if role == "viewer":
            let_in(noor, mira, project, role)
        else:
            assert mira.patch(f"/projects/{project}/members/{noor.id}", {"role": role}).status_code == 200
        assert noor.get(f"/projects/{project}").json["role"] == role
        assert noor.patch(f"/projects/{project}", {"status": "mixing"}).status_code == status
        assert noor.delete(f"/projects/{project}").status_code == 403


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"tempo": 5}, {"key": "H"}, {"status": "sold"}, {"owner": "x"}, {"cover": "nobodys"}]
)
def test_what_does_not_fit_is_refused(mira, project, wrong):
    assert mira.patch(f"/projects/{project}", wrong).status_code == 422


def test_every_change_is_in_the_history_with_who_and_what(mira, noor, project):
    let_in(noor, mira, project, "editor")
    noor.patch(f"/projects/{project}", {"title": "Day bus", "tempo": 130})
    newest = mira.get(f"/projects/{project}/history").json["items"][0]
    assert (newest["what"], newest["actor_name"]) == ("edited", "Noor")
    assert newest["before"] == {"title": "Night bus", "tempo": 124.0}
    assert newest["after"] == {"title": "Day bus", "tempo": 130.0}


def test_saving_without_a_change_leaves_no_line(mira, project):
    before = mira.get(f"/projects/{project}/history").json["items"]
    mira.patch(f"/projects/{project}", {"title": "Night bus"})
    assert mira.get(f"/projects/{project}/history").json["items"] == before


def test_notes_that_somebody_goes_on_typing_are_one_change(mira, project):
    for text in ("b", "br", "bridge"):
        mira.patch(f"/projects/{project}", {"notes": text})
    lines = mira.get(f"/projects/{project}/history").json["items"]
    assert [(line["what"], line["before"].get("notes"), line["after"]["notes"]) for line in lines[:-1]] == [
        ("edited", "", "bridge")
    ]


def test_an_earlier_state_comes_back_with_fields_and_music(app, mira, project):
    track = own_track(mira, "Demo")
    made = mira.post(f"/projects/{project}/items", {"kind": "track", "subject": track})
    assert made.status_code == 201, made.json
    mira.patch(f"/projects/{project}", {"title": "Second"})
    there = mira.get(f"/projects/{project}/history").json["items"][0]["id"]
    mira.patch(f"/projects/{project}", {"title": "Third", "status": "mixing"})
    mira.delete(f"/projects/{project}/items/{made.json[0]['id']}")
    assert mira.get(f"/projects/{project}/items").json == []
    back = mira.post(f"/projects/{project}/restore", {"change": there})
    assert (back.json["title"], back.json["status"]) == ("Second", "idea")
    assert [item["subject"] for item in mira.get(f"/projects/{project}/items").json] == [track]
    # and the way back is a change itself, which can be taken back
    newest = mira.get(f"/projects/{project}/history").json["items"]
    assert {line["what"] for line in newest[:2]} == {"restored"}
    assert mira.post(f"/projects/{project}/restore", {"change": newest[2]["id"]}).json["title"] == "Third"


def test_what_was_said_of_music_that_comes_back_is_at_its_place_again(mira, project):
    item = mira.post(f"/projects/{project}/items", {"kind": "track", "subject": own_track(mira, "Demo")}).json[0]["id"]
    mira.post(f"/projects/{project}/comments", {"text": "late", "item": item, "position": 61_500})
    there = mira.get(f"/projects/{project}/history").json["items"][0]["id"]
    mira.delete(f"/projects/{project}/items/{item}")
    assert mira.get(f"/projects/{project}/comments").json["items"][0]["item"] is None
    assert mira.post(f"/projects/{project}/restore", {"change": there}).status_code == 200
    (said,) = mira.get(f"/projects/{project}/comments?item={item}").json["items"]
    assert (said["text"], said["position"]) == ("late", 61_500)


def test_restoring_brings_nobody_back_who_was_removed_and_none_of_their_music(mira, noor, project):
    let_in(noor, mira, project, "editor")
    noor.post(f"/projects/{project}/items", {"kind": "track", "subject": own_track(noor, "Bass")})
    there = mira.get(f"/projects/{project}/history").json["items"][0]["id"]
    assert mira.delete(f"/projects/{project}/members/{noor.id}").status_code == 204
    assert mira.get(f"/projects/{project}/items").json == []
    assert mira.post(f"/projects/{project}/restore", {"change": there}).status_code == 200
    assert mira.get(f"/projects/{project}/items").json == []
    assert noor.get(f"/projects/{project}").status_code == 404


def test_what_its_owner_took_off_comes_back_by_nobody_else(mira, noor, project):
    let_in(noor, mira, project, "editor")
    track = own_track(noor, "Bass")
    item = noor.post(f"/projects/{project}/items", {"kind": "track", "subject": track}).json[0]["id"]
    there = mira.get(f"/projects/{project}/history").json["items"][0]["id"]
    noor.delete(f"/projects/{project}/items/{item}")
    mira.post(f"/projects/{project}/restore", {"change": there})
    assert mira.get(f"/projects/{project}/items").json == []
    noor.post(f"/projects/{project}/restore", {"change": there})
    assert [row["subject"] for row in mira.get(f"/projects/{project}/items").json] == [track]


def test_a_change_of_another_project_restores_nothing(mira, project):
    other = mira.post("/projects", {"title": "Other"}).json["id"]
    there = mira.get(f"/projects/{other}/history").json["items"][0]["id"]
    assert mira.post(f"/projects/{project}/restore", {"change": there}).status_code == 404


def test_deleting_can_be_taken_back_by_the_owner_until_thirty_days_are_over(mira, noor, project):
    let_in(noor, mira, project, "editor")
    assert mira.delete(f"/projects/{project}").status_code == 204
    assert mira.get(f"/projects/{project}").status_code == 404
    assert noor.get("/projects?state=deleted").json["items"] == []
    assert noor.post(f"/projects/{project}/undelete").status_code == 404
    assert [row["id"] for row in mira.get("/projects?state=deleted").json["items"]] == [project]
    with connection():
        assert service.forget() == 0
    assert mira.post(f"/projects/{project}/undelete").json["title"] == "Night bus"
    assert noor.get(f"/projects/{project}").status_code == 200
    mira.delete(f"/projects/{project}")
    with connection():
        Project.update(deleted=now() - service.KEEP_MS - 1).execute()
        assert service.forget() == 1
    assert mira.post(f"/projects/{project}/undelete").status_code == 404


def test_an_archived_project_is_in_a_list_of_its_own(mira, project):
    assert mira.put(f"/projects/{project}/archive").json["archived"]
    assert mira.get("/projects").json["items"] == []
    assert [row["id"] for row in mira.get("/projects?state=archived").json["items"]] == [project]
    assert mira.delete(f"/projects/{project}/archive").json["archived"] is None
    assert len(mira.get("/projects").json["items"]) == 1


def test_search_finds_words_of_title_and_notes_whatever_their_case_and_accents(mira):
    one = mira.post("/projects", {"title": "Ärger im Café", "notes": "ÉTUDE in 100% wool"}).json["id"]
    mira.post("/projects", {"title": "Something else"})

    def found(words):
        return [row["id"] for row in mira.get("/projects", query_string={"search": words}).json["items"]]

    assert found("cafe arger") == found("étude") == found("100%") == [one]
    assert found("arger else") == []
    ours = mira.post("/projects", {"title": "Żółta Łódź"}).json["id"]
    assert found("zolta lodz") == [ours]
    assert found("_") == []


@pytest.mark.parametrize(("sort", "order"), [("title", "abcde"), ("created", "edcba"), ("changed", "aedcb")])
def test_a_list_comes_in_pages_without_doubles_or_gaps(mira, sort, order):
    with connection(), database.atomic():
        made = [service.create(mira.id, {"title": letter.upper()})["id"] for letter in "abcde"]
        for place, number in enumerate(made):
            Project.update(created=1000 + place, changed=1000 + place).where(Project.id == number).execute()
        Project.update(changed=5000).where(Project.id == made[0]).execute()
    seen, after = "", ""
    while True:
        answer = mira.get("/projects", query_string={"sort": sort, "limit": 2, "after": after}).json
        seen += "".join(row["title"] for row in answer["items"]).lower()
        after = answer["next"]
        if not after:
            break
    assert seen == order


def test_a_cursor_of_another_sort_is_refused(mira):
    for title in "ab":
        mira.post("/projects", {"title": title})
    cursor = mira.get("/projects?sort=title&limit=1").json["next"]
    assert mira.get("/projects", query_string={"sort": "changed", "after": cursor}).status_code == 422


def test_a_tier_includes_so_many_projects_and_deleted_ones_do_not_count(mira):
    numbers = [mira.post("/projects", {"title": str(number)}).json["id"] for number in range(5)]
    full = mira.post("/projects", {"title": "one more"})
    assert (full.status_code, full.json["type"]) == (403, "/problems/over-quota")
    assert mira.delete(f"/projects/{numbers[0]}").status_code == 204
    assert mira.post("/projects", {"title": "one more"}).status_code == 201
    assert mira.post(f"/projects/{numbers[0]}/undelete").status_code == 403


def test_music_of_somebody_else_cannot_be_put_into_a_project(mira, noor, project):
    let_in(noor, mira, project, "editor")
    track = own_track(noor, "Bass")
    assert mira.post(f"/projects/{project}/items", {"kind": "track", "subject": track}).status_code == 422
    assert noor.post(f"/projects/{project}/items", {"kind": "track", "subject": track}).status_code == 201
    assert noor.post(f"/projects/{project}/items", {"kind": "track", "subject": track}).status_code == 409
    assert mira.post(f"/projects/{project}/items", {"kind": "passwords", "subject": track}).status_code == 422


@pytest.mark.parametrize("role", ["viewer", "commenter"])
def test_who_does_not_edit_brings_no_music(mira, noor, project, role):
    let_in(noor, mira, project, role)
    body = {"kind": "track", "subject": own_track(noor, "Bass")}
    assert noor.post(f"/projects/{project}/items", body).status_code == 403


def test_music_is_moved_and_renamed_in_the_project_alone(mira, project):
    for name in ("One", "Two", "Three"):
        rows = mira.post(f"/projects/{project}/items", {"kind": "track", "subject": own_track(mira, name)}).json
    moved = mira.patch(f"/projects/{project}/items/{rows[2]['id']}", {"position": 0, "name": "Opener"}).json
    assert [row["name"] for row in moved] == ["Opener", "One", "Two"]
    assert mira.get(f"/projects/{project}/items").json == moved


def test_what_is_in_a_project_is_shared_with_who_works_on_it_and_no_longer_than_that(mira, noor, project):
    track = own_track(mira, "Demo")
    item = mira.post(f"/projects/{project}/items", {"kind": "track", "subject": track}).json[0]["id"]

    def shared():
        with connection():
            return [row.subject for row in items.shared_with(noor.id, "track")]

    assert shared() == []
    let_in(noor, mira, project, "viewer")
    assert shared() == [track]
    mira.delete(f"/projects/{project}/items/{item}")
    assert shared() == []


def test_what_leaves_the_catalogue_leaves_the_projects(mira, project):
    track = own_track(mira, "Demo")
    mira.post(f"/projects/{project}/items", {"kind": "track", "subject": track})
    assert mira.delete(f"/tracks/{track}").status_code == 204
    assert mira.get(f"/projects/{project}/items").json == []
    assert mira.get(f"/projects/{project}/history").json["items"][0]["what"] == "detached"


def test_who_works_on_a_project_hears_its_music_and_nobody_else_does(mira, noor, project):
    track = send(mira, wav(seconds=0.2))["result"]
    item = mira.post(f"/projects/{project}/items", {"kind": "track", "subject": track}).json[0]["id"]
    sound = f"/recordings/{mira.get(f'/tracks/{track}').json['recording']}/audio"
    assert noor.get(sound).status_code == 404
    let_in(noor, mira, project, "viewer")
    assert noor.get(sound).data == wav(seconds=0.2)
    assert noor.patch(f"/tracks/{track}", {"title": "Mine"}).status_code == 404
    mira.delete(f"/projects/{project}/items/{item}")
    assert noor.get(sound).status_code == 404


def test_who_leaves_takes_their_cover_along(mira, noor, project):
    let_in(noor, mira, project, "editor")
    cover = send(noor, picture(), filename="cover.jpg", purpose="artwork")["file"]
    assert noor.patch(f"/projects/{project}", {"cover": cover}).status_code == 200
    assert mira.get(f"/artwork/{cover}/96").status_code == 200
    there = mira.get(f"/projects/{project}/history").json["items"][0]["id"]
    mira.delete(f"/projects/{project}/members/{noor.id}")
    assert mira.get(f"/projects/{project}").json["cover"] == ""
    assert mira.post(f"/projects/{project}/restore", {"change": there}).json["cover"] == ""
    assert mira.get(f"/artwork/{cover}/96").status_code == 404


def test_a_long_history_keeps_its_newest_changes(mira, project, monkeypatch):
    monkeypatch.setattr(history, "KEEP", 3)
    for tempo in range(100, 106):
        mira.patch(f"/projects/{project}", {"tempo": tempo})
    with connection():
        assert history.forget() == 4
    assert [line["after"]["tempo"] for line in mira.get(f"/projects/{project}/history").json["items"]] == [
        105,
        104,
        103,
    ]


def test_when_somebody_leaves_for_good_their_projects_music_and_words_go(mira, noor, project):
    let_in(noor, mira, project, "editor")
    noor.post(f"/projects/{project}/items", {"kind": "track", "subject": own_track(noor, "Bass")})
    noor.post(f"/projects/{project}/comments", {"text": "my words"})
    own = noor.post("/projects", {"title": "Noor's own"}).json["id"]
    let_in(mira, noor, own, "viewer")
    with connection():
        setup.erase(noor.id)
        setup.erase(noor.id)  # a job may run twice
    assert mira.get(f"/projects/{own}").status_code == 404
    assert mira.get(f"/projects/{project}/items").json == []
    assert mira.get(f"/projects/{project}/comments").json["items"] == []
    assert len(mira.get(f"/projects/{project}/members").json) == 1
    assert mira.get("/notices").json["items"][0]["kind"] == "project.deleted"


def test_an_export_has_ones_projects_and_not_those_of_others(mira, noor, project):
    let_in(noor, mira, project, "viewer")
    with connection():
        assert [row["title"] for row in setup._projects(mira.id)] == ["Night bus"]
        assert list(setup._projects(noor.id)) == []
        assert [row["title"] for row in setup._parts(noor.id)] == ["Night bus"]


@pytest.mark.parametrize("odd", ["%00", "%ff", "..", "x" * 300, "'; drop table project"])
def test_an_odd_number_is_no_project(mira, odd):
    assert mira.get(f"/projects/{odd}").status_code in (400, 404, 422)
