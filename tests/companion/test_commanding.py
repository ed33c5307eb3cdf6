"""What an owner has a box do: by right, in time, answered once; and the settings that are wanted of it."""

import threading

import pytest

from companion.boxes.models import Box
from companion.commanding import configuration, service
from companion.commanding.models import BoxCommand, BoxConfiguration
from companion.database import connection, database, new_id, now
from companion.errors import Stale
from companion.events.models import Event
from companion.ingest.models import DeadLetter
from companion.outgoing import service as outgoing
from companion.outgoing.models import OutgoingRow, OutgoingStream
from device.contracts import commands, envelope
from device.contracts.commands import Answered
from device.contracts.configuration import Applied, Refusal, Wanted
from device.contracts.delivery import WINDOW
from device.contracts.receipts import Numbering, Opening
from tests.companion.posts import claimed, message
from tests.companion.shared import prove, set_tier
from tests.companion.stage import online
from tests.companion.test_ingest import dead, parcel, take
from tests.companion.test_sets import Sending

PLAY = {"do": "deck1.play", "arguments": {"value": 1}}


@pytest.fixture
def box(mira):
    return claimed(mira.id)


def waiting(box, kind=None):
    """Bodies that wait for a box, in order."""
    with connection():
        query = OutgoingRow.select(OutgoingStream.stream, OutgoingRow.payload).join(OutgoingStream)
        rows = query.where(OutgoingStream.box == box).order_by(OutgoingRow.id).tuples()
        found = [envelope.decode("down", stream, bytes(payload)).body for stream, payload in rows]
    return [body for body in found if kind is None or isinstance(body, kind)]


def command(mira, box, **more):
    answer = mira.post(f"/boxes/{box}/commands", PLAY | more)
    assert answer.status_code == 201, answer.json
    return answer.json


def shown(mira, box, number):
    return mira.get(f"/boxes/{box}/commands/{number}").json


def told(user, kind):
    with connection():
        return [event.body for event in Event.select().where((Event.user == user) & (Event.kind == kind))]


def be(box, **status):
    """The box says that it is there."""
    body = online()
    take(parcel(box, message(body, 0, new_id(), "status"), "status"))
    return body


def later(monkeypatch, seconds):
    monkeypatch.setattr(service, "now", lambda: now() + seconds * 1000)


IMPOSSIBLE = [
    {"do": "os.system"},
    {"do": "deck9.play", "arguments": {"value": 1}},
    {"do": "deck1.play"},
    {"do": "deck1.play", "arguments": {"value": 2}},
    {"do": "deck1.play", "arguments": {"value": 0.5}},
    {"do": "deck1.play", "arguments": {"value": True}},
    {"do": "deck1.play", "arguments": {"value": 1, "more": 1}},
    {"do": "deck1.seek", "arguments": {"value": "1"}},
    {"do": "deck1.seek", "arguments": {"value": 1e300}},
    {"do": "deck1.seek", "arguments": {"value": [1]}},
    {"do": "track.load", "arguments": {"deck": 1, "hash": "x" * 65}},
    {"do": "track.load", "arguments": {"deck": 1, "hash": ""}},
    {"do": "engine.restart", "arguments": {"force": "yes"}},
    {"do": "record.stop", "arguments": {f"a{number}": 1 for number in range(33)}},
    {"do": "Deck1.Play", "arguments": {"value": 1}},
    {"do": "deck1.play", "arguments": {"value": 1}, "seconds": 0},
    {"do": "deck1.play", "arguments": {"value": 1}, "seconds": service.LONGEST_SECONDS + 1},
    {"do": "deck1.play", "arguments": {"value": 1}, "by": "another"},
]


