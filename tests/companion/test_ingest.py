"""What boxes send has its effect once and in order, and what can have none is kept for an administrator."""

import random
import threading

import peewee
import pytest

from companion.boxes import service as boxes
from companion.database import connection, database, new_id, now
from companion.errors import Invalid
from companion.events.models import Event
from companion.ingest import letters, numbering, registry, service
from companion.ingest.models import DeadLetter, HeldMessage, IngestCursor
from companion.sets.models import BoxSet, Play
from companion.telemetry.models import BoxCrash, BoxHealth
from device.contracts import delivery, topics
from device.contracts.clock import Stamp
from device.contracts.health import Storage
from device.contracts.receipts import Numbering, Opening, Skipped
from device.contracts.sets import Started
from device.contracts.status import Deck, Offline, Online
from tests.companion.posts import claimed, message, played


@pytest.fixture
def box(mira):
    return claimed(mira.id)


def parcel(box, payload, stream="plays"):
    return service.opened(topics.topic(box, "up", stream), payload, now())


def plays(box, numbers, epoch):
    return [parcel(box, message(played(number), number, epoch, "plays")) for number in numbers]


def take(*parcels, tries=0):
    with connection():
        return service.take(parcels, tries)


def titles(box):
    with connection():
        return [row.title for row in Play.select().where(Play.box == box).order_by(Play.id)]


def upto(outcome, box):
    return {(cursor.stream, cursor.epoch): cursor.upto for cursor in outcome.receipts.get(box, [])}


def dead():
    with connection():
        return letters.listed()[0]


def test_each_message_has_its_effect_once_and_in_order_however_it_comes(box):
    epoch, dice = new_id(), random.Random(1)
    wanted = list(range(1, 121))
    while titles(box) != [str(number) for number in wanted]:
        come = [number for number in wanted if dice.random() < 0.6]
        come += [number for number in wanted if dice.random() < 0.2]
        dice.shuffle(come)
        outcome = take(*plays(box, come, epoch))
    assert upto(outcome, box) == {("plays", epoch): 120}
    with connection():
        assert HeldMessage.select().count() == 0


def test_a_receipt_never_says_more_than_what_had_its_effect(box):
    epoch = new_id()
    assert upto(take(*plays(box, [2, 3], epoch)), box) == {("plays", epoch): 0}
    assert titles(box) == []
    assert upto(take(*plays(box, [1], epoch)), box) == {("plays", epoch): 3}
    assert titles(box) == ["1", "2", "3"]


def test_what_is_too_far_ahead_is_not_kept(box):
    take(*plays(box, [delivery.HOLD + 1], new_id()))
    with connection():
        assert HeldMessage.select().count() == 0


def test_what_is_held_of_one_box_is_bounded_whatever_its_numberings(box, monkeypatch):
    monkeypatch.setattr(numbering, "HOLD_BYTES", 5000)
    for _ in range(delivery.EPOCHS + 2):
        take(*plays(box, range(2, 12), new_id()))
    with connection():
        assert 4000 < HeldMessage.select(peewee.fn.SUM(HeldMessage.size)).scalar() <= 5000
        assert IngestCursor.select().count() == delivery.EPOCHS


def test_a_skip_stands_for_what_was_thinned_out(box):
    epoch = new_id()
    take(parcel(box, message(Skipped(5), 1, epoch, "plays")), *plays(box, [6, 3], epoch))
    assert titles(box) == ["6"]


def test_two_numberings_of_a_stream_do_not_mix(box):
    one, other = new_id(), new_id()
    take(*plays(box, [1, 2], one))
    outcome = take(*plays(box, [1], other), *plays(box, [2, 3], one))
    assert titles(box) == ["1", "2", "1", "3"] or titles(box) == ["1", "2", "3", "1"]
    assert upto(outcome, box) == {("plays", one): 3, ("plays", other): 1}


