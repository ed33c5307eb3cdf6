"""What who runs the companion sees and does."""

import threading

import pytest

from companion.accounts import stewardship
from companion.admin import flags
from companion.audit import service as audit
from companion.boxes.models import Box
from companion.database import connection, database
from companion.errors import Conflict
from companion.jobs import service as jobs
from companion.jobs.models import Job
from companion.web.identity import Access
from tests.companion.people import PASSWORD


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/admin/overview"),
        ("get", "/admin/users"),
        ("get", "/admin/jobs"),
        ("get", "/admin/audit"),
        ("get", "/admin/audit/verdict"),
        ("get", "/admin/boxes"),
        ("get", "/admin/crashes"),
        ("get", "/admin/logs"),
        ("get", "/admin/flags"),
        ("put", "/admin/flags/x"),
        ("delete", "/admin/flags/x"),
    ],
)
def test_only_administrators_administer(mira, app, method, path):
    assert getattr(mira, method)(path).status_code == 403
    assert app.test_client().open(f"/api/v1{path}", method=method.upper()).status_code == 401


def test_accounts_are_found_by_name_address_role_and_tier(admin, mira, noor):
    everybody = admin.get("/admin/users").json
    assert [row["id"] for row in everybody["items"]] == [noor.id, mira.id, admin.id]
    assert everybody["next"] == ""
    for query in ("search=mira", f"search={mira.email}"):
        assert [row["id"] for row in admin.get(f"/admin/users?{query}").json["items"]] == [mira.id]
    assert [row["id"] for row in admin.get("/admin/users?access=admin").json["items"]] == [admin.id]
    assert admin.get("/admin/users?tier=core").json["items"] == []
    first = admin.get("/admin/users?limit=2").json
    second = admin.get(f"/admin/users?limit=2&after={first['next']}").json
    assert [row["id"] for row in first["items"] + second["items"]] == [noor.id, mira.id, admin.id]


def test_a_search_with_wildcards_finds_only_what_is_written(admin, mira):
    assert admin.get("/admin/users?search=%25").json["items"] == []
    assert admin.get("/admin/users?search=m_ra").json["items"] == []


def test_a_tier_given_is_used_and_written_down(admin, mira):
    changed = admin.patch(f"/admin/users/{mira.id}", {"tier": "pro"}).json
    assert changed["tier"] == "pro"
    assert {row["what"]: row["most"] for row in changed["allowances"]}["boxes"] == 20
    newest = admin.get("/admin/audit?action=user.tier").json["items"][0]
    assert newest["actor"] == admin.id
    assert newest["actor_name"] == "Ada"
    assert newest["subject"] == mira.id
    assert newest["detail"] == {"tier": "pro"}
    assert admin.patch(f"/admin/users/{mira.id}", {"tier": "platinum"}).status_code == 422


def test_who_is_closed_out_is_out_at_once_and_may_come_back(admin, mira):
    assert admin.patch(f"/admin/users/{mira.id}", {"disabled": True}).json["disabled"]
    assert mira.get("/session").status_code == 401
    assert admin.get("/admin/users?disabled=true").json["items"][0]["id"] == mira.id
    assert admin.patch(f"/admin/users/{mira.id}", {"disabled": False}).json["disabled"] is None


def test_a_change_is_all_or_nothing(admin, mira):
    assert admin.patch(f"/admin/users/{mira.id}", {"tier": "platinum", "disabled": True}).status_code == 422
    assert mira.get("/session").status_code == 200


def test_nobody_locks_themselves_out(admin, mira):
    for change in ({"disabled": True}, {"access": "artist"}):
        assert admin.patch(f"/admin/users/{admin.id}", change).status_code == 403
    assert admin.patch(f"/admin/users/{mira.id}", {"access": "admin"}).json["access"] == "admin"
    assert mira.get("/admin/overview").status_code == 200
    assert mira.patch(f"/admin/users/{admin.id}", {"access": "artist"}).status_code == 200
    assert admin.get("/admin/overview").status_code == 403


def test_of_two_administrators_who_demote_each_other_at_once_one_stays(admin, mira):
    with connection():
        stewardship.set_access(stewardship.by_id(mira.id), Access.ADMIN)
    refused = []

    def other():
        with connection():
            try:
                stewardship.set_access(stewardship.by_id(admin.id), Access.ARTIST)
            except Conflict as exc:
                refused.append(exc)

    thread = threading.Thread(target=other)
    with connection(), database.atomic():
        stewardship.set_access(stewardship.by_id(mira.id), Access.ARTIST)
        thread.start()
        thread.join(0.3)
    thread.join()
    assert len(refused) == 1
    assert admin.get("/admin/overview").status_code == 200


def test_who_is_about_to_leave_does_not_count_as_an_administrator(admin, mira):
    admin.patch(f"/admin/users/{mira.id}", {"access": "admin"})
    assert mira.post("/account/deletion", {"password": PASSWORD}).status_code == 202
    with connection(), pytest.raises(Conflict):
        stewardship.set_access(stewardship.by_id(admin.id), Access.ARTIST)


def test_somebody_can_be_signed_out_everywhere(admin, mira):
    assert admin.delete(f"/admin/users/{mira.id}/sessions").json == {"sessions": 1}
    assert mira.get("/session").status_code == 401


def test_who_there_is_none_of_is_not_found(admin):
    assert admin.get("/admin/users/nobody").status_code == 404
    assert admin.patch("/admin/users/nobody", {"tier": "pro"}).status_code == 404
    assert admin.delete("/admin/users/nobody/sessions").status_code == 404


