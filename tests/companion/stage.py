"""What a box says in the tests of the page: a set, its state, a report."""

from companion.database import new_id, now
from device.contracts.documents import Update
from device.contracts.health import Report, Sound, Storage, Waiting
from device.contracts.sets import Entry, Finished
from device.contracts.status import Deck, Online, Progress
from device.contracts.values import FileRef, Track
from device.documents import Content
from device.documents import Entry as Written

DISK = Storage(500_000_000_000, 412_000_000_000)


def finished(title, track="", seconds=12.0):
    """A set of three tracks, recorded; the second is one of the library."""
    names = ("Harbour lights", "Night bus", "Concrete garden")
    entries = tuple(
        Entry(seconds / 3 * at, Track(name, "Noor", id=track or None if at == 1 else None, tempo=122.0), 1 + at % 2)
        for at, name in enumerate(names)
    )
    file = FileRef("a" * 64, 1_000_000, "boat.wav", "audio/wav")
    return Finished(
        new_id(), title, "Studio rack", now() - 3_600_000, seconds, 3, entries, "stopped", recording=file,
        samplerate=44100, loudness=-9.4, peak=-0.5,
    )  # fmt: skip


def document_of(made):
    """What a box makes of its set, to be written in on both sides."""
    content = Content()

    def write():
        content.call(made.title)
        for place, one in enumerate(made.entries):
            track = one.track
            content.insert(Written(f"{place:026}", track.title, track.artist, track.id or "", at=one.at, deck=one.deck))

    content.edit(write)
    return Update(made.set, "set", content.lacking())


def online(*decks, waiting=0, title=""):
    """A box that is there, with these on its decks, playing a set when it has a title."""
    going = Progress(new_id(), title, 600.0, 4, True, 36_000.0) if title else None
    decks = decks or (Deck(1, "Night bus", "Mira Sand", True, 71.0, 302.0, 122.7),)
    versions = {"rackdeck": "0.1.0"}
    return Online("Studio rack", "rack-1", new_id(), 93_000.0, versions, DISK, "running", waiting, decks, going)


def report(load):
    """A period of a box's life; load in per cent."""
    waiting, sound = Waiting(0, 0, 0.0), Sound(load / 2, load, 0, 48000, 128)
    return Report(new_id(), 60.0, 60.0, {"rackdeck": "0.1.0"}, DISK, waiting, "network", sound, temperature=54.0)


def entry(currency, amount, title="Kiosk, Bremen"):
    """Money that came, for the API."""
    return {"source": "gig", "title": title, "amount": amount, "currency": currency, "day": "2026-01-31"}
