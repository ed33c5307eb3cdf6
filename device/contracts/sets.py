"""Sets: from the first record button to a tracklist with times, the set log and the recording."""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.shapes import Items
from device.contracts.values import Count, Decibels, DeckNumber, FileRef, Id, Line, Ms, Percent, Seconds, Track

MOST_ENTRIES = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """A track of the set. at: seconds after its start; heard: for how long it was; tempo: change against the file."""

    at: Seconds
    track: Track
    deck: DeckNumber
    heard: Seconds = 0.0
    tempo: Percent = 0.0


@dataclass(frozen=True, slots=True)
class Started:
    """A set began. How it goes on is in the box's status. box: the box's name as it was then."""

    set: Id
    title: Line
    box: Line
    started: Ms
    recording: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """A set is over. Its files are offered in the stream `files`, under the same set.

    entries: the first 300, in order; tracks: how many there were. dropped: frames that the disk was too slow for.
    loudness: LUFS, integrated; peak: dBTP.
    """

    set: Id
    title: Line
    box: Line
    started: Ms
    seconds: Seconds
    tracks: Count
    entries: Annotated[tuple[Entry, ...], Items(MOST_ENTRIES)]
    ended: Literal["stopped", "disk full", "disk failed", "power lost"]
    recording: FileRef | None = None
    log: FileRef | None = None
    samplerate: Count = 0
    dropped: Count = 0
    loudness: Decibels | None = None
    peak: Decibels | None = None