def test_a_box_that_is_nobodys_or_revoked_has_no_effect_and_gets_no_answer(mira, box):
    epoch = new_id()
    stranger = new_id()
    assert not take(*plays(stranger, [1], epoch)).receipts
    with connection():
        boxes.revoke(mira.id, box)
    assert not take(*plays(box, [1], epoch)).receipts
    with connection():
        assert Play.select().count() == IngestCursor.select().count() == DeadLetter.select().count() == 0


def test_what_comes_belongs_to_the_owner_of_the_box_whose_topic_it_came_on(mira, noor, box):
    other = claimed(noor.id)
    take(*plays(box, [1], new_id()), *plays(other, [1], new_id()))
    assert [row["box"] for row in mira.get("/plays").json["items"]] == [box]
    assert [row["box"] for row in noor.get("/plays").json["items"]] == [other]


HOSTILE = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"v":1}', b'{"v":"1"}', b'{"v":0}', b"[" * 100_000, b"1e999",
    b'{"v":1,"v":2}', b'{"a":"\\u0000"}', b'{"v":99}',
]  # fmt: skip


@pytest.mark.parametrize("stream", ["plays", "receipts", "status", "live", "unheard"])
def test_hostile_bytes_have_no_effect_and_stop_nobody(stream, box):
    epoch = new_id()
    bad = [parcel(box, payload, stream) for payload in HOSTILE]
    outcome = take(*bad, *plays(box, [1], epoch))
    assert upto(outcome, box) == {("plays", epoch): 1}
    assert titles(box) == ["1"]


def test_of_what_is_no_message_at_all_only_a_few_are_kept(box):
    for number in range(50):
        take(parcel(box, b"nonsense %d" % number), parcel(box, b"nonsense %d" % number))
    assert len(dead()) == letters.STRANGE


def test_a_topic_that_is_not_ours_is_nothing():
    assert service.opened("rackdeck/v1/box/../up/plays", b"{}", 1) is None
    assert service.opened("$SYS/broker", b"{}", 1) is None


def _broken(epoch, seq, **body):
    text = message(played("x"), seq, epoch, "plays").decode()
    return text.replace('"title":"x"', body["with_"]).encode()


def test_a_malformed_body_becomes_a_dead_letter_and_nobody_waits_for_it(box):
    epoch = new_id()
    outcome = take(*plays(box, [1], epoch), parcel(box, _broken(epoch, 2, with_='"title":7')), *plays(box, [3], epoch))
    assert upto(outcome, box) == {("plays", epoch): 3}
    assert titles(box) == ["1", "3"]
    (row,) = dead()
    assert (row["seq"], row["kind"], row["state"]) == (2, "track.played", "open")
    assert "title" in row["reason"]


def test_a_dead_letter_comes_once_however_often_its_message_does(box):
    epoch = new_id()
    for _ in range(3):
        take(parcel(box, _broken(epoch, 1, with_='"title":7')))
    assert len(dead()) == 1


def test_an_administrator_sees_mends_and_replays_a_dead_letter(admin, mira, box):
    take(parcel(box, _broken(new_id(), 1, with_='"title":7')))
    (row,) = admin.get("/admin/letters").json["items"]
    assert mira.get("/admin/letters").status_code == 403
    path = f"/admin/letters/{row['id']}"
    assert admin.post(f"{path}/replay").status_code == 422
    assert admin.put(path, {"text": "{}"}).status_code == 422
    mended = admin.put(path, {"text": row["text"].replace('"title":7', '"title":"seven"')}).json
    assert mended["mended"]
    assert admin.post(f"{path}/replay").json["state"] == "replayed"
    assert titles(box) == ["seven"]
    assert admin.post(f"{path}/replay").status_code == 409
    assert titles(box) == ["seven"]
    actions = [entry["action"] for entry in admin.get("/admin/audit").json["items"]]
    assert {"letter.mended", "letter.replayed"} <= set(actions)


