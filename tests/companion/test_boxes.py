"""Boxes: claimed by the code on their screen, named, reported, given away, revoked."""

import threading

import pytest

from companion.boxes import claims, service
from companion.boxes.claims import PublicInfo
from companion.boxes.models import Box, BoxEvent, ClaimOffer, ClaimTries
from companion.boxes.service import Status
from companion.database import connection, now
from companion.errors import Conflict, Invalid, Problem
from tests.companion.shared import mails, prove, set_tier

BOX = PublicInfo("box-0001", "Studio box", "rack-1", "ab:cd")


def show(code="7K2M9QXP", box=BOX):
    """Let a box show a code."""
    with connection():
        claims.offer_claim(code, box)


@pytest.fixture
def box(mira):
    show()
    answer = mira.post("/boxes/claims", {"code": "7K2M-9QXP"})
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def say(box, at, **values):
    with connection():
        return service.report(box, Status(at, **{"online": True} | values))


def test_a_box_is_claimed_by_its_code_however_it_is_typed(mira):
    show("0100-1000")
    answer = mira.post("/boxes/claims", {"code": " olOo 1ooo "})
    assert (answer.status_code, answer.json["name"]) == (201, "Studio box")
    assert [row["id"] for row in mira.get("/boxes").json] == ["box-0001"]
    assert mira.get("/notices").json["items"][0]["text"] == "Studio box is yours now"


def test_a_code_is_good_once_and_for_ten_minutes(mira, noor):
    show()
    assert mira.post("/boxes/claims", {"code": "7K2M9QXP"}).status_code == 201
    assert noor.post("/boxes/claims", {"code": "7K2M9QXP"}).status_code == 404
    show("AAAAAAAA", PublicInfo("box-0002", "Other", "rack-1", ""))
    with connection():
        ClaimOffer.update(expires=now() - 1).execute()
    assert noor.post("/boxes/claims", {"code": "AAAAAAAA"}).status_code == 404
    with connection():
        assert claims.forget() == 1


def test_a_new_code_replaces_the_one_that_the_box_showed_before(mira):
    show("AAAAAAAA")
    show("BBBBBBBB")
    assert mira.post("/boxes/claims", {"code": "AAAAAAAA"}).status_code == 404
    assert mira.post("/boxes/claims", {"code": "BBBBBBBB"}).status_code == 201


