"""Names of files as people gave them: for showing, never for a path."""

import re
import unicodedata

LONGEST = 150
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def shown(name: str, otherwise: str = "untitled") -> str:
    """The last part of a path, without characters that are invisible or turn the direction of what follows."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    clean = " ".join(_HIDDEN.sub("", last).encode(errors="ignore").decode().split()).strip(". ")
    return clean[:LONGEST].strip() or otherwise


def title(name: str) -> str:
    """What to call a track that says nothing of itself: the name without its ending."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", shown(name))
    return " ".join(stem.replace("_", " ").split()) or shown(name)
