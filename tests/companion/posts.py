"""A mosquitto of the tests' own, and boxes that speak as `contracts.delivery` has it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from companion.boxes.models import Box
from companion.database import connection, new_id, now
from device.contracts import delivery, envelope, topics
from device.contracts.clock import Stamp
from device.contracts.delivery import Heard, Row, Window
from device.contracts.plays import Played
from device.contracts.receipts import Cursor, Numbering, Opening, Receipt, Skipped
from device.contracts.values import Track
from tests.companion.servers import free_port, wait_for_port

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
_LINES = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 1024
max_queued_messages 100000
max_packet_size 600000
set_tcp_nodelay true
"""


class Mosquitto:
    """A broker that anybody may use, and that forgets all when it is killed."""

    def __init__(self, folder):
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        self._file.write_text(_LINES.format(port=self.port) + ("user root\n" if os.getuid() == 0 else ""))
        self.start()

    @property
    def url(self):
        return f"mqtt://companion:secret@127.0.0.1:{self.port}"

    def start(self):
        command = ["setpriv", "--pdeathsig", "TERM", "--", MOSQUITTO, "-c", str(self._file)]
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self._child)

    def stop(self):
        self._child.terminate()
        self._child.wait()

    def kill(self):
        self._child.kill()
        self._child.wait()


class Consumer:
    """The ingest process, as it is run."""

    def __init__(self, settings, broker):
        self._environment = {
            "PATH": os.environ["PATH"],
            "COMPANION_FOLDER": str(settings.folder),
            "COMPANION_BROKER_URL": broker.url,
            "COMPANION_LOG_LEVEL": "info",
            "PYTHONUNBUFFERED": "1",
        } | ({"DATABASE_URL": settings.database_url} if settings.database_url else {})
        self._log = (settings.folder / f"ingest-{new_id()}.log").open("w")
        self.start()

    def start(self):
        command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-P", "-m", "companion.ingesting"]
        self.child = subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=self._log)

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(20) == 0
        self._log.close()


def claimed(owner, name="Box"):
    """The id of a new box of somebody's (a user's id)."""
    with connection():
        number = new_id()
        Box.create(id=number, owner=owner, name=name, model="Test", fingerprint="f", claimed=now())
    return number


def message(body, seq, epoch, stream, number=None, at=None):
    """Bytes of a message up."""
    made = envelope.compose(body, number or new_id(), stream, epoch, seq, at or Stamp(now(), 0), "set")
    return envelope.encode("up", made)


def played(text, **more):
    return Played(Track(title=str(text)), 1, now(), 60.0, **more)


class Sender:
    """An outbox: rows of one stream, in memory."""

    def __init__(self, stream):
        self.stream, self.epoch, self.next, self.rows = stream, new_id(), 1, {}
        self.window = Window(0)

    def put(self, body):
        self.rows[self.next] = message(body, self.next, self.epoch, self.stream)
        self.next += 1
        return self.next - 1

    @property
    def numbering(self):
        return Numbering(self.stream, self.epoch, min(self.rows, default=self.next), self.next)


class _Memory:
    """An Inbox in memory."""

    def __init__(self, effects):
        self.cursor, self._early, self._effects = 0, {}, effects

    def apply(self, what):
        if not isinstance(what.body, Skipped):
            self._effects.append(what)

    def room(self):
        return delivery.HOLD_BYTES - sum(row.size for row in self._early.values())

    def hold(self, row):
        self._early.setdefault(row.first, row)

    def held(self):
        return self._early[min(self._early)] if self._early else None

    def release(self, row):
        del self._early[row.first]


