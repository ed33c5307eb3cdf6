"""What uploads can be for. Domains say so here; what none of them takes is kept as a file."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from companion.config import Settings
from companion.errors import Invalid, TooLarge
from companion.media.kinds import KINDS, Format, Refused
from companion.uploads.models import StoredFile, Upload

Check = Callable[[str, str, dict[str, str]], None]
Take = Callable[[Upload, StoredFile, bool], str]


@dataclass(frozen=True, slots=True)
class Purpose:
    """kinds: of files that serve it. check(user, subject, details): raises Problem when the user may not do that.

    take(upload, file, duplicate): makes something of it in the caller's transaction, and returns its id.
    """

    kinds: tuple[str, ...]
    check: Check
    take: Take


_known: dict[str, Purpose] = {
    "file": Purpose(KINDS, lambda _user, _subject, _details: None, lambda _upload, file, _same: str(file.id))
}
_usual: dict[str, str] = {}
MB = 1_000_000
_largest: dict[str, int] = {}  # kind: most bytes
_NAMES = {"audio": "an audio file", "video": "a video", "image": "a picture", "project": "a project"}


def install(settings: Settings) -> None:
    """Take files as large as the settings say."""
    _largest.update({kind: MB * getattr(settings, f"largest_{kind}_mb") for kind in KINDS})


def most(kinds: tuple[str, ...] = KINDS) -> int:
    """The bytes that no file of these kinds may have more of."""
    return max(_largest[kind] for kind in kinds)


def register(name: str, purpose: Purpose, usual_for: str = "") -> None:
    """Let a domain take uploads; `usual_for` a kind of file whose upload says no purpose."""
    _known[name] = purpose
    if usual_for:
        _usual[usual_for] = name


def check(name: str, owner: str, subject: str, details: dict[str, str], size: int) -> None:
    """Invalid for a purpose that there is none of, TooLarge, or what the purpose says; anything goes without one."""
    if not name:
        return
    if name not in _known:
        raise Invalid(f"purpose is one of {', '.join(sorted(_known))}")
    _known[name].check(owner, subject, details)
    allowed = most(_known[name].kinds)
    if size > allowed:
        raise TooLarge(f"a file for this may have {allowed // MB} MB; this has {-(-size // MB)} MB")


def check_size(kind: str, size: int) -> None:
    """TooLarge when a file of this kind has more bytes than the settings allow."""
    if size > _largest[kind]:
        raise TooLarge(f"{_NAMES[kind]} may have {_largest[kind] // MB} MB; this has {-(-size // MB)} MB")


def check_format(name: str, format_: Format, size: int) -> None:
    """Refused when a file of this format does not serve the purpose; TooLarge when one of its kind may not be so."""
    check_size(format_.kind, size)
    if name and format_.kind not in _known[name].kinds:
        wanted = " or ".join(_known[name].kinds)
        raise Refused(f"this is {_article(format_.kind)} file; for this it takes {_article(wanted)} file")


def take(row: Upload, file: StoredFile, duplicate: bool) -> tuple[str, str]:
    """Hand a good file to who takes it, in the caller's transaction: (purpose, the id of what it became)."""
    name = row.purpose or _usual.get(file.kind, "file")
    purpose = _known[name]
    if file.kind not in purpose.kinds:
        raise Invalid(f"this is {_article(file.kind)} file, which is of no use here")
    purpose.check(row.owner_id, row.subject, json.loads(row.details))
    return name, purpose.take(row, file, duplicate)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