def test_after_five_wrong_codes_the_right_one_is_refused_too_until_ten_minutes_are_over(mira):
    show()
    for number in range(5):
        assert mira.post("/boxes/claims", {"code": f"AAAAAAA{number}"}).status_code == 404
    refused = mira.post("/boxes/claims", {"code": "7K2M9QXP"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    with connection():
        ClaimTries.update(since=now() - claims.LIFE_MS - 1).execute()
    assert mira.post("/boxes/claims", {"code": "7K2M9QXP"}).status_code == 201


def test_guesses_under_idempotency_keys_count_as_well(mira):
    answers = [
        mira.post("/boxes/claims", {"code": "AAAAAAAA"}, headers={"Idempotency-Key": str(number)}).status_code
        for number in range(7)
    ]
    assert answers == [404] * 5 + [429] * 2


def test_many_guesses_at_the_same_moment_are_five(mira):
    barrier, outcomes = threading.Barrier(8), []

    def guess():
        with connection():
            barrier.wait()
            try:
                claims.claim(mira.id, "AAAAAAAA")
            except Problem as problem:
                outcomes.append(problem.status)

    guessers = [threading.Thread(target=guess) for _ in range(8)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()
    assert sorted(outcomes) == [404] * 5 + [429] * 3


def test_of_two_who_type_the_same_code_at_the_same_moment_one_gets_the_box(mira, noor):
    show()
    barrier, winners = threading.Barrier(2), []

    def type_it(person):
        with connection():
            barrier.wait()
            try:
                claims.claim(person.id, "7K2M9QXP")
                winners.append(person.id)
            except Problem:
                pass

    typists = [threading.Thread(target=type_it, args=(person,)) for person in (mira, noor)]
    for typist in typists:
        typist.start()
    for typist in typists:
        typist.join()
    with connection():
        assert [row.owner_id for row in Box.select()] == winners
    assert len(winners) == 1


def test_somebodys_box_is_not_claimed_by_whoever_gets_hold_of_it(mira, noor, box):
    show("BBBBBBBB")
    assert noor.post("/boxes/claims", {"code": "BBBBBBBB"}).status_code == 409
    assert mira.get(f"/boxes/{box}").status_code == 200


def test_what_is_no_code_is_refused_and_two_boxes_show_two_codes(mira):
    for wrong in ("", "short", "AAAAAAAAA", "AAAA!AAA"):
        assert mira.post("/boxes/claims", {"code": wrong}).status_code == 422
    show("AAAAAAAA")
    with pytest.raises(Conflict):
        show("AAAA-AAAA", PublicInfo("box-0002", "Other", "rack-1", ""))
    with pytest.raises(Invalid):
        show("BBBBBBBB", PublicInfo("../etc", "Other", "rack-1", ""))


def test_a_tier_includes_so_many_boxes(mira, box):
    show("BBBBBBBB", PublicInfo("box-0002", "Second", "rack-1", ""))
    assert mira.post("/boxes/claims", {"code": "BBBBBBBB"}).json["type"] == "/problems/over-quota"
    set_tier(mira, "core")
    assert mira.post("/boxes/claims", {"code": "BBBBBBBB"}).status_code == 201


def test_another_sees_and_changes_nothing_of_a_box(noor, box):
    assert noor.get("/boxes").json == []
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/activity", None),
        ("PUT", "/offer", {"email": "x@example.org"}),
        ("DELETE", "/offer", None),
    ):
        assert noor._call(method, f"/boxes/{box}{path}", json=body).status_code == 404


def test_a_box_is_renamed_and_found_by_its_name(mira, box):
    assert mira.patch(f"/boxes/{box}", {"name": "Tour box"}).json["name"] == "Tour box"
    assert len(mira.get("/boxes?search=tour").json) == 1
    assert mira.get("/boxes?search=studio").json == []


def test_what_a_box_reports_is_shown(mira, box):
    status = {"versions": {"system": "1.2"}, "storage_used": 5, "storage_total": 10, "playing": "Night bus"}
    assert say(box, 1000, **status)
    found = mira.get(f"/boxes/{box}").json
    assert {key: found[key] for key in status} == status
    assert found["online"]
    assert found["seen"]
    kinds = [row["kind"] for row in mira.get(f"/boxes/{box}/activity").json["items"]]
    assert kinds == ["version", "online", "claimed"]


def test_a_report_that_comes_twice_or_late_changes_nothing(mira, box):
    assert say(box, 2000, playing="Second")
    assert not say(box, 2000, playing="Again")
    assert not say(box, 1000, playing="First")
    assert mira.get(f"/boxes/{box}").json["playing"] == "Second"
    assert not say("box-none", 3000)


def test_a_box_that_says_nothing_for_minutes_is_not_online(mira, box):
    say(box, 1000, playing="Night bus")
    with connection():
        Box.update(seen=now() - service.LOST_MS - 1).execute()
    found = mira.get(f"/boxes/{box}").json
    assert (found["online"], found["playing"]) == (False, "")


def test_a_box_is_given_to_whom_takes_it_with_the_proved_address(app, mira, noor, box):
    say(box, 1000)
    assert mira.put(f"/boxes/{box}/offer", {"email": noor.email}).json["given_to"] == noor.email
    assert "Studio box" in mails(app, noor.email)[-1][1]
    assert noor.get("/boxes/offers").json == []
    assert noor.post(f"/boxes/offers/{box}/accept").status_code == 404
    prove(noor)
    assert [(row["name"], row["giver"]) for row in noor.get("/boxes/offers").json] == [("Studio box", "Mira")]
    assert noor.post(f"/boxes/offers/{box}/accept").json["given_to"] == ""
    assert mira.get(f"/boxes/{box}").status_code == 404
    assert mira.get("/notices").json["items"][0]["text"] == "the box Studio box belongs to Noor now"
    # what happened before is not the new owner's to see
    assert [row["kind"] for row in noor.get(f"/boxes/{box}/activity").json["items"]] == ["taken"]


def test_a_box_that_is_kept_after_all_or_declined_stays(app, mira, noor, box):
    prove(noor)
    mira.put(f"/boxes/{box}/offer", {"email": noor.email})
    assert mira.delete(f"/boxes/{box}/offer").json["given_to"] == ""
    assert noor.post(f"/boxes/offers/{box}/accept").status_code == 404
    mira.put(f"/boxes/{box}/offer", {"email": noor.email})
    assert noor.delete(f"/boxes/offers/{box}").status_code == 204
    assert noor.post(f"/boxes/offers/{box}/accept").status_code == 404
    mira.put(f"/boxes/{box}/offer", {"email": noor.email})
    with connection():
        Box.update(heir_until=now() - 1).execute()
    assert noor.post(f"/boxes/offers/{box}/accept").status_code == 404
    assert mira.get(f"/boxes/{box}").status_code == 200


def test_a_revoked_box_is_nobodys_hears_nothing_and_can_be_claimed_by_another(mira, noor, box):
    assert mira.delete(f"/boxes/{box}").status_code == 204
    assert mira.get("/boxes").json == []
    assert not say(box, 5000)
    show("BBBBBBBB")
    assert noor.post("/boxes/claims", {"code": "BBBBBBBB"}).status_code == 201
    assert [row["kind"] for row in noor.get(f"/boxes/{box}/activity").json["items"]] == ["claimed"]


def test_what_happened_ninety_days_ago_is_forgotten(mira, box):
    with connection():
        assert service.forget() == 0
        BoxEvent.update(at=now() - service.KEEP_MS - 1).execute()
        assert service.forget() == 1