def test_a_discarded_dead_letter_is_settled(admin, box):
    take(parcel(box, _broken(new_id(), 1, with_='"title":7')))
    (row,) = dead()
    assert admin.delete(f"/admin/letters/{row['id']}").status_code == 204
    assert admin.post(f"/admin/letters/{row['id']}/replay").status_code == 409
    assert dead()[0]["state"] == "discarded"


def test_a_box_with_too_many_dead_letters_waits_and_loses_nothing(monkeypatch, box):
    monkeypatch.setattr(letters, "MOST", 2)
    epoch = new_id()
    bad = [parcel(box, _broken(epoch, number, with_='"title":7')) for number in (1, 2, 3)]
    outcome = take(*bad, *plays(box, [4], epoch))
    assert upto(outcome, box) == {("plays", epoch): 2}
    with connection():
        letters.discard("", "", dead()[0]["id"])
    assert upto(take(bad[2], *plays(box, [4], epoch)), box) == {("plays", epoch): 4}
    assert titles(box) == ["4"]


def _future(epoch, seq):
    text = message(played("later"), seq, epoch, "plays").decode()
    return text.replace('"kind":"track.played"', '"kind":"track.hummed"').encode()


def test_a_kind_of_the_future_is_kept_and_has_its_effect_once_the_program_knows_it(box, monkeypatch):
    epoch = new_id()
    assert upto(take(parcel(box, _future(epoch, 1)), *plays(box, [2], epoch)), box) == {("plays", epoch): 2}
    (row,) = dead()
    assert row["state"] == "later"
    with connection():
        assert letters.replay_later() == 0
        known = letters.envelope.decode
        monkeypatch.setattr(
            letters.envelope, "decode",
            lambda way, stream, payload: known(way, stream, payload.replace(b"track.hummed", b"track.played")),
        )  # fmt: skip
        assert letters.replay_later() == 1
        assert letters.replay_later() == 0
    assert titles(box) == ["2", "later"]


def test_an_envelope_of_the_future_is_left_with_the_box(box):
    epoch = new_id()
    payload = message(played("x"), 1, epoch, "plays").replace(b'{"v":1,', b'{"v":2,')
    assert not take(parcel(box, payload)).receipts
    assert dead() == []


@pytest.fixture
def handled(monkeypatch):
    """Replace what handles plays."""

    def put(handler):
        usual = registry.handler("track.played")

        def handle(letter):
            usual(letter)
            handler(letter)

        monkeypatch.setitem(registry._handlers, "track.played", handle)

    return put


def test_what_a_handler_refuses_leaves_no_trace_but_a_dead_letter(box, handled):
    def refuse(letter):
        if letter.body.track.title == "2":
            raise Invalid("not this one")

    handled(refuse)
    epoch = new_id()
    outcome = take(*plays(box, [1, 2, 3], epoch))
    assert upto(outcome, box) == {("plays", epoch): 3}
    assert titles(box) == ["1", "3"]
    assert [row["reason"] for row in dead()] == ["not this one"]


def test_a_handler_that_fails_for_now_undoes_the_batch_which_comes_again(box, handled):
    broken = [True]

    def fail(letter):
        if broken[0] and letter.body.track.title == "2":
            raise peewee.OperationalError("busy")

    handled(fail)
    epoch = new_id()
    with pytest.raises(peewee.OperationalError):
        take(*plays(box, [1, 2, 3], epoch))
    assert titles(box) == []
    broken[0] = False
    take(*plays(box, [1, 2, 3], epoch))
    assert titles(box) == ["1", "2", "3"]


def test_a_message_that_the_database_never_takes_does_not_block_its_stream_for_ever(box, handled):
    def fail(letter):
        if letter.body.track.title == "2":
            raise peewee.OperationalError("index row is too large")

    handled(fail)
    take(*plays(box, [1, 2, 3], new_id()), tries=service.STUBBORN)
    assert titles(box) == ["1", "3"]
    assert len(dead()) == 1


