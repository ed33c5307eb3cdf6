"""Yjs's sync and awareness protocols: what the bytes of a message are."""

import json
from dataclasses import dataclass

from device.contracts.errors import Malformed
from device.contracts.updates import varint

SYNC, AWARENESS, QUERY = 0, 1, 3  # 2 is of those who ask for permission, which nobody does here
STEP_1, STEP_2, UPDATE = 0, 1, 2
MOST_STATE = 4096  # bytes of what one says of oneself
MOST_STATES = 64  # in one message
GONE = b"null"


@dataclass(frozen=True, slots=True)
class Presence:
    """What a client says of itself: JSON, `null` when it leaves. clock: the later is right."""

    client: int
    clock: int
    state: bytes


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number and the place behind it. IndexError."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 56:
            raise Malformed("has a number that is too long")


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = _number(data, at)
    if at + size > len(data):
        raise IndexError
    return data[at : at + size], at + size


def read(message: bytes) -> tuple[int, int, bytes]:
    """(kind, step of a sync, payload). Malformed."""
    try:
        kind, at = _number(message, 0)
        if kind == QUERY:
            return kind, 0, b""
        step, at = _number(message, at) if kind == SYNC else (0, at)
        return kind, step, _bytes(message, at)[0]
    except IndexError as exc:
        raise Malformed("ends too early") from exc


def sync(step: int, payload: bytes) -> bytes:
    """A message of a sync."""
    return bytes((SYNC, step)) + varint(len(payload)) + payload


def awareness(present: list[Presence]) -> bytes:
    """A message that says who is there."""
    rows = [varint(one.client) + varint(one.clock) + varint(len(one.state)) + one.state for one in present]
    payload = varint(len(rows)) + b"".join(rows)
    return bytes((AWARENESS,)) + varint(len(payload)) + payload


def present(payload: bytes) -> list[Presence]:
    """Who says what of themselves. Malformed for too much of it, or what is no JSON."""
    found = []
    try:
        count, at = _number(payload, 0)
        if count > MOST_STATES:
            raise Malformed("says too much at once")
        for _ in range(count):
            client, at = _number(payload, at)
            clock, at = _number(payload, at)
            state, at = _bytes(payload, at)
            if len(state) > MOST_STATE:
                raise Malformed("says too much of somebody")
            json.loads(state)
            found.append(Presence(client, clock, state))
    except (IndexError, ValueError, RecursionError) as exc:
        raise Malformed("is not whole") from exc
    return found