class TestCommands:
    def test_a_command_goes_to_the_box_with_its_right_its_end_and_who_asked(self, mira, box):
        status = be(box)
        row = command(mira, box, seconds=30)
        (sent,) = waiting(box, commands.Given)
        assert (sent.command, sent.do, sent.permission, sent.by) == (row["id"], "deck1.play", "play", "Mira")
        assert dict(sent.arguments) == {"value": 1}
        assert sent.until == row["until"] == row["given"] + 30_000
        assert sent.boot == status.boot
        assert status.uptime + 30 <= sent.until_uptime < status.uptime + 60
        assert (row["state"], row["title"]) == ("waiting", "Deck 1: Play or pause")

    def test_of_a_box_that_said_nothing_yet_no_boot_is_named(self, mira, box):
        command(mira, box)
        assert waiting(box, commands.Given)[0].boot is None

    def test_what_the_box_answers_is_shown_in_its_words_and_told_to_open_pages(self, mira, box):
        sending = Sending(box, "answers")
        for outcome in ("done", "refused", "expired", "failed"):
            row = command(mira, box)
            sending.send(Answered(row["id"], outcome, "so it is", {"ended": 7}))
            found = shown(mira, box, row["id"])
            assert (found["state"], found["said"], found["result"]) == (outcome, "so it is", {"ended": 7})
            assert found["answered"]
            assert f'"state": "{outcome}"' in told(mira.id, "box.command")[-1]

    def test_the_first_of_two_answers_counts(self, mira, box):
        row = command(mira, box)
        sending = Sending(box, "answers")
        sending.send(Answered(row["id"], "done"))
        sending.send(Answered(row["id"], "failed", "no"))
        assert shown(mira, box, row["id"])["state"] == "done"
        assert dead() == []

    def test_an_answer_to_another_boxs_command_changes_nothing_and_is_kept_aside(self, mira, noor, box):
        row = command(mira, box)
        with connection():
            set_tier(mira, "pro")
        for other in (claimed(mira.id), claimed(noor.id)):
            Sending(other, "answers").send(Answered(row["id"], "done"), Answered(new_id(), "done"))
        assert shown(mira, box, row["id"])["state"] == "waiting"
        assert [letter["reason"] for letter in dead()] == ["this box was given no such command"] * 4

    def test_what_no_box_answered_in_time_is_expired_and_a_late_answer_corrects_that(self, mira, box, monkeypatch):
        row = command(mira, box, seconds=10)
        later(monkeypatch, 11)
        with connection():
            assert service.expire() == 0  # the answer may be on its way
        later(monkeypatch, 16)
        found = shown(mira, box, row["id"])
        assert (found["state"], found["said"]) == ("expired", "the box did not answer in time")
        with connection():
            assert service.expire() == 1
            assert service.expire() == 0
        assert '"expired"' in told(mira.id, "box.command")[-1]
        assert mira.get(f"/boxes/{box}/commands?state=waiting").json["items"] == []
        Sending(box, "answers").send(Answered(row["id"], "done"))
        assert shown(mira, box, row["id"])["state"] == "done"

    def test_a_list_is_told_by_state_and_in_pages_newest_first(self, mira, box):
        rows = [command(mira, box)["id"] for _ in range(5)]
        Sending(box, "answers").send(Answered(rows[1], "done"))
        one = mira.get(f"/boxes/{box}/commands?limit=3").json
        rest = mira.get(f"/boxes/{box}/commands?limit=3&after={one['next']}").json
        assert [row["id"] for row in one["items"] + rest["items"]] == rows[::-1]
        assert rest["next"] == ""
        done = mira.get(f"/boxes/{box}/commands?state=done").json["items"]
        assert [row["id"] for row in done] == [rows[1]]
        left = mira.get(f"/boxes/{box}/commands?state=waiting&limit=2").json
        assert [row["id"] for row in left["items"]] == [rows[4], rows[3]]

    def test_what_no_box_does_is_refused_at_once(self, mira, box):
        for body in IMPOSSIBLE:
            answer = mira.post(f"/boxes/{box}/commands", body)
            assert answer.status_code == 422, (body, answer.json)
            assert answer.json["detail"]
        assert waiting(box) == []

    def test_a_text_that_no_message_can_hold_is_refused(self, mira, box):
        answer = mira.post(f"/boxes/{box}/commands", {"do": "track.load", "arguments": {"deck": 1, "hash": "a\x07b"}})
        assert answer.status_code == 422
        assert mira.get(f"/boxes/{box}/commands").json["items"] == []

    def test_a_hundred_wait_and_no_more(self, mira, box, monkeypatch):
        monkeypatch.setattr(service, "MOST_WAITING", 3)
        for _ in range(3):
            command(mira, box)
        assert mira.post(f"/boxes/{box}/commands", PLAY).status_code == 409
        later(monkeypatch, 120)
        command(mira, box)

    def test_all_that_is_known_can_be_sent_and_says_what_it_takes(self, mira, box, monkeypatch):
        monkeypatch.setattr(service, "MOST_WAITING", 1000)
        known = mira.get(f"/boxes/{box}/commands/known").json
        assert len(known) > 100
        for deed in known:
            values = {
                row["name"]: {"number": row["high"], "flag": True, "text": "a" * int(row["high"])}[row["kind"]]
                for row in deed["arguments"]
            }
            command(mira, box, do=deed["name"], arguments=values)

    def test_a_key_plays_with_its_scope_and_does_nothing_to_the_system(self, app, mira, box):
        made = mira.post("/account/keys", {"name": "k", "scopes": ["boxes:command"]}).json["key"]
        client = app.test_client()
        headers = {"Authorization": f"Bearer {made}"}
        assert client.post(f"/api/v1/boxes/{box}/commands", json=PLAY, headers=headers).status_code == 201
        system = {"do": "engine.restart"}
        assert client.post(f"/api/v1/boxes/{box}/commands", json=system, headers=headers).status_code == 403
        assert mira.post(f"/boxes/{box}/commands", system).status_code == 201

    def test_a_request_that_is_repeated_gives_one_command(self, mira, box):
        headers = {"Idempotency-Key": "once"}
        one, two = (mira.post(f"/boxes/{box}/commands", PLAY, headers=headers).json for _ in range(2))
        assert one == two
        assert len(waiting(box, commands.Given)) == 1

    def test_what_waits_for_a_box_that_is_revoked_is_dropped(self, mira, box):
        row = command(mira, box)
        assert mira.delete(f"/boxes/{box}").status_code == 204
        assert waiting(box) == []
        with connection():
            found = BoxCommand.get_by_id(row["id"])
        assert (found.state, found.said) == ("refused", "the box was given up before it answered")

    def test_who_gets_a_box_sees_and_does_nothing_of_its_former_owners(self, mira, noor, box):
        row = command(mira, box)
        prove(noor)
        mira.put(f"/boxes/{box}/offer", {"email": noor.email})
        assert noor.post(f"/boxes/offers/{box}/accept").status_code == 200
        assert waiting(box, commands.Given) == []
        assert noor.get(f"/boxes/{box}/commands").json["items"] == []
        assert noor.get(f"/boxes/{box}/commands/{row['id']}").status_code == 404
        assert mira.get(f"/boxes/{box}/commands").status_code == 404
        Sending(box, "answers").send(Answered(row["id"], "done"))
        assert len(dead()) == 1

    def test_old_commands_are_forgotten_and_exported_until_then(self, mira, box, monkeypatch):
        row = command(mira, box)
        with connection():
            assert [one["id"] for one in service.exported(mira.id)] == [row["id"]]
            assert service.forget() == 0
        monkeypatch.setattr(service.elapsed, "passed", lambda: now() + 91 * 24 * 3600 * 1000)
        with connection():
            assert service.forget() == 1


