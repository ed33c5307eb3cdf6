"""Tracks for the tests of the catalogue."""

import struct

from companion import folding
from companion.catalogue import service
from companion.catalogue.models import Track
from companion.database import connection
from tests.companion.sending import send
from tests.companion.sounds import wav

SOUND = wav(seconds=0.4)


def tagged(**tags):
    """A WAV file with what it says of itself in a LIST chunk."""
    names = {"title": b"INAM", "artist": b"IART", "album": b"IPRD", "year": b"ICRD", "genre": b"IGNR"}
    parts = b"INFO"
    for name, value in tags.items():
        data = value.encode() + b"\0"
        parts += names[name] + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    body = SOUND[12:] + b"LIST" + struct.pack("<I", len(parts)) + parts
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def added(person, data=SOUND, **fields):
    """The id of a new track."""
    done = send(person, data, **fields)
    assert done["state"] == "ready", done["reason"]
    return done["result"]


def made(owner, title, **fields):
    """A track without sound, straight into the database."""
    with connection():
        row = Track.create(owner=owner, title=title, title_sort=folding.sort_key(title), **fields)
        service.index(row.id)
        return row.id


def titles(person, query=""):
    answer = person.get(f"/tracks?{query}")
    assert answer.status_code == 200, answer.json
    return [row["title"] for row in answer.json["items"]]
