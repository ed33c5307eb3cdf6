"""A real mosquitto on private ports, boxes with certificates of the companion, and clients that say what they heard."""

import contextlib
import os
import signal
import ssl
import threading
import time

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from companion.boxes import authority, certificates
from companion.boxes import broker as companion_broker
from companion.database import connection
from provisioning import identity, membership
from provisioning.broker import Listeners
from provisioning.brokering import Broker
from provisioning.membership import Membership
from tests.companion.servers import free_port

PATIENCE = 10.0


def until(said, seconds=PATIENCE):
    """Wait until something is so. Whether it came to be."""
    end = time.monotonic() + seconds
    while not said():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class RunningBroker:
    """mosquitto with the files of a companion, watched as `rackdeck broker` does."""

    def __init__(self, settings, vault):
        self.settings, self.vault = settings, vault
        with connection():
            authority.renew_list(vault)
            companion_broker.publish(settings, vault)
        self.listeners = Listeners(free_port(), free_port(), "127.0.0.1")
        self.start()

    def start(self):
        self.broker = Broker(companion_broker.folder(self.settings), self.listeners)
        self.broker.start()
        self._watch = threading.Thread(target=self.broker.watch, daemon=True)
        self._watch.start()

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.broker.pid, signal.SIGTERM)
        self._watch.join()  # it reads until mosquitto has ended
        self.broker.stop()

    def kill(self):
        """As the kernel does when memory runs out."""
        self.broker.kill()
        self._watch.join()
        self.broker.stop()

    def companion(self, name="companion-1"):
        """A client on the companion's own listener."""
        with connection():
            access = companion_broker.door(self.settings, self.vault).access
        client = Client(name)
        client.paho.username_pw_set(access.user, access.password)
        client.group = access.group
        return client.connect("127.0.0.1", self.listeners.local)

    def box(self, held, place, name="", context=None):
        """A client of a box; it tries to connect and `told` has what it heard."""
        client = Client(name or held.box)
        client.paho.tls_set_context(context or membership.tls(place, held))
        return client.connect("127.0.0.1", self.listeners.port)


class Client:
    """An MQTT 5 client. told: reason of the CONNACK, "" while there is none; got: (topic, payload) in order."""

    def __init__(self, name):
        self.told, self.got, self.out, self.acks = "", [], False, {}
        self.paho = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)
        self.paho.reconnect_delay_set(60, 60)
        self.paho.on_connect = self._connected
        self.paho.on_disconnect = self._disconnected
        self.paho.on_message = lambda _c, _d, message: self.got.append((message.topic, message.payload))
        self.paho.on_subscribe = lambda _c, _d, number, reasons, _p: self.acks.update({number: str(reasons[0])})
        self.paho.on_publish = lambda _c, _d, number, reason, _p: self.acks.update({number: str(reason)})

    def _connected(self, _client, _data, _flags, reason, _more):
        self.told = str(reason)

    def _disconnected(self, _client, _data, _flags, reason, _more):
        self.out = True

    def connect(self, host, port):
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 3600
        try:
            self.paho.connect(host, port, keepalive=30, clean_start=False, properties=expiry)
        except (ssl.SSLError, ConnectionError) as exc:
            self.told, self.out = str(exc), True
            return self
        self.paho.loop_start()
        until(lambda: self.told or self.out)
        return self

    @property
    def inside(self):
        return self.told == "Success" and not self.out

    def subscribe(self, topic):
        """Returns the reason of the answer."""
        number = self.paho.subscribe(topic, qos=1)[1]
        assert until(lambda: number in self.acks)
        return self.acks[number]

    def publish(self, topic, text="x", retain=False):
        """Returns the reason of the answer."""
        sent = self.paho.publish(topic, text, qos=1, retain=retain)
        assert until(lambda: sent.mid in self.acks)
        return self.acks[sent.mid]

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()


def enrolled(settings, vault, place, port, expires=None):
    """(identity, membership) of a box that was claimed."""
    own = identity.own(place)
    with connection():
        certificates.allow(own.id, own.fingerprint)
        if expires is None:
            made, expires = certificates.issue(vault, own.id, own.fingerprint, own.request())
        else:
            made = authority.issue(vault, own.id, own.key.public_key(), expires)[1]
        trusted = authority.row(vault).certificate
    held = Membership("https://x", "", own.id, made, trusted, expires, "127.0.0.1", port, "Box", "o")
    membership.write(place, held)
    return own, held