class StandIn:
    """A box on the broker. chaos: gives 0 to 1; below it a message is lost, doubled or late.

    got: what came down and had its effect, in order.
    """

    def __init__(self, broker, box, chaos=0.0, seed=0):
        self.box, self._chaos, self._dice = box, chaos, random.Random(seed)
        self.senders, self.got, self._inboxes, self._late = {}, [], {}, []
        self.lock = threading.RLock()
        self._epoch = new_id()
        self._over, self._up = False, False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=box, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(2000)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._gone
        self._client.on_message = self._came
        self._broker = broker
        self.arrived = []  # (time, message)

    def connect(self):
        options = Properties(PacketTypes.CONNECT)
        options.SessionExpiryInterval = 3600
        options.ReceiveMaximum = 128
        self._client.connect("127.0.0.1", self._broker.port, 30, clean_start=False, properties=options)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def close(self):
        self._over = True
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def put(self, stream, body):
        with self.lock:
            return self.senders.setdefault(stream, Sender(stream)).put(body)

    @property
    def waiting(self):
        with self.lock:
            return sum(len(sender.rows) for sender in self.senders.values())

    def say(self, body, stream):
        """Something that is not numbered."""
        self._publish(stream, message(body, 0, self._epoch, stream), 0, retain=stream == "status")

    def _connected(self, client, *_):
        client.subscribe(topics.everything_down(self.box), 1)
        with self.lock:
            self._up = True
            for sender in self.senders.values():
                sender.window.connect()
            self._open()

    def _gone(self, *_):
        self._up = False

    def _open(self):
        streams = tuple(sender.numbering for sender in self.senders.values())
        self.say(Opening(streams), "receipts")

    def _publish(self, stream, payload, qos=1, retain=False):
        self._client.publish(topics.topic(self.box, "up", stream), payload, qos, retain)

    def _run(self):
        while not self._over:
            time.sleep(0.002)
            with self.lock:
                if self._up:
                    self.step()

    def step(self):
        at = time.monotonic()
        for sender in self.senders.values():
            if sender.window.overdue(at):
                self._open()
            number = sender.window.sent + 1
            while (payload := sender.rows.get(number)) is not None and sender.window.fits(len(payload)):
                sender.window.put(number, len(payload), at)
                self._send(sender.stream, payload)
                number += 1
        late, self._late = self._late, []
        for stream, payload in late:
            self._publish(stream, payload)

    def _send(self, stream, payload):
        if self._dice.random() >= self._chaos:
            self._publish(stream, payload)
            return
        match self._dice.randrange(3):
            case 0:
                pass  # lost
            case 1:
                self._publish(stream, payload)
                self._publish(stream, payload)
            case 2:
                self._late.insert(self._dice.randrange(len(self._late) + 1), (stream, payload))

    def _came(self, _client, _data, what):
        place = topics.parse(what.topic)
        found = envelope.decode("down", place.stream, what.payload)
        with self.lock:
            if isinstance(found.body, Receipt):
                self._hear(found.body)
            elif isinstance(found.body, Opening):
                for one in found.body.streams:
                    delivery.opened(self._inbox(one.stream, one.epoch), one.first)
                self._tell(*((one.stream, one.epoch) for one in found.body.streams))
            elif found.head.seq:
                self.arrived.append((time.time(), found))
                inbox = self._inbox(place.stream, found.head.epoch)
                delivery.receive(inbox, Row(found.head.seq, found.last, len(what.payload), found))
                self._tell((place.stream, found.head.epoch))
            else:
                self.got.append(found)

    def _inbox(self, stream, epoch):
        return self._inboxes.setdefault((stream, epoch), _Memory(self.got))

    def _tell(self, *keys):
        self.say(Receipt(tuple(Cursor(*key, self._inboxes[key].cursor) for key in keys)), "receipts")

    def _hear(self, receipt):
        for cursor in receipt.cursors:
            sender = self.senders.get(cursor.stream)
            if sender is None or sender.epoch != cursor.epoch:
                continue
            heard = sender.window.hear(cursor.upto, sender.next - 1, time.monotonic())
            assert heard is not Heard.BEYOND
            for number in [number for number in sender.rows if number <= cursor.upto]:
                del sender.rows[number]


def until(said, seconds=30.0):
    """Wait until something is so; fails when it does not come to be."""
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)
