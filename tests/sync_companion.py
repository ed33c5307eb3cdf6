"""A companion for tests of the box's sync: a broker, and a receiver and sender built on the contract alone."""

import contextlib
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device.contracts import delivery, envelope, ids, topics
from device.contracts.clock import Stamp
from device.contracts.errors import ContractError
from device.contracts.receipts import Cursor, Numbering, Opening, Receipt, Skipped

BOX = "testbox234567testbox234567"
PATIENCE = 60.0


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def until(said, seconds=PATIENCE):
    """Wait until something is so. Whether it came to be."""
    end = time.monotonic() + seconds
    while not said():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Mosquitto:
    """A broker on a private port, without TLS."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder
        self._process = None
        config = folder / "mosquitto.conf"
        (folder / "data").mkdir(exist_ok=True)
        user = "user root\n" if os.getuid() == 0 else ""
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n{user}"
            f"persistence_location {folder}/data/\nmax_queued_messages 50000\n"
            "log_type error\nmax_inflight_messages 256\n"
        )
        self._config = config
        self.start()

    def start(self):
        command = [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(self._config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

        def listens():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False

        assert until(listens)

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def kill(self):
        self._process.kill()
        self._process.wait()


class Store:
    """What the companion's database keeps of one box: effects in order, cursors, held rows; rolls back like one."""

    def __init__(self):
        self.db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.db.executescript(
            "CREATE TABLE effects (number INTEGER PRIMARY KEY, stream, epoch, seq, id UNIQUE, kind, payload);"
            "CREATE TABLE cursors (stream, epoch, upto, PRIMARY KEY (stream, epoch));"
            "CREATE TABLE held (stream, epoch, first, last, payload, PRIMARY KEY (stream, epoch, first));"
        )


class Numbered:
    def __init__(self, db, stream, epoch):
        self.db, self.place = db, (stream, epoch)
        row = db.execute("SELECT upto FROM cursors WHERE stream = ? AND epoch = ?", self.place).fetchone()
        self._upto = row[0] if row else 0

    @property
    def cursor(self):
        return self._upto

    @cursor.setter
    def cursor(self, value):
        self._upto = value
        self.db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (*self.place, value))

    def apply(self, what):
        message, payload = what
        if not isinstance(message.body, Skipped):
            head = message.head
            found = self.db.execute("SELECT epoch FROM effects WHERE id = ?", (head.id,)).fetchone()
            if found is not None and found[0] != head.epoch:  # an old copy of an outbox numbered it anew
                return
            self.db.execute(
                "INSERT INTO effects (stream, epoch, seq, id, kind, payload) VALUES (?, ?, ?, ?, ?, ?)",
                (*self.place, head.seq, head.id, head.kind, payload),
            )

    def room(self):
        return delivery.HOLD_BYTES - self.db.execute("SELECT ifnull(sum(length(payload)), 0) FROM held").fetchone()[0]

    def hold(self, row):
        self.db.execute(
            "INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?, ?)", (*self.place, row.first, row.last, row.what[1])
        )

    def held(self):
        row = self.db.execute(
            "SELECT first, last, payload FROM held WHERE stream = ? AND epoch = ? ORDER BY first LIMIT 1", self.place
        ).fetchone()
        if row is None:
            return None
        message = envelope.decode("up", self.place[0], row[2])
        return delivery.Row(row[0], row[1], len(row[2]), (message, row[2]))

    def release(self, row):
        self.db.execute("DELETE FROM held WHERE stream = ? AND epoch = ? AND first = ?", (*self.place, row.first))


