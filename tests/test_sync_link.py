"""The sync process against a real broker and a companion built on the contract: nothing is lost."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest

from device.contracts import ids
from device.contracts.configuration import Wanted
from device.contracts.delivery import Window
from device.contracts.earnings import Card, Cards
from device.contracts.notices import Gone, Told
from device.contracts.releases import Changed
from device.contracts.status import Offline, Online
from device.sync.state import State, sentence
from tests.sync_companion import RUN, Companion, Mosquitto, Process, until

pytestmark = pytest.mark.slow

PRODUCER = """
import os, sys, time
sys.path.insert(0, os.getcwd())
from pathlib import Path
from device.contracts.clock import Clock
from device.contracts.crashes import Report
from device.contracts.plays import Played
from device.contracts.values import Track
from device.sync.ballast import Ballast
from device.sync.core import BUILT_MS
from device.sync.database import Database
from device.sync.outbox import Outbox
database = Database(Path(sys.argv[1]))
outbox = Outbox(Clock(BUILT_MS, 0, lambda _ms: None))
for number in range(int(sys.argv[2])):
    with database.writing() as connection:
        outbox.add(connection, Played(Track(f"play {number}"), 1, 1, 200.0))
        outbox.add(connection, Report("engine", "1", "0" * 26, 1, f"crash {number}"))
    time.sleep(float(sys.argv[3]))
