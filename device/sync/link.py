"""The link: one MQTT session to the companion's broker, driven by one thread, coming back by itself.

Nothing rests on what the broker acknowledges: it may lose that.
"""

import logging
import os
import random
import select
import ssl
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.contracts import topics
from device.sync.access import Access

log = logging.getLogger(__name__)
SESSION_SECONDS = 7 * 24 * 3600
RECEIVE_MOST = 32
LARGEST_PACKET = 1024 * 1024
SEND_MOST = 200  # of what the broker has not acknowledged
KEEPALIVE_SECONDS = 60
ANSWER_SECONDS = 10.0
WILL_DELAY_SECONDS = 5
SHORTEST_WAIT, LONGEST_WAIT = 0.25, 60.0
Packet = tuple[str, bytes]


class Link:
    """Connects, keeps connected, and hands over what came. will: makes the payload of the will of a new connection.

    said: why there is no connection, for a person; empty while there is one. jitter: gives 0 to 1.
    """

    def __init__(self, will: Callable[[], bytes], jitter: Callable[[], float] = random.random):
        self._will, self._jitter = will, jitter
        self._client: mqtt.Client | None = None
        self._access: Access | None = None
        self._got: list[mqtt.MQTTMessage] = []
        self._up = False
        self._failures, self._due, self._began = 0, 0.0, 0.0
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.said = ""
        self.refused = False

    @property
    def up(self) -> bool:
        """Whether the broker let us in."""
        return self._up

    def use(self, access: Access | None) -> None:
        """Go there from now on; another one ends the connection that is."""
        if access != self._access:
            self.close()
            self._access, self._failures, self._due, self.said = access, 0, 0.0, ""

    def wake(self) -> None:
        """Make `step` return; any thread may."""
        os.eventfd_write(self._wake, 1)

    def publish(self, stream: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the connection; without one, or when it ends, it is lost."""
        if self._client is not None and self._access is not None and self._up:
            self._client.publish(topics.topic(self._access.box, "up", stream), payload, qos, retain)

    def step(self, timeout: float) -> bool:
        """Wait at most so many seconds for something to do, and do it. Whether a connection is new."""
        was_up = self._up
        if self._client is None and self._access is not None and time.monotonic() >= self._due:
            self._connect(self._access)
        if self._client is None:
            self._pause(timeout)
            return False
        self._drive(self._client, timeout)
        return self._up and not was_up

    def take(self) -> list[Packet]:
        """What came since. Call `done` when it has had its effect."""
        return [(message.topic, bytes(message.payload)) for message in self._got]

    def done(self) -> None:
        """What was taken need not be kept by the broker."""
        for message in self._got:
            if self._client is not None and message.qos:
                self._client.ack(message.mid, message.qos)
        self._got.clear()

    def close(self) -> None:
        """End the connection; the session at the broker stays."""
        if self._client is not None:
            if self._up:
                self._flush(self._client)
                self._client.disconnect()
            self._drop()

    def again(self) -> None:
        """End the connection and begin another at once: then the companion sends all that has no receipt."""
        self.close()
        self._due = 0.0

    def _flush(self, client: mqtt.Client) -> None:
        end = time.monotonic() + 1.0
        while client.want_write() and time.monotonic() < end and client.loop_write() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            time.sleep(0.005)

    def _drop(self) -> None:
        client, self._client, self._up = self._client, None, False
        self._got.clear()
        sock = client.socket() if client is not None else None
        if sock is not None:
            sock.close()

    def _pause(self, timeout: float) -> None:
        if self._access is not None:
            timeout = min(timeout, max(0.0, self._due - time.monotonic()))
        if select.select([self._wake], [], [], timeout)[0]:
            os.eventfd_read(self._wake)

    def _connect(self, access: Access) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=access.box, protocol=MQTTProtocolVersion.MQTTv5)
        client.connect_timeout = ANSWER_SECONDS
        client.max_inflight_messages_set(SEND_MOST)
        client.manual_ack_set(True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        try:
            if access.tls is not None:
                client.tls_set_context(access.tls())
            later = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
            later.WillDelayInterval = WILL_DELAY_SECONDS
            client.will_set(topics.topic(access.box, "up", "status"), self._will(), 1, True, later)
            self._began = time.monotonic()
            client.connect(access.host, access.port, KEEPALIVE_SECONDS, clean_start=False, properties=self._wishes())
        except (OSError, ValueError, mqtt.WebsocketConnectionError) as exc:
            self._failed(_sentence(exc))
            return
        self._client = client

    @staticmethod
    def _wishes() -> Properties:
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = SESSION_SECONDS
        wishes.ReceiveMaximum = RECEIVE_MOST
        wishes.MaximumPacketSize = LARGEST_PACKET
        return wishes

    def _drive(self, client: mqtt.Client, timeout: float) -> None:
        sock: Any = client.socket()
        if sock is None:
            self._failed("the connection ended")
            return
        waiting = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        writes = [sock] if client.want_write() else []
        ready, writable, _ = select.select([sock, self._wake], writes, [], 0 if waiting else timeout)
        if self._wake in ready:
            os.eventfd_read(self._wake)
        if waiting or sock in ready:
            self._read(client)
        if writable and self._client is client:
            client.loop_write()
        if self._client is client:
            client.loop_misc()
        if self._client is client and not self._up and time.monotonic() - self._began > ANSWER_SECONDS:
            self._failed("the broker does not answer")

    def _read(self, client: mqtt.Client) -> None:
        while self._client is client and len(self._got) < 2 * RECEIVE_MOST:
            before = len(self._got)
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            sock = client.socket()
            more = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
            if not more and (len(self._got) == before or sock is None):
                return

    def _connected(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _more: object
    ) -> None:
        if client is not self._client:
            return
        if reason.is_failure:
            self.refused = True
            self._failed(f"the companion's broker does not let this box in ({str(reason).lower()})")
            return
        assert self._access is not None
        client.subscribe(topics.everything_down(self._access.box), qos=1)
        self._up, self._failures, self.said, self.refused = True, 0, "", False

    def _disconnected(
        self, client: mqtt.Client, _data: object, _flags: mqtt.DisconnectFlags, reason: ReasonCode, _more: object
    ) -> None:
        if client is self._client:
            self._failed(f"the connection ended ({str(reason).lower()})")

    def _message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if client is self._client:
            self._got.append(message)

    def _failed(self, said: str) -> None:
        """Try again later: sooner after a connection that was good, later with each failure."""
        if said != self.said:
            log.info("%s", said)
        self.said = said
        wait = min(SHORTEST_WAIT * 2**self._failures, LONGEST_WAIT)
        self._failures = min(self._failures + 1, 20)
        self._due = time.monotonic() + wait * (0.5 + self._jitter())
        self._drop()


def _sentence(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker is not the companion's ({(error.verify_message or str(error)).lower()})"
    if isinstance(error, ssl.SSLError):
        return f"the broker refused this box's certificate ({(error.reason or str(error)).lower().replace('_', ' ')})"
    return f"the companion's broker cannot be reached ({(getattr(error, 'strerror', '') or str(error)).lower()})"