class Companion:
    """Receives what a box sends and sends to it. loses: share of receipts and rows that vanish; shuffles: reorder."""

    def __init__(self, port, box=BOX, loses=0.0, shuffles=False, seed=1):
        self.box, self.loses, self.shuffles = box, loses, shuffles
        self.random = random.Random(seed)
        self.store = Store()
        self.status, self.live, self.bad = [], [], []
        self.epoch = ids.make(int(time.time() * 1000), os.urandom(10))
        self.sent, self.windows, self.next = {}, {}, {}
        self.receipted = {}
        self.receipts = self.doubles = 0
        self.openings = []
        self.lock = threading.RLock()
        self._batch = []
        self._count = 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"companion-{seed}", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = self._connected
        self._client.on_message = self._message
        self._client.reconnect_delay_set(1, 1)
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=expiry)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _connected(self, client, *_):
        client.subscribe(topics.everything_up(), qos=1)

    def _message(self, _client, _data, message):
        self._batch.append((message.topic, message.payload))

    def _run(self):
        import select

        while not self._stopped:
            sock = self._client.socket()
            if sock is None:
                with contextlib.suppress(OSError):
                    self._client.reconnect()
                time.sleep(0.05)
                continue
            ready, _, _ = select.select([sock], [sock] if self._client.want_write() else [], [], 0.02)
            if ready:
                for _ in range(200):
                    before = len(self._batch)
                    if self._client.loop_read() != 0 or len(self._batch) == before:
                        break
            if self._client.socket() is not None:
                self._client.loop_write()
                self._client.loop_misc()
            with self.lock:
                self._work()

    def _work(self):
        batch, self._batch = self._batch, []
        if self.shuffles:
            self.random.shuffle(batch)
        moved = {}
        self.store.db.execute("BEGIN")
        for topic, payload in batch:
            place = topics.parse(topic)
            if place.box != self.box or self.random.random() < self.loses:
                continue
            try:
                message = envelope.decode("up", place.stream, payload)
            except ContractError as exc:
                self.bad.append((exc, payload))
                continue
            self._one(place.stream, message, payload, moved)
        self.store.db.execute("COMMIT")
        if moved and self.random.random() >= self.loses:
            self.publish("receipts", Receipt(tuple(Cursor(*place, upto) for place, upto in moved.items())))
        self._resend()

    def _one(self, stream, message, payload, moved):
        body = message.body
        if stream == "status":
            self.status.append(message)
        elif stream == "live":
            self.live.append(message)
        elif isinstance(body, Receipt):
            self.receipts += 1
            for cursor in body.cursors:
                window = self.windows.get(cursor.stream)
                if window is not None and cursor.epoch == self.epoch:
                    window.hear(cursor.upto, self.next[cursor.stream] - 1, time.monotonic())
        elif isinstance(body, Opening):
            self.openings.append(body)
            for row in body.streams:
                inbox = Numbered(self.store.db, row.stream, row.epoch)
                assert delivery.opened(inbox, row.first) == 0, "the box gave up what was not receipted"
                moved[row.stream, row.epoch] = inbox.cursor
        else:
            inbox = Numbered(self.store.db, stream, message.head.epoch)
            row = delivery.Row(message.head.seq, message.last, len(payload), (message, payload))
            self.doubles += delivery.receive(inbox, row) is delivery.Verdict.SEEN
            moved[stream, message.head.epoch] = inbox.cursor

    def publish(self, stream, body, seq=0, made=None):
        ms = int(time.time() * 1000)
        self._count += 1
        message = envelope.compose(
            body, ids.make(ms, os.urandom(10)), stream, self.epoch, seq, Stamp(ms, self._count % 1000), "set"
        )
        payload = envelope.encode("down", message)
        self._client.publish(topics.topic(self.box, "down", stream), payload, qos=1)
        return payload

    def raw(self, stream, payload):
        self._client.publish(topics.topic(self.box, "down", stream), payload, qos=1)

    def send(self, stream, body):
        """A numbered message, sent until it is receipted."""
        with self.lock:
            number = self.next.get(stream, 1)
            self.next[stream] = number + 1
            self.windows.setdefault(stream, delivery.Window(0))
            self.sent[stream, number] = body

    def _resend(self):
        now = time.monotonic()
        for stream, window in self.windows.items():
            if window.overdue(now):
                rows = (Numbering(stream, self.epoch, window.receipted + 1, self.next[stream]),)
                self.publish("receipts", Opening(rows))
            while window.sent < self.next[stream] - 1 and window.fits(500):
                number = window.sent + 1
                self.publish(stream, self.sent[stream, number], number)
                window.put(number, 500, now)

    def in_step(self, stream):
        with self.lock:
            window = self.windows.get(stream)
            return window is None or window.receipted == self.next[stream] - 1

    def effects(self, kind=""):
        """(seq, body) of everything that had its effect, in order."""
        with self.lock:
            rows = self.store.db.execute("SELECT stream, payload FROM effects ORDER BY number").fetchall()
        found = [envelope.decode("up", *row) for row in rows]
        return [message for message in found if not kind or message.head.kind == kind]

    def count(self):
        with self.lock:
            return self.store.db.execute("SELECT ifnull(max(number), 0) FROM effects").fetchone()[0]

    def close(self):
        self._stopped = True
        self._thread.join()
        self._client.disconnect()


RUN = """
import json, signal, sys
from pathlib import Path
from device.sync import service
from device.sync.access import Access, Door
from device.sync.core import Places
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
home, runtime, port, box = sys.argv[1:5]
import logging
logging.basicConfig(level=sys.argv[5] if len(sys.argv) > 5 else "ERROR")
access = Access(box, "Box", "test", "anna", "127.0.0.1", int(port), None, "http://127.0.0.1:1")
service.run(Places(Path(home), Path(runtime)), Door(lambda: access))
"""


class Process:
    """`rackdeck sync` of a home, as a process of its own."""

    def __init__(self, home, port, box=BOX, level="ERROR", code=RUN):
        self.home, self.port, self.box, self.level, self.code = home, port, box, level, code
        self.runtime = home / "memory"
        self.runtime.mkdir(parents=True, exist_ok=True)
        self._process = None
        self.start()

    def start(self):
        command = [
            sys.executable,
            "-c",
            self.code,
            str(self.home),
            str(self.runtime),
            str(self.port),
            self.box,
            self.level,
        ]
        self._process = subprocess.Popen(command)

    @property
    def pid(self):
        return self._process.pid

    @property
    def ended(self):
        return self._process.poll()

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        self._process.terminate()
        assert self._process.wait(20) is not None

    def board(self, name):
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.runtime / f"board-{name}.json").read_bytes())
        return None