"""


def produce(home, count, pause=0.0):
    return subprocess.Popen([sys.executable, "-c", PRODUCER, str(home / "sync"), str(count), str(pause)])


def cards(revision):
    return Cards(revision, 1795300000000, "2026-11-21", "Europe/Berlin", (Card("EUR", revision, 2, 3),))


def titles(companion):
    """What plays and crashes arrived, in the order of their effects."""
    found = companion.effects()
    plays = [one.body.track.title for one in found if one.head.kind == "track.played"]
    return plays, [one.body.reason for one in found if one.head.kind == "crash.report"]


def all_there(companion, count):
    """Each once, in order, nothing lost and nothing doubled."""
    plays, crashes = titles(companion)
    return plays == [f"play {n}" for n in range(count)] and crashes == [f"crash {n}" for n in range(count)]


@pytest.fixture
def broker(tmp_path):
    made = Mosquitto(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def companion(broker):
    made = Companion(broker.port)
    yield made
    made.close()


@pytest.fixture
def box(tmp_path, broker):
    home = tmp_path / "home"
    home.mkdir()
    made = Process(home, broker.port)
    yield made
    if made.ended is None:
        made.stop()


def in_step(box):
    return (box.board("sync") or {}).get("state") == "in step"


def test_what_waited_while_offline_arrives_in_order_and_the_board_says_so(tmp_path, broker):
    home = tmp_path / "home"
    home.mkdir()
    assert produce(home, 300).wait() == 0
    companion, box = Companion(broker.port), Process(home, broker.port)
    assert until(lambda: companion.count() >= 600)
    assert all_there(companion, 300)
    assert until(lambda: in_step(box))
    box.stop()
    companion.close()


def test_each_connection_begins_with_an_opening_even_with_nothing_to_send(companion, box):
    assert until(lambda: companion.openings)
    assert companion.openings[0].streams == ()
    assert produce(box.home, 2).wait() == 0
    assert until(lambda: companion.count() == 4)
    box.kill()
    known = len(companion.openings)
    box.start()
    assert until(lambda: len(companion.openings) > known)
    assert [(row.stream, row.next) for row in companion.openings[-1].streams] == [("crashes", 3), ("plays", 3)]


def test_birth_and_will_are_retained_and_of_one_connection(companion, box):
    assert until(lambda: any(isinstance(one.body, Online) for one in companion.status))
    box.kill()
    assert until(lambda: isinstance(companion.status[-1].body, Offline))
    born, lost = companion.status[-2:]
    assert lost.body.reason == "lost"
    assert lost.head.epoch == born.head.epoch
    box.start()
    assert until(lambda: isinstance(companion.status[-1].body, Online))
    assert companion.status[-1].head.epoch != lost.head.epoch
    box.stop()
    assert until(lambda: isinstance(companion.status[-1].body, Offline))
    assert companion.status[-1].body.reason == "stopped"


def test_what_comes_down_is_on_the_board_and_receipted(companion, box):
    companion.send("earnings", cards(1))
    companion.send("releases", Changed("0" * 26, "Low Tide", "Anna", "live", 1))
    companion.send("notices", Told("0" * 26, "news", "hello"))
    assert until(lambda: all(companion.in_step(stream) for stream in ("earnings", "releases", "notices")))
    assert box.board("earnings")["cards"][0]["today"] == 1
    assert box.board("releases")["releases"][0]["stage"] == "live"
    assert box.board("notices")["notices"][0]["text"] == "hello"
    companion.send("earnings", cards(3))
    companion.send("earnings", cards(2))
    companion.send("notices", Gone("0" * 26))
    assert until(lambda: companion.in_step("earnings") and companion.in_step("notices"))
    assert box.board("earnings")["revision"] == 3, "an older revision changes nothing"
    assert until(lambda: box.board("notices") is None)


def test_the_board_is_back_after_a_kill_and_a_cleared_memory(companion, box):
    companion.send("earnings", cards(7))
    assert until(lambda: companion.in_step("earnings"))
    box.kill()
    (box.runtime / "board-earnings.json").unlink()
    box.start()
    assert until(lambda: (box.board("earnings") or {}).get("revision") == 7)


def test_a_box_killed_again_and_again_loses_and_doubles_nothing(tmp_path, companion, box):
    """60 kills at random moments, while a producer writes and a lossy, shuffling companion sends and receives."""
    count, seed = 1500, 5
    companion.loses, companion.shuffles = 0.02, True
    chance = random.Random(seed)
    producer = produce(box.home, count, 0.004)
    sent = kills = 0
    while producer.poll() is None or kills < 60:
        time.sleep(chance.uniform(0.0, 0.5))
        box.kill()
        kills += 1
        box.start()
        sent += 1
        companion.send("earnings", cards(sent))
        companion.send("configuration", Wanted(sent, {"plays.told": True}))
    companion.loses = 0.0
    assert until(lambda: companion.count() >= 2 * count + sent, 120), f"seed {seed}: {companion.count()}"
    assert until(lambda: companion.in_step("earnings") and companion.in_step("configuration"), 120)
    assert all_there(companion, count)
    applied = [one.body.revision for one in companion.effects("configuration.applied")]
    assert applied == list(range(1, sent + 1))
    assert until(lambda: (box.board("earnings") or {}).get("revision") == sent)
    assert companion.bad == []


def test_a_broker_that_is_killed_and_loses_what_it_acknowledged_costs_nothing(companion, box, broker):
    count, chance = 800, random.Random(3)
    producer = produce(box.home, count, 0.005)
    sent = 0
    while producer.poll() is None:
        time.sleep(chance.uniform(0.1, 0.6))
        broker.kill()
        (broker.folder / "data" / "mosquitto.db").unlink(missing_ok=True)
        broker.start()
        sent += 1
        companion.send("earnings", cards(sent))
    assert until(lambda: companion.count() >= 2 * count, 120)
    assert all_there(companion, count)
    assert until(lambda: companion.in_step("earnings"), 120)
    assert until(lambda: (box.board("earnings") or {}).get("revision") == sent)


def test_the_board_is_back_when_somebody_removed_its_folder(companion, box):
    companion.send("earnings", cards(1))
    assert until(lambda: in_step(box) and box.board("earnings"))
    shutil.rmtree(box.runtime)
    assert until(lambda: in_step(box) and box.board("earnings"))


def test_offline_is_said_with_its_beginning_even_after_a_restart(companion, box, broker):
    assert until(lambda: in_step(box))
    broker.stop()
    assert until(lambda: (box.board("sync") or {}).get("state") == "offline")
    since = box.board("sync")["since"]
    assert since > 0
    assert produce(box.home, 3).wait() == 0
    assert until(lambda: box.board("sync")["behind"] == 6)
    box.stop()
    box.start()
    assert until(lambda: (box.board("sync") or {}).get("since") == since)
    assert box.board("sync")["said"]
    broker.start()
    assert until(lambda: in_step(box), 90)


def test_a_companion_that_takes_everything_and_answers_nothing_is_not_in_step(companion, box):
    assert until(lambda: in_step(box))
    companion.loses = 1.0
    assert produce(box.home, 200).wait() == 0
    assert until(lambda: box.board("sync")["state"] == "unanswered")
    assert box.board("sync")["behind"] == 400
    companion.loses = 0.0
    assert until(lambda: in_step(box))
    assert all_there(companion, 200)


def message(companion, stream, **changes):
    head = {
        "v": 1, "id": ids.make(1, os.urandom(10)), "stream": stream, "epoch": companion.epoch, "seq": 1, "at": [1, 0],
        "clock": "set", "kind": "notice.told", "kv": 1, "body": {"notice": "0" * 26, "level": "news", "text": "x"},
    }  # fmt: skip
    return json.dumps(head | changes).encode()


def test_hostile_payloads_neither_stop_the_box_nor_have_an_effect(companion, box):
    assert until(lambda: in_step(box))
    chance = random.Random(1)
    good = message(companion, "notices", seq=10**9)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        companion.raw("notices", bytes(data))
    for payload in (
        b"", b"\xff" * 1000, b"[" * 50_000, b"{}", b"null", b"1e999", b'{"v":1}', good[:-1], b"x" * 500_000,
        message(companion, "notices", seq=2**53 - 1), message(companion, "notices", seq=-1),
        message(companion, "notices", seq=0), message(companion, "notices", at=[2**53 - 1, 0], seq=999),
        message(companion, "earnings"), message(companion, "notices", epoch="z"),
    ):  # fmt: skip
        for stream in ("notices", "receipts", "live", "nothing", "files"):
            companion.raw(stream, payload)
    for number in range(200):
        companion.raw("made" + chr(97 + number % 26) * (number % 10 + 1), message(companion, "notices"))
    companion.send("earnings", cards(1))
    assert until(lambda: companion.in_step("earnings"))
    assert box.ended is None
    assert box.board("earnings")["revision"] == 1


def test_a_message_without_effect_holds_nobody_up(companion, box):
    companion.send("notices", Told("0" * 26, "news", "first"))
    assert until(lambda: companion.in_step("notices"))
    bad = message(companion, "notices", seq=2, body={"notice": "no id"})
    companion.next["notices"] = 3
    window = companion.windows["notices"]
    window.put(2, 10, time.monotonic())
    companion.raw("notices", bad)
    companion.send("notices", Told("1" * 26, "news", "third"))
    assert until(lambda: companion.in_step("notices"))
    assert {row["text"] for row in box.board("notices")["notices"]} == {"first", "third"}


def test_a_message_from_the_future_is_kept_until_the_box_knows_it(companion, box, tmp_path):
    assert until(lambda: in_step(box))
    companion.raw("notices", message(companion, "notices", kind="notice.sung", kv=3, body={"song": "x"}))
    companion.next["notices"], companion.windows["notices"] = (
        2,
        Window(1),
    )
    companion.send("notices", Told("1" * 26, "news", "after"))
    assert until(lambda: companion.in_step("notices"))
    box.stop()

    database = sqlite3.connect(box.home / "sync" / "sync.db", isolation_level=None)
    assert database.execute("SELECT later, reason FROM dead").fetchall()[0][0] == 1
    payload = message(companion, "notices", body={"notice": "2" * 26, "level": "news", "text": "understood"})
    database.execute("UPDATE dead SET payload = ?", (payload,))  # as if an update had taught the box this kind
    database.close()
    box.start()
    assert until(lambda: box.board("notices") is not None)
    assert until(lambda: {row["text"] for row in box.board("notices")["notices"]} == {"after", "understood"})


def test_an_outbox_that_is_an_old_copy_begins_anew_and_nothing_comes_twice(companion, box, tmp_path):
    assert produce(box.home, 5).wait() == 0
    assert until(lambda: companion.count() == 10)
    box.stop()
    shutil.copytree(box.home / "sync", tmp_path / "copy")
    assert produce(box.home, 20).wait() == 0
    box.start()
    assert until(lambda: companion.count() == 50)
    box.stop()
    shutil.rmtree(box.home / "sync")
    (tmp_path / "copy").rename(box.home / "sync")
    assert produce(box.home, 1).wait() == 0
    box.start()
    assert until(lambda: companion.count() == 52)
    assert len({one.head.epoch for one in companion.effects("track.played")}) == 2


def test_a_box_that_is_nobodys_says_so_and_keeps_what_happens(tmp_path, broker):
    home = tmp_path / "home"
    home.mkdir()
    code = RUN.replace("lambda: access)", "lambda: access if (Path(home) / 'owned').exists() else None)")
    box, companion = Process(home, broker.port, code=code), Companion(broker.port)
    assert until(lambda: (box.board("sync") or {}).get("state") == "nobody's")
    assert produce(home, 5).wait() == 0
    assert until(lambda: box.board("sync")["behind"] == 10)
    (home / "owned").touch()
    assert until(lambda: companion.count() == 10)
    assert until(lambda: in_step(box))
    box.stop()
    companion.close()


def test_a_box_that_waits_for_the_first_account_says_where_to_make_it(tmp_path, broker):
    home = tmp_path / "home"
    home.mkdir()
    box = Process(home, broker.port, code=RUN.replace('"anna"', '""'))
    assert until(lambda: (box.board("sync") or {}).get("state") == "nobody's")
    assert "the first account at http://127.0.0.1:1 has it" in sentence(State(**box.board("sync")))
    box.stop()


def test_a_box_that_was_put_out_is_nobodys_and_says_what_to_do(tmp_path, broker):
    home = tmp_path / "home"
    home.mkdir()
    out = "def out(): raise OutError('this box was revoked; run `rackdeck box claim`')\n"
    code = RUN.replace("import Access, Door", "import Access, Door, OutError").replace(
        "access = Access(", out + "access = Access("
    )
    anna, box = Companion(broker.port), Process(home, broker.port)
    anna.send("earnings", cards(1))
    assert until(lambda: box.board("earnings"))
    box.stop()
    assert (box.board("sync"), box.board("earnings")) == (None, None), "what ends leaves nothing in memory"
    anna.close()
    box = Process(home, broker.port, code=code.replace("lambda: access)", "lambda: access, out)"))
    assert until(lambda: "revoked" in (box.board("sync") or {}).get("said", ""))
    shown = State(**box.board("sync"))
    assert (shown.state, shown.companion) == ("nobody's", "")
    assert "rackdeck box claim" in sentence(shown)
    assert until(lambda: box.board("earnings") is None)
    box.stop()


def test_another_owner_gets_nothing_of_the_former_one(tmp_path, broker):
    home = tmp_path / "home"
    home.mkdir()
    anna = Companion(broker.port, seed=1)
    box = Process(home, broker.port)
    anna.send("earnings", cards(1))
    assert until(lambda: box.board("earnings"))
    box.stop()
    anna.close()
    assert produce(home, 5).wait() == 0
    other = RUN.replace('"anna"', '"bert"')
    bert = Companion(broker.port, seed=2)
    box = Process(home, broker.port, code=other)
    assert until(lambda: in_step(box))
    assert box.board("earnings") is None
    assert produce(home, 1).wait() == 0
    assert until(lambda: bert.count() == 2)
    assert all_there(bert, 1)
    box.stop()
    bert.close()


@pytest.mark.parametrize("year", [1970, 2040])
def test_a_wrong_clock_changes_neither_order_nor_arrival(tmp_path, broker, year):
    home = tmp_path / "home"
    home.mkdir()
    wrong = f"import time; _ns = time.time_ns; time.time_ns = lambda: _ns() + ({year} - 2026) * 31_557_600 * 10**9\n"
    companion, box = Companion(broker.port), Process(home, broker.port, code=wrong + RUN)
    assert produce(home, 20).wait() == 0
    companion.send("earnings", cards(1))
    assert until(lambda: companion.count() == 40 and in_step(box))
    assert all_there(companion, 20)
    assert box.board("sync")["clock"] == "unset"
    assert until(lambda: companion.in_step("earnings"))
    born = next(one for one in companion.status if isinstance(one.body, Online))
    assert 2026 <= time.gmtime(born.head.at.ms / 1000).tm_year <= 2027
    box.stop()
    companion.close()


@pytest.mark.faults
def test_kills_of_everything_at_once_cost_nothing(companion, box, broker):
    """The box 12 times (RACKDECK_KILLS), the broker each tenth time with all it had; much is lost and shuffled."""
    kills, seed = int(os.environ.get("RACKDECK_KILLS", "12")), int(os.environ.get("RACKDECK_SEED", "7"))
    companion.loses, companion.shuffles = 0.05, True
    chance = random.Random(seed)
    count = kills * 60
    producer = produce(box.home, count, 0.01)
    sent = 0
    for number in range(kills):
        time.sleep(chance.choice((0.1, 0.3, 0.6, 0.8, 1.2)) * (0.5 + chance.random()))
        box.kill()
        if number % 10 == 9:
            broker.kill()
            (broker.folder / "data" / "mosquitto.db").unlink(missing_ok=True)
            broker.start()
        box.start()
        for _ in range(3):
            sent += 1
            companion.send("configuration", Wanted(sent, {"plays.told": True}))
    companion.loses = 0.0
    assert producer.wait() == 0
    assert until(lambda: companion.count() >= 2 * count + sent, 300), f"seed {seed}: {companion.count()}"
    assert until(lambda: companion.in_step("configuration"), 60)
    assert all_there(companion, count)
    assert [one.body.revision for one in companion.effects("configuration.applied")] == list(range(1, sent + 1))
    assert companion.bad == []
    print(f"{kills} kills, {companion.count()} messages up, {sent} down, {companion.doubles} came again without effect")
