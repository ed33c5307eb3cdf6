"""The ingest process: takes what boxes send from the broker, and publishes what waits for them.

Nothing here lasts: what was not committed was not acknowledged and comes again, and while the database does not answer
the broker is left, so that boxes keep what they have.
"""

import contextlib
import logging
import os
import selectors
import signal
import time
from collections import deque
from types import FrameType

import peewee
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from companion import config, database, observe
from companion.app import create_app
from companion.boxes import broker
from companion.boxes.broker import Door
from companion.config import Settings
from companion.database import new_id, now
from companion.ingest import letters, metrics, service
from companion.ingest.numbering import Parcel
from companion.jobs import service as jobs
from companion.jobs.service import PASSING
from companion.outgoing import nudges, watching
from companion.outgoing.nudges import Ear
from companion.outgoing.publishing import Lease, Publisher
from companion.vault.service import Vault
from device.contracts import envelope, topics
from device.contracts.clock import Stamp
from device.contracts.receipts import Receipt

log = logging.getLogger(__name__)
BATCH = 256  # messages in one transaction
BATCH_SECONDS = 0.02  # that the first of a batch waits for others, while they come
IN_FLIGHT = 1024  # messages that the broker may send before the first is acknowledged
KEEPALIVE = 30
LONGEST_PAUSE = 5.0
POLL_SECONDS = 1.0
EXPIRY_SECONDS = 300  # of what the broker holds for a box that just went away


class GoneError(Exception):
    """The broker, or the database, does not answer."""


