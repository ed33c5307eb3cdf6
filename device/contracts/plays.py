"""Play history: what was heard, when, and for how long."""

from dataclasses import dataclass

from device.contracts.values import DeckNumber, Id, Ms, Percent, Seconds, Track


@dataclass(frozen=True, slots=True)
class Played:
    """A track was heard, from its first sound to its last. heard: seconds of sound; set: the one it belonged to."""

    track: Track
    deck: DeckNumber
    started: Ms
    heard: Seconds
    tempo: Percent = 0.0
    set: Id | None = None
