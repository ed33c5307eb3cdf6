"""The ingest process, as it is run, on a real broker: killed, doubled, cut off, and never wrong."""

import os
import random
import time

import pytest

from companion.boxes import service as boxes
from companion.database import connection, database, new_id
from companion.earnings import service as earnings
from companion.ingest import letters
from companion.outgoing import service as outgoing
from companion.sets.models import Play
from device.contracts.earnings import Cards
from device.contracts.health import Storage
from device.contracts.notices import Told
from device.contracts.status import Online
from tests.companion.posts import MOSQUITTO, Consumer, Mosquitto, StandIn, claimed, message, played, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")]
KILLS = int(os.environ.get("RACKDECK_KILLS", "50")) // 10  # it takes its time to start


@pytest.fixture
def broker(tmp_path):
    running = Mosquitto(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def consumers(settings, app, broker):
    """Starts consumers; ends them with the test."""
    started = []

    def start():
        started.append(Consumer(settings, broker))
        return started[-1]

    yield start
    for consumer in started:
        consumer.stop()


@pytest.fixture
def standin(broker):
    """Connects boxes; ends them with the test."""
    made = []

    def make(box, **more):
        made.append(StandIn(broker, box, **more))
        return made[-1].connect()

    yield make
    for box in made:
        box.close()


def online(box):
    box.say(Online("Box", "One", new_id(), 1.0, {"rackdeck": "0.1"}, Storage(100, 60), "running"), "status")


def titles(box):
    with connection():
        return [row.title for row in Play.select().where(Play.box == box).order_by(Play.id)]


def test_two_boxes_events_arrive_and_each_gets_its_own_receipts(consumers, standin, mira, noor):
    consumers()
    ids = [claimed(mira.id), claimed(noor.id)]
    mine = [standin(box) for box in ids]
    for number in range(500):
        for box in mine:
            box.put("plays", played(number))
    until(lambda: not any(box.waiting for box in mine))
    for box in ids:
        assert titles(box) == [str(number) for number in range(500)]


@pytest.mark.faults
def test_a_consumer_killed_at_random_points_loses_and_doubles_nothing(consumers, standin, mira):
    dice = random.Random(7)
    box = claimed(mira.id)
    consumer = consumers()
    mine = standin(box, chaos=0.05, seed=7)
    count = 0
    for _ in range(KILLS):
        for _ in range(150):
            mine.put("plays", played(count))
            count += 1
        time.sleep(dice.uniform(0.05, 0.6))
        consumer.kill()
        consumer.start()
    until(lambda: not mine.waiting, 120)
    assert titles(box) == [str(number) for number in range(count)]


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(consumers, standin, broker, mira):
    box = claimed(mira.id)
    consumers()
    mine = standin(box)
    count = 0
    for _ in range(3):
        for _ in range(300):
            mine.put("plays", played(count))
            count += 1
        time.sleep(0.1)
        broker.kill()
        broker.start()
    until(lambda: not mine.waiting, 60)
    assert titles(box) == [str(number) for number in range(count)]


def test_two_consumers_share_the_messages_and_keep_the_order(consumers, standin, mira):
    consumers()
    consumers()
    ids = [claimed(mira.id) for _ in range(2)]
    mine = [standin(box, chaos=0.02, seed=seed) for seed, box in enumerate(ids)]
    time.sleep(2)
    for number in range(600):
        for box in mine:
            box.put("plays", played(number))
    until(lambda: not any(box.waiting for box in mine), 60)
    for box in ids:
        assert titles(box) == [str(number) for number in range(600)]


def test_a_database_that_goes_away_and_comes_back_loses_nothing(request, settings, consumers, standin, mira):
    if not settings.database_url:
        pytest.skip("a file does not go away")
    box = claimed(mira.id)
    consumers()
    mine = standin(box)
    name = settings.database_url.rpartition("/")[2]
    server = request.getfixturevalue("postgres")
    for number in range(400):
        mine.put("plays", played(number))
        if number % 100 == 50:
            time.sleep(0.1)
            server._do(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                " AND pid <> pg_backend_pid()"
            )
            database.close()
    until(lambda: not mine.waiting, 60)
    assert titles(box) == [str(number) for number in range(400)]


def test_hostile_payloads_on_the_wire_stop_nobody(consumers, standin, mira):
    box, hostile = claimed(mira.id), claimed(mira.id)
    consumers()
    mine, other = standin(box), standin(hostile)
    dice = random.Random(3)
    whole = message(played("x"), 1, new_id(), "plays")
    for number in range(300):
        at = dice.randrange(len(whole))
        other._publish("plays", whole[:at] + dice.randbytes(dice.randrange(4)) + whole[at + dice.randrange(3) :])
        other._publish(dice.choice(["receipts", "status", "live", "xyz"]), dice.randbytes(dice.randrange(200)))
        mine.put("plays", played(number))
    until(lambda: not mine.waiting)
    assert titles(box) == [str(number) for number in range(300)]
    assert len(titles(hostile)) <= 1
    with connection():
        assert letters.counts()["open"] <= letters.MOST


def test_a_revoked_box_has_no_effect_from_then_on(consumers, standin, mira):
    box = claimed(mira.id)
    consumers()
    mine = standin(box)
    mine.put("plays", played("before"))
    until(lambda: not mine.waiting)
    with connection():
        boxes.revoke(mira.id, box)
    mine.put("plays", played("after"))
    time.sleep(1)
    assert mine.waiting == 1
    assert titles(box) == ["before"]


def gig(amount):
    return earnings.Item("gig", "Friday", amount, "EUR", "2026-01-02")


def cards(box):
    return [one.body for one in box.got if isinstance(one.body, Cards)]


def test_cards_reach_a_box_that_is_there_as_they_change(consumers, standin, mira):
    box = claimed(mira.id)
    consumers()
    mine = standin(box)
    online(mine)
    for amount in (10, 20, 30):
        with connection():
            earnings.posted(mira.id, [gig(amount)])
        until(lambda wanted=amount: cards(mine) and cards(mine)[-1].posted.amount == wanted)
    assert cards(mine)[-1].cards[0].total == 60
    with connection():
        until(lambda: not outgoing.waiting(box))


def test_a_box_that_was_away_gets_the_last_cards_alone_and_a_new_one_is_told_at_once(consumers, standin, mira):
    box = claimed(mira.id)
    with connection():
        for amount in range(1, 21):
            earnings.posted(mira.id, [gig(amount)])
    consumers()
    mine = standin(box)
    mine.put("plays", played("hello"))
    until(lambda: cards(mine) and cards(mine)[-1].cards[0].total == 210)
    assert len(cards(mine)) == 1


def test_what_is_for_boxes_survives_a_publisher_that_is_killed(consumers, standin, mira):
    dice = random.Random(5)
    box = claimed(mira.id)
    consumer = consumers()
    mine = standin(box)
    online(mine)
    count = 0
    for _ in range(5):
        with connection(), database.atomic():
            for _ in range(40):
                outgoing.send(box, Told(new_id(), "news", str(count)))
                count += 1
        time.sleep(dice.uniform(0, 0.5))
        consumer.kill()
        consumer.start()
    with connection():
        until(lambda: not outgoing.waiting(box), 90)
    told = [one.body.text for one in mine.got if isinstance(one.body, Told)]
    assert told == [str(number) for number in range(count)]
