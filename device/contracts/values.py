"""Values that many messages hold, with their units and limits."""

from dataclasses import dataclass
from typing import Annotated

from device.contracts import ids
from device.contracts.shapes import WHOLE_MOST, Real, Scalar, Text, Whole
from device.contracts.topics import BOX

Id = Annotated[str, Text(ids.LENGTH, ids.LENGTH, ids.PATTERN, "26 characters, time first")]
BoxId = Annotated[str, Text(60, 8, BOX, "a box's id, made from its key")]
Hash = Annotated[str, Text(64, 64, "[0-9a-f]{64}", "SHA-256, hexadecimal")]
Line = Annotated[str, Text(120)]
Sentence = Annotated[str, Text(500, says="one that is shown to a person as it is")]
Word = Annotated[str, Text(60, 1, "[A-Za-z0-9_.+:~-]+")]
FileName = Annotated[str, Text(180, 1, r"(?!\.{1,2}$)[^/\\\n\r\t]+", "without a folder")]
Url = Annotated[str, Text(500, 8, r"https?://[!-~]+")]
Place = Annotated[str, Text(500, 2, r"(https?:/)?/[!-.0-~][!-~]*", "a URL, or a path at the companion's own address")]
Token = Annotated[str, Text(500, 1, "[!-~]+", "sent as `Authorization: Bearer`")]
Day = Annotated[str, Text(10, 10, "[0-9]{4}-[0-9]{2}-[0-9]{2}")]
Currency = Annotated[str, Text(3, 3, "[A-Z]{3}", "ISO 4217")]
Ms = Annotated[int, Whole(says="milliseconds since 1970, UTC, by the sender's clock")]
Count = Annotated[int, Whole()]
Size = Annotated[int, Whole(says="bytes")]
Micros = Annotated[int, Whole(-WHOLE_MOST, WHOLE_MOST, "millionths of the currency's unit")]
Seconds = Annotated[float, Real(0, 1e9, "seconds")]
Percent = Annotated[float, Real(-1000, 1000, "percent")]
Decibels = Annotated[float, Real(-200, 200, "dB")]
Tempo = Annotated[float, Real(0, 1000, "beats per minute")]
Degrees = Annotated[float, Real(-100, 200, "degrees Celsius")]
DeckNumber = Annotated[int, Whole(1, 8)]
Name = Annotated[str, Text(80, 1, r"[a-z0-9_]+(\.[a-z0-9_]+)*", "of a control, a setting or a command")]
Value = Annotated[str | int | float | bool | None, Scalar(300)]


@dataclass(frozen=True, slots=True)
class Track:
    """A piece of music as far as it is known: what is not is empty or null.

    id: in the companion's catalogue. hash: of the file that was played or is meant.
    """

    title: Line
    artist: Line = ""
    id: Id | None = None
    hash: Hash | None = None
    seconds: Seconds | None = None
    tempo: Tempo | None = None
    key: Annotated[str, Text(12)] = ""
    isrc: Annotated[str, Text(12, pattern="([A-Z]{2}[A-Z0-9]{3}[0-9]{7})?")] = ""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file, wherever it is: two with one hash are the same."""

    hash: Hash
    size: Size
    name: FileName
    mime: Annotated[str, Text(80, 3, "[a-z]+/[a-z0-9.+-]+")]
