"""What uploads can be for. Domains say so here; what none of them takes is kept as a file."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from companion.config import Settings
from companion.errors import Invalid, TooLarge
from companion.media.kinds import FORMATS, KINDS, OPAQUE, Format, Refused
from companion.uploads.models import StoredFile, Upload

Check = Callable[[str, str, dict[str, str]], None]
Take = Callable[[Upload, StoredFile, bool], str]
Lose = Callable[[Upload, Exception | None], None]


class OtherFile(Refused):
    """What came is not the file that was announced."""


def _nobody(_upload: Upload, _why: Exception | None) -> None:
    """Nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """kinds: of files that serve it. check(user, subject, details): raises Problem when the user may not do that.

    take(upload, file, duplicate): makes something of it in the caller's transaction, and returns its id.
    lost(upload, why): is told, in its transaction, that an upload was refused; why is None when the check failed.
    inner: only this program begins such uploads. unseen: the format that such files are taken to have, without a look.
    life_ms: of an upload that nobody goes on with, where it is more than the usual.
    """

    kinds: tuple[str, ...]
    check: Check
    take: Take
    lost: Lose = _nobody
    inner: bool = False
    unseen: str = ""
    life_ms: int = 0


_known: dict[str, Purpose] = {
    "file": Purpose(KINDS, lambda _user, _subject, _details: None, lambda _upload, file, _same: str(file.id))
}
_usual: dict[str, str] = {}
MB = 1_000_000
_largest: dict[str, int] = {}  # kind: most bytes
_NAMES = {"audio": "an audio file", "video": "a video", "image": "a picture", "project": "a project", OPAQUE: "a file"}


def install(settings: Settings) -> None:
    """Take files as large as the settings say."""
    _largest.update({kind: MB * getattr(settings, f"largest_{kind}_mb") for kind in KINDS})
    _largest[OPAQUE] = _largest["project"]


def most(kinds: tuple[str, ...] = KINDS) -> int:
    """The bytes that no file of these kinds may have more of."""
    return max(_largest[kind] for kind in kinds)


def register(name: str, purpose: Purpose, usual_for: str = "") -> None:
    """Let a domain take uploads; `usual_for` a kind of file whose upload says no purpose."""
    _known[name] = purpose
    if usual_for:
        _usual[usual_for] = name


def check_known(name: str) -> None:
    """Invalid for a purpose that nobody outside may have; anything goes without one."""
    if name and (name not in _known or _known[name].inner):
        raise Invalid(f"purpose is one of {', '.join(sorted(key for key, one in _known.items() if not one.inner))}")


def check(name: str, owner: str, subject: str, details: dict[str, str], size: int) -> None:
    """TooLarge, or what the purpose says."""
    if not name:
        return
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


def unseen(name: str) -> Format | None:
    """The format that files for this are taken to have without a look; None where they are looked at."""
    found = _known[name].unseen if name else ""
    return FORMATS[found] if found else None


def life(name: str) -> int:
    """Milliseconds that an upload for this lives when nobody goes on with it; 0 for the usual."""
    return _known[name].life_ms if name in _known else 0


def inner() -> list[str]:
    """Purposes that only this program begins uploads for."""
    return [name for name, one in _known.items() if one.inner]


def lost(row: Upload, why: Exception | None) -> None:
    """Tell who waits for it that an upload was refused, in the caller's transaction."""
    if row.purpose in _known:
        _known[row.purpose].lost(row, why)


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