@pytest.fixture
def broken_job(app, mira):
    """A job that fails until `mend` has something in it."""
    mend = []

    @jobs.handler("break")
    def work(_work):
        if not mend:
            raise ValueError("it broke")

    with connection():
        job = jobs.enqueue("break", owner=mira.id)
    yield str(job.id), mend
    jobs._handlers.pop("break")


def test_a_failed_job_is_seen_and_tried_again(admin, mira, broken_job):
    number, mend = broken_job
    (row,) = admin.get("/admin/jobs?state=failed&kind=break").json["items"]
    assert (row["id"], row["owner_name"], row["note"]) == (number, "Mira", "it broke")
    mend.append(True)
    admin.post(f"/admin/jobs/{number}/retry")
    (row,) = admin.get(f"/admin/jobs?owner={mira.id}&kind=break").json["items"]
    assert row["state"] == "done"
    assert admin.get("/admin/audit?action=job.retried").json["items"][0]["subject"] == number
    assert admin.post(f"/admin/jobs/{number}/retry").status_code == 409


def test_a_waiting_job_is_cancelled(admin, mira):
    with connection():
        job = Job.create(kind="never", owner=mira.id)
    assert admin.post(f"/admin/jobs/{job.id}/cancel").json["state"] == "cancelled"
    assert admin.post(f"/admin/jobs/{job.id}/cancel").status_code == 409
    assert admin.post("/admin/jobs/nothing/cancel").status_code == 404


def test_the_audit_log_is_read_by_page_person_and_time(admin, mira):
    for tier in ("core", "pro", "free"):
        admin.patch(f"/admin/users/{mira.id}", {"tier": tier})
    first = admin.get("/admin/audit?action=user.tier&limit=2").json
    second = admin.get(f"/admin/audit?action=user.tier&limit=2&after={first['next']}").json
    tiers = [row["detail"]["tier"] for row in first["items"] + second["items"]]
    assert tiers == ["free", "pro", "core"]
    at = first["items"][0]["at"]
    assert admin.get(f"/admin/audit?since={at + 1}&action=user.tier").json["items"] == []
    assert len(admin.get(f"/admin/audit?until={at + 1}&action=user.tier&subject={mira.id}").json["items"]) == 3
    assert admin.get(f"/admin/audit?actor={mira.id}&action=user.tier").json["items"] == []


def test_the_audit_log_says_whether_it_is_whole(admin):
    verdict = admin.get("/admin/audit/verdict").json
    assert verdict["whole"] is True
    assert verdict["rows"] > 0


def test_the_overview_counts(admin, mira):
    admin.patch(f"/admin/users/{mira.id}", {"tier": "core"})
    seen = admin.get("/admin/overview").json
    assert seen["outbox"].endswith("/outbox"), "no mail_url is set"
    assert (seen["users"], seen["users_active"], seen["users_disabled"]) == (2, 2, 0)
    assert seen["tiers"] == {"free": 0, "core": 1, "pro": 1}, "the first account has the largest"
    assert seen["jobs"]["failed"] == 0
    assert seen["boxes"] == seen["boxes_online"] == 0


def test_a_flag_for_one_is_only_theirs(admin, mira, noor):
    admin.put("/admin/flags/new-player", {"about": "the new player", "users": [mira.id]})
    assert mira.get("/flags").json == {"flags": ["new-player"]}
    assert noor.get("/flags").json == {"flags": []}
    with connection():
        assert flags.on("new-player", mira.id)
        assert not flags.on("new-player", noor.id)
        assert not flags.on("nothing", mira.id)
    admin.put("/admin/flags/new-player", {"percent": 100})
    assert noor.get("/flags").json == {"flags": ["new-player"]}
    (row,) = admin.get("/admin/flags").json
    assert (row["percent"], row["users"]) == (100, [])
    assert admin.delete("/admin/flags/new-player").status_code == 204
    assert mira.get("/flags").json == {"flags": []}
    assert admin.delete("/admin/flags/new-player").status_code == 404
    assert [row["action"] for row in admin.get("/admin/audit?action=flag.").json["items"]] == [
        "flag.removed", "flag.put", "flag.put",
    ]  # fmt: skip


def test_a_flags_name_is_simple(admin):
    for name in ("Has-Capitals", "has space", "x" * 41):
        assert admin.put(f"/admin/flags/{name}", {}).status_code == 422


def test_a_growing_share_keeps_those_it_has():
    people = [f"user{number}" for number in range(2000)]

    def having(percent):
        return {user for user in people if flags.Target("f", "", percent, frozenset(), 0).has(user)}

    assert having(0) == set()
    assert having(100) == set(people)
    assert having(10) < having(30) < having(70)
    assert 0.25 * len(people) < len(having(30)) < 0.35 * len(people)
    other = {user for user in people if flags.Target("g", "", 30, frozenset(), 0).has(user)}
    assert having(30) != other


def test_the_audit_log_names_the_people_and_boxes_that_it_tells_of(app, admin, mira):
    with connection():
        Box.create(id="box-000001", name="Studio rack", model="rack-1", fingerprint="f")
        audit.record("box.claimed", mira.id, "box-000001")
    admin.patch(f"/admin/users/{mira.id}", {"tier": "pro"})
    rows = {row["action"]: row for row in admin.get("/admin/audit").json["items"]}
    claimed, put = rows["box.claimed"], rows["user.tier"]
    assert (claimed["actor_name"], claimed["subject_name"]) == ("Mira", "Studio rack")
    assert (put["actor_name"], put["subject_name"]) == ("Ada", "Mira")
    assert rows["sign-in"]["subject_name"] == "", "a session has no name"