def settings(mira, box):
    return mira.get(f"/boxes/{box}/configuration")


def put(mira, box, etag=None, **named):
    names = {name.replace("__", "."): value for name, value in named.items()}
    headers = {"If-Match": etag} if etag else {}
    return mira.put(f"/boxes/{box}/configuration", {"settings": names}, headers=headers)


UNFIT = [
    {"plays.told": 1},
    {"files.playing_rate": 1},
    {"files.playing_rate": 1e12},
    {"record.format": "mp3"},
    {"audio.period": 128},
    {"system.time_zone": "x" * 61},
    {"Big.Name": True},
    {"robot.arm": "x" * 301},
    {"robot.arm": 1e300},
    {"robot.arm": {"deep": 1}},
    {f"a{number}": True for number in range(201)},
]


class TestConfiguration:
    def test_what_is_wanted_goes_to_the_box_as_a_whole_and_only_the_last(self, mira, box):
        assert settings(mira, box).json["revision"] == 0
        put(mira, box, record__format="flac", plays__told=False)
        second = put(mira, box, record__format="wav", files__upload=None).json
        (sent,) = waiting(box, Wanted)
        assert sent == Wanted(second["revision"], {"record.format": "wav"})
        assert settings(mira, box).json == second
        assert (second["applied"], second["refused"]) == (0, [])

    def test_what_the_box_goes_by_and_what_it_refuses_is_shown(self, mira, box):
        revision = put(mira, box, robot__arm=1).json["revision"]
        sending = Sending(box, "answers")
        sending.send(Applied(revision, (Refusal("robot.arm", "this box has no arm"),)))
        found = settings(mira, box).json
        assert (found["applied"], found["refused"]) == (
            revision,
            [{"name": "robot.arm", "said": "this box has no arm"}],
        )
        assert found["applied_at"]
        sending.send(Applied(revision))
        assert settings(mira, box).json["refused"] == []
        assert f'"applied": {revision}' in told(mira.id, "box.configuration")[-1]

    def test_a_key_changes_neither_who_may_command_the_box_nor_its_system(self, app, mira, box):
        put(mira, box, system__hostname="rack", plays__told=True)
        made = mira.post("/account/keys", json={"name": "k", "scopes": ["boxes:read", "boxes:write"]}).json["key"]

        def by_key(**wanted):
            body = {"settings": {name.replace("__", "."): value for name, value in wanted.items()}}
            headers = {"Authorization": f"Bearer {made}"}
            return app.test_client().put(f"/api/v1/boxes/{box}/configuration", json=body, headers=headers).status_code

        assert by_key(system__hostname="rack", plays__told=False) == 200
        assert by_key(system__hostname="rack", remote__system=True) == 403
        assert by_key(system__hostname="mine") == by_key(plays__told=True) == 403
        assert settings(mira, box).json["settings"] == {"system.hostname": "rack", "plays.told": False}

    def test_an_answer_to_another_revision_or_of_another_box_says_nothing(self, mira, noor, box):
        first = put(mira, box, plays__told=True).json["revision"]
        second = put(mira, box, plays__told=False).json["revision"]
        Sending(box, "answers").send(Applied(first), Applied(second + 1), Applied(0))
        Sending(claimed(noor.id), "answers").send(Applied(second))
        assert settings(mira, box).json["applied"] == 0
        assert dead() == []

    def test_of_two_browsers_with_one_revision_one_wins_and_the_other_is_told(self, mira, box):
        etag = settings(mira, box).headers["ETag"]
        assert put(mira, box, etag, plays__told=True).status_code == 200
        assert put(mira, box, etag, plays__told=False).status_code == 412
        assert settings(mira, box).json["settings"] == {"plays.told": True}

    def test_of_browsers_that_change_at_one_time_one_wins(self, mira, box):
        etag = put(mira, box, plays__told=True).headers["ETag"]
        answers = []

        def change(number):
            with connection():
                try:
                    configuration.put(
                        mira.id, box, {"files.playing_rate": 2000 + number}, int(etag.strip('"').split("-")[0])
                    )
                    answers.append(number)
                except Stale:
                    answers.append(None)

        threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [number for number in answers if number is not None]
        assert settings(mira, box).json["settings"] == {"files.playing_rate": 2000 + winner}

    def test_that_the_box_answered_meanwhile_stands_in_nobodys_way(self, mira, box):
        first = put(mira, box, plays__told=True)
        Sending(box, "answers").send(Applied(first.json["revision"]))
        assert settings(mira, box).headers["ETag"] != first.headers["ETag"]
        assert put(mira, box, first.headers["ETag"], plays__told=False).status_code == 200

    def test_a_tag_that_is_none_changes_nothing(self, mira, box):
        for etag in ('"x"', "W/x", '"-1"', '"99999999999999999999999"'):
            assert put(mira, box, etag, plays__told=False).status_code == 412
        assert settings(mira, box).json["revision"] == 0

    def test_what_cannot_be_is_refused_at_once(self, mira, box):
        for wanted in UNFIT:
            answer = mira.put(f"/boxes/{box}/configuration", {"settings": wanted})
            assert answer.status_code == 422, (wanted, answer.json)
        assert waiting(box) == []
        assert settings(mira, box).json["revision"] == 0

    def test_a_box_without_a_memory_is_told_again(self, mira, box):
        wanted = put(mira, box, plays__told=False).json["revision"]
        with connection(), database.atomic():
            OutgoingStream.delete().execute()
        opening = Opening((Numbering("plays", new_id(), 1, 1),))
        take(parcel(box, message(opening, 0, new_id(), "receipts"), "receipts"))
        assert [one.revision for one in waiting(box, Wanted)] == [wanted]

    def test_a_box_that_was_given_away_goes_by_its_new_owners_wishes(self, mira, noor, box):
        revision = put(mira, box, plays__told=False).json["revision"]
        Sending(box, "answers").send(Applied(revision))
        prove(noor)
        mira.put(f"/boxes/{box}/offer", {"email": noor.email})
        noor.post(f"/boxes/offers/{box}/accept")
        assert waiting(box, Wanted) == []
        assert settings(noor, box).json["settings"] == {}
        with connection():
            former = BoxConfiguration.get(BoxConfiguration.owner == mira.id)
        assert (former.revision, former.applied) == (revision, 0)
        later_revision = put(noor, box, plays__told=True).json["revision"]
        assert later_revision > revision
        assert [one.revision for one in waiting(box, Wanted)] == [later_revision]

    def test_a_box_that_comes_back_to_its_owner_is_told_what_they_want(self, mira, box):
        revision = put(mira, box, plays__told=False).json["revision"]
        epoch = new_id()
        take(parcel(box, message(Opening((Numbering("plays", epoch, 1, 1),)), 0, new_id(), "receipts"), "receipts"))
        assert mira.delete(f"/boxes/{box}").status_code == 204
        with connection():
            Box.update(owner=mira.id).where(Box.id == box).execute()
        take(parcel(box, message(Opening((Numbering("plays", epoch, 1, 1),)), 0, new_id(), "receipts"), "receipts"))
        assert [one.revision for one in waiting(box, Wanted)] == [revision]


def test_the_most_that_may_wait_fits_into_what_a_box_is_sent(mira, box):
    """A hundred of the longest commands are on their way at once."""
    assert service.MOST_WAITING <= WINDOW
    for _ in range(service.MOST_WAITING):
        command(mira, box, do="track.load", arguments={"deck": 1, "hash": "f" * 64})
    with connection():
        assert OutgoingStream.get(OutgoingStream.stream == "commands").bytes < outgoing.POLICIES["commands"].bytes
        assert DeadLetter.select().count() == 0
