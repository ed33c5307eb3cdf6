"""The broker as the companion sees it: the files that it needs, where it is, and putting a box out."""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from companion.boxes import authority
from companion.boxes.authority import Access
from companion.config import Settings
from companion.vault.service import Vault

log = logging.getLogger(__name__)
STATE = "broker.json"
BOXES_PORT = 8883
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where the companion's processes reach the broker, and as whom. crl: number of the list in force, if known."""

    host: str
    port: int
    tls: bool
    access: Access
    crl: int | None


def folder(settings: Settings) -> Path:
    """Where the broker's files are."""
    return settings.folder / "broker"


def _state(settings: Settings) -> dict[str, Any]:
    """What `rackdeck broker` says of itself; empty while it does not run."""
    try:
        found = json.loads((folder(settings) / STATE).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def door(settings: Settings, vault: Vault) -> Door | None:
    """The way in for the companion's own processes; None while no broker runs here."""
    own, state = authority.access(vault), _state(settings)
    if settings.broker_url:
        found = urlsplit(settings.broker_url)
        tls = found.scheme == "mqtts"
        user, password = unquote(found.username or ""), unquote(found.password or "")
        port = found.port or (8883 if tls else 1883)
        theirs = Access(user, password, own.group) if user else own
        return Door(found.hostname or "", port, tls, theirs, int(state["crl"]) if state and not user else None)
    if not state:
        return None
    return Door("127.0.0.1", int(state["local"]), False, own, int(state["crl"]))


def address(settings: Settings) -> tuple[str, int]:
    """(host, port) by which boxes reach the broker."""
    host = urlsplit(settings.url).hostname or "localhost"
    port = int(_state(settings).get("port", BOXES_PORT))
    if settings.broker_address:
        found = urlsplit(f"//{settings.broker_address}")
        return found.hostname or host, found.port or BOXES_PORT
    return host, port


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    file = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def publish(settings: Settings, vault: Vault) -> bool:
    """Write what the broker needs into its folder, as the database has it. Returns whether anything was another."""
    place = folder(settings)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    changed = False
    with _locked(place):  # else a process that read earlier could write later
        for name, text in authority.files(vault).items():
            path = place / name
            if path.exists() and path.read_bytes() == text.encode():
                continue
            _replace(path, text)
            changed = True
    return changed


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def kick(way: Door, box: str) -> bool:
    """Put a box out: sign in under its client id, which ends its session and what waits for it. Whether it is out."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=box, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(way.access.user, way.access.password)
    if way.tls:
        client.tls_set()
    done: list[bool] = []

    def connected(
        signed_in: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        done.append(not reason.is_failure)
        signed_in.disconnect()

    client.on_connect = connected
    client.connect_timeout = PATIENCE_SECONDS
    try:
        client.connect(way.host, way.port, clean_start=True)
    except OSError as exc:
        log.warning("the broker at %s:%s does not answer: %s", way.host, way.port, exc)
        return False
    end = time.monotonic() + PATIENCE_SECONDS
    while client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS and time.monotonic() < end:
        pass
    return done == [True]