def test_a_programming_error_in_a_handler_does_not_stop_other_boxes(mira, box, handled):
    other = claimed(mira.id)

    def fail(letter):
        if letter.box == box:
            raise KeyError("oops")

    handled(fail)
    take(*plays(box, [1], new_id()), *plays(other, [1], new_id()))
    assert titles(box) == []
    assert titles(other) == ["1"]


def test_a_companion_restored_from_a_backup_goes_on_where_the_box_is(box):
    epoch = new_id()
    take(*plays(box, [1], epoch))
    opening = message(Opening((Numbering("plays", epoch, 21, 23),)), 0, new_id(), "receipts")
    outcome = take(parcel(box, opening, "receipts"), *plays(box, [21, 22], epoch))
    assert upto(outcome, box) == {("plays", epoch): 22}
    assert titles(box) == ["1", "21", "22"]


def test_an_opening_of_streams_that_this_version_does_not_know_is_answered_for_those_it_knows(box):
    epoch = new_id()
    streams = (Numbering("plays", epoch, 1, 1), Numbering("dances", epoch, 1, 5), Numbering("receipts", epoch, 1, 5))
    outcome = take(parcel(box, message(Opening(streams), 0, new_id(), "receipts"), "receipts"))
    assert upto(outcome, box) == {("plays", epoch): 0}


def test_a_box_that_has_nothing_to_send_is_told_what_it_should_know_and_answered(monkeypatch, box):
    told = []
    monkeypatch.setattr(service.outgoing, "welcome", lambda *who: told.append(who[0]))
    outcome = take(parcel(box, message(Opening(()), 0, epoch := new_id(), "receipts"), "receipts"))
    assert told == [box]
    assert outcome.receipts == {box: []}
    assert outcome.came == {box: epoch}


