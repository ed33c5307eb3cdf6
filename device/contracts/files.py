"""Large files: agreed on by message, carried by HTTPS.

Up: the box offers a file by its hash; the companion wants it from an offset, or has it, or refuses it. The box sends
ranges to the URL with the token until the companion says `file.kept`. Down: the companion sends a file's URL; the box
fetches ranges, checks the hash, and says `file.received`. Tokens come this way and need no clock on the box.
"""

from dataclasses import dataclass
from typing import Literal

from device.contracts.values import FileRef, Hash, Id, Place, Sentence, Size, Token, Track

Purpose = Literal["recording", "set log", "stem", "track", "log", "bundle"]


@dataclass(frozen=True, slots=True)
class Offered:
    """The box has a file that the companion should have. set: the one it belongs to."""

    file: FileRef
    purpose: Purpose
    set: Id | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Send it to this URL, from the offset on."""

    hash: Hash
    url: Place
    token: Token
    offset: Size = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """The companion has the whole file and its hash is right: the box may let go of its copy."""

    hash: Hash


@dataclass(frozen=True, slots=True)
class Refused:
    """The companion does not take the file. for_good: offering it again is of no use."""

    hash: Hash
    said: Sentence
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A file for the box, to be fetched from this URL. track: what it is, when it is music; list: who needs it."""

    file: FileRef
    purpose: Purpose
    url: Place
    token: Token
    track: Track | None = None
    list: Id | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file that was sent: there and checked, or not. `wanted` asks for a fresh URL and token."""

    hash: Hash
    outcome: Literal["there", "wanted", "disk full", "wrong hash", "not playable"]
    said: Sentence = ""