class Post:
    """One connection to the broker, in one thread. `arrived`: what was not taken yet, with what to acknowledge."""

    def __init__(self, door: Door):
        self.arrived: deque[tuple[int, Parcel | None]] = deque()
        self._up: bool | None = None
        self._epoch = new_id()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"ingest-{self._epoch}",
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        self._client.username_pw_set(door.access.user, door.access.password)
        if door.tls:
            self._client.tls_set()
        self._client.max_inflight_messages_set(65535)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._came
        self._client.connect_timeout = LONGEST_PAUSE
        most = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        most.ReceiveMaximum = IN_FLIGHT
        self._group = door.access.group
        self._expiry = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        self._expiry.MessageExpiryInterval = EXPIRY_SECONDS
        try:
            self._client.connect(door.host, door.port, KEEPALIVE, clean_start=True, properties=most)
        except (OSError, ValueError) as exc:
            raise GoneError(str(exc)) from exc
        end = time.monotonic() + LONGEST_PAUSE
        while self._up is None and time.monotonic() < end:
            self._client.loop(0.1)
        if not self._up:
            self._client.disconnect()
            raise GoneError("it does not let us in")

    def _connected(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._up = not reason.is_failure
        if self._up:
            # Retained messages do not come by a shared subscription: each consumer hears for itself who is there.
            client.subscribe([(topics.everything_up(self._group), 1), (topics.every_status(), 1)])
        else:
            log.error("the broker refuses: %s", reason)

    def _disconnected(self, *_: object) -> None:
        self._up = False

    def _came(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            parcel = service.opened(message.topic, bytes(message.payload), now())
        except UnicodeDecodeError:
            parcel = None
        self.arrived.append((message.mid if message.qos else 0, parcel))

    def fileno(self) -> int:
        """For a selector. GoneError."""
        line = self._client.socket()
        if line is None:
            raise GoneError("the connection ended")
        return int(line.fileno())

    def read(self) -> None:
        """Take what has come, up to a batch. GoneError."""
        before = -1
        while len(self.arrived) < BATCH and before != len(self.arrived):
            before = len(self.arrived)
            self._check(self._client.loop_read())

    def tend(self) -> None:
        """Write what could not be written, ping when it is time. GoneError."""
        if self._client.want_write():
            self._check(self._client.loop_write())
        self._check(self._client.loop_misc())

    def _check(self, code: int) -> None:
        if code != mqtt.MQTT_ERR_SUCCESS or not self._up:
            raise GoneError("the connection ended")

    def acknowledge(self, numbers: list[int]) -> None:
        """Tell the broker that these are done with."""
        for number in numbers:
            if number:
                self._client.ack(number, 1)

    def publish(self, box: str, stream: str, payload: bytes) -> bool:
        """Send to a box. False when it cannot go now."""
        metrics.PUBLISHED.inc()
        numbered = stream in topics.NUMBERED["down"]
        sent = self._client.publish(topics.topic(box, "down", stream), payload, int(numbered), properties=self._expiry)
        return sent.rc == mqtt.MQTT_ERR_SUCCESS

    def receipt(self, box: str, receipt: Receipt) -> None:
        """Tell a box how far its streams have come."""
        message = envelope.compose(receipt, new_id(), "receipts", self._epoch, 0, Stamp(now(), 0), "set")
        self.publish(box, "receipts", envelope.encode("down", message))

    def watch(self, box: str) -> None:
        """Have a box tell its panel's values for a while."""
        message = envelope.compose(watching.WATCHED, new_id(), "live", self._epoch, 0, Stamp(now(), 0), "set")
        self.publish(box, "live", envelope.encode("down", message))

    def close(self) -> None:
        """Go."""
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()


class Ingest:
    """Batches in, receipts and what waits out, until `end`."""

    def __init__(self, settings: Settings, vault: Vault):
        self._settings, self._vault = settings, vault
        self._ear, self._lease = Ear(settings), Lease(settings.folder)
        self._over = False

    def end(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Stop after the batch that is being done."""
        self._over = True

    def run(self) -> None:
        """Until `end`. Broker or database may go and come."""
        pause = 0.0
        later = True
        while not self._over:
            post = None
            try:
                database.ready()
                if later:
                    letters.replay_later()
                    later = False
                door = broker.door(self._settings, self._vault)
                if door is not None:
                    post = Post(door)
                    pause = 0.0
                    log.info("connected to the broker at %s:%s", door.host, door.port)
                    self._work(post)
            except GoneError as exc:
                log.warning("the broker does not answer: %s", exc)
            except PASSING as exc:
                log.warning("the database does not answer: %s", exc)
                with contextlib.suppress(peewee.PeeweeException):
                    database.database.close()
            finally:
                if post is not None:
                    post.close()
            pause = min(LONGEST_PAUSE, 2 * pause + 0.1)
            if not self._over:
                time.sleep(pause)
        with contextlib.suppress(*PASSING):
            self._lease.release()
        self._ear.close()

    def _work(self, post: Post) -> None:
        publisher = Publisher(post.publish)
        polled, ours = 0.0, False
        with selectors.DefaultSelector() as selector:
            selector.register(post.fileno(), selectors.EVENT_READ)
            if self._ear.line is not None:
                selector.register(self._ear.line, selectors.EVENT_READ)
            while not self._over:
                selector.select(0 if post.arrived else 0.05 if self._ear.line is None else 0.25)
                self._gather(post, selector)
                due = self._take(post, publisher)
                heard = self._ear.heard()
                due |= heard & publisher.there()
                watched = {name.removeprefix(nudges.WATCH) for name in heard if name.startswith(nudges.WATCH)}
                at = time.monotonic()
                due |= publisher.overdue(at)
                if at >= polled + POLL_SECONDS:
                    polled, before = at, ours
                    ours = self._lease.held()
                    due |= publisher.fresh() if before else publisher.there()
                for box in watched & publisher.there() if ours else ():
                    post.watch(box)
                if ours and due:
                    for box in sorted(due):
                        publisher.pump(box, at)
                post.tend()

    @staticmethod
    def _gather(post: Post, selector: selectors.BaseSelector) -> None:
        """Read while more comes, for a little, up to a batch."""
        end = time.monotonic() + BATCH_SECONDS
        post.read()
        while 0 < len(post.arrived) < BATCH and time.monotonic() < end and selector.select(0):
            before = len(post.arrived)
            post.read()
            if len(post.arrived) == before:
                break

    def _take(self, post: Post, publisher: Publisher) -> set[str]:
        """One batch: take, acknowledge, receipt. Returns the boxes that something may be published to."""
        if not post.arrived:
            return set()
        batch = [post.arrived.popleft() for _ in range(min(BATCH, len(post.arrived)))]
        parcels = [parcel for _, parcel in batch if parcel is not None]
        began = time.perf_counter()
        outcome = _taken(parcels)
        metrics.SECONDS.observe(time.perf_counter() - began)
        metrics.BATCH.observe(len(parcels))
        post.acknowledge([number for number, _ in batch])
        for box, cursors in outcome.receipts.items():
            for start in range(0, len(cursors) or 1, 64):
                post.receipt(box, Receipt(tuple(cursors[start : start + 64])))
        for box, epoch in outcome.left.items():
            publisher.leave(box, epoch)
        return {box for box, epoch in outcome.came.items() if publisher.connect(box, epoch)}


def _taken(parcels: list[Parcel]) -> service.Outcome:
    """Take a batch, some times if it must be: another consumer may be in its way. PASSING when that was of no use."""
    for tries in range(service.STUBBORN):
        try:
            return service.take(parcels, tries)
        except PASSING as exc:
            log.info("a batch waits: %s", exc)
            time.sleep(0.02 * 2**tries)
            database.ready()
    return service.take(parcels, service.STUBBORN)


def main() -> None:
    """Until SIGINT or SIGTERM."""
    settings = config.load()
    observe.install(settings)
    os.umask(0o077)
    app = create_app(settings)
    jobs.open_queue(settings)
    ingest = Ingest(settings, app.extensions["vault"])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ingest.end)
    ingest.run()


if __name__ == "__main__":
    main()