def test_two_consumers_keep_the_order_and_the_count(settings, app, box):
    """Each has a connection of its own, takes every second message, and some twice."""
    epoch, failed = new_id(), []
    parcels = plays(box, range(1, 241), epoch)

    def consume(share):
        try:
            with connection():
                for start in range(0, len(share), 7):
                    for tries in range(50):
                        try:
                            service.take(share[start : start + 7])
                            break
                        except peewee.OperationalError:
                            assert tries < 49
        except BaseException as exc:
            failed.append(exc)

    shares = [parcels[::2], parcels[1::2] + parcels[::5]]
    threads = [threading.Thread(target=consume, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    take(*parcels)  # what was dropped as too far ahead comes again
    assert titles(box) == [str(number) for number in range(1, 241)]


# what the kinds do


def status(words="", epoch=None, at=None, **more):
    online = Online("Box", "One", new_id(), 5.0, {"rackdeck": "0.1"}, Storage(100, 60), "running", words=words, **more)
    return message(online, 0, epoch or new_id(), "status", at=at)


def gone(epoch, words="", at=None):
    return message(Offline("lost", words), 0, epoch, "status", at=at)


def test_a_box_is_there_while_it_says_so_and_leaves_its_last_words(mira, box):
    epoch, at = new_id(), now()
    outcome = take(parcel(box, status("hello", epoch, Stamp(at, 1), decks=(Deck(1, "Song", "Band", True),)), "status"))
    assert outcome.came == {box: epoch}
    shown = mira.get(f"/boxes/{box}").json
    assert (shown["online"], shown["playing"], shown["storage_used"]) == (True, "Band - Song", 40)
    assert mira.get(f"/boxes/{box}/status").json["status"]["engine"] == "running"
    outcome = take(parcel(box, gone(epoch, "the battery is low", Stamp(at, 0)), "status"))  # made before the birth
    assert outcome.left == {box: epoch}
    assert mira.get(f"/boxes/{box}").json["online"] is False
    assert mira.get(f"/boxes/{box}/status").json["words"] == "the battery is low"


def test_a_will_of_an_older_connection_does_not_end_a_newer_one(mira, box):
    old, new, at = new_id(), new_id(), now()
    take(parcel(box, status(epoch=old, at=Stamp(at, 0)), "status"))
    take(parcel(box, status(epoch=new, at=Stamp(at, 1)), "status"))
    take(parcel(box, gone(old), "status"))
    assert mira.get(f"/boxes/{box}").json["online"] is True


def test_a_status_that_comes_late_or_twice_says_nothing(mira, box):
    epoch, at = new_id(), now()
    latest = parcel(box, status("new", epoch, Stamp(at, 5)), "status")
    take(latest)
    take(parcel(box, status("old", epoch, Stamp(at, 4)), "status"), latest)
    assert mira.get(f"/boxes/{box}/status").json["words"] == "new"


def test_pages_of_the_owner_are_told_once_a_batch(mira, box):
    take(*plays(box, range(1, 51), new_id()))
    with connection():
        rows = list(Event.select().where((Event.user == mira.id) & (Event.kind == "play")))
    assert len(rows) == 1
    assert '"title": "50"' in rows[0].body


def test_health_and_crashes_are_shown_to_the_owner_and_crashes_to_who_administers(admin, mira, noor, box):
    from device.contracts import crashes, health

    report = health.Report(
        new_id(), 10.0, 60.0, {"rackdeck": "0.1"}, Storage(100, 50), health.Waiting(0, 0, 0.0), "network"
    )
    crash = crashes.Report("engine", "0.1", new_id(), now(), "signal 11", stack="a\nb", lines=("last words",))
    take(
        parcel(box, message(report, 1, new_id(), "health"), "health"),
        parcel(box, message(crash, 1, new_id(), "crashes"), "crashes"),
    )
    (shown,) = mira.get(f"/boxes/{box}/health").json["items"]
    assert shown["report"]["storage"] == {"total": 100, "free": 50, "errors": 0}
    (row,) = mira.get(f"/boxes/{box}/crashes").json["items"]
    assert mira.get(f"/boxes/{box}/crashes/{row['id']}").json["report"]["lines"] == ["last words"]
    assert "The sound engine crashed on " in mira.get("/notices").json["items"][0]["text"]
    (seen,) = admin.get("/admin/crashes").json["items"]
    assert (seen["box"], seen["owner_name"], seen["reason"]) == (box, "Mira", "signal 11")
    assert admin.get(f"/admin/crashes/{row['id']}").json["report"]["stack"] == "a\nb"
    assert admin.get("/admin/crashes?box=another").json["items"] == []
    for path in ("/admin/crashes", f"/boxes/{box}/crashes"):
        assert (admin if "admin" in path else mira).get(f"{path}/{10**30}").status_code == 404
    for path in ("health", "crashes", f"crashes/{row['id']}", "status"):
        assert noor.get(f"/boxes/{box}/{path}").status_code == 404
    with connection():
        assert BoxHealth.select().count() == BoxCrash.select().count() == 1


def test_the_next_owner_of_a_box_sees_nothing_of_the_one_before(mira, noor, box):
    take(parcel(box, message(Started(new_id(), "Mine", "Box", now(), True), 1, new_id(), "sets"), "sets"))
    take(parcel(box, status("secret"), "status"))
    with connection(), database.atomic():
        boxes.Box.update(owner=noor.id).where(boxes.Box.id == box).execute()
    assert noor.get("/sets").json["items"] == []
    assert noor.get(f"/boxes/{box}/status").json["status"] is None
    with connection():
        assert BoxSet.select().count() == 1


def test_everything_that_came_is_exported_and_goes_with_its_owner(app, mira, box):
    from companion.accounts import deletion, export

    epoch = new_id()
    take(*plays(box, [1], epoch), parcel(box, _broken(epoch, 2, with_='"title":7')), parcel(box, status(), "status"))
    with connection():
        assert [row["title"] for row in export._parts["plays"](mira.id)] == ["1"]
        assert len(list(export._parts["letters"](mira.id))) == 1
        for erase in deletion._erasers.values():
            erase(mira.id)
        assert Play.select().count() == DeadLetter.select().count() == 0
