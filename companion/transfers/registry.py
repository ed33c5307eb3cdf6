"""Which domain does what with files that come from boxes, by what they are for."""

from collections.abc import Callable
from dataclasses import dataclass

from companion.uploads.models import StoredFile


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came whole, was found good and is stored. set: its number on the box, or empty.

    duplicate: the owner had this content already.
    """

    owner: str
    box: str
    set: str
    name: str
    file: StoredFile
    duplicate: bool


Keep = Callable[[Arrived], None]
_keepers: dict[str, Keep] = {}


def register(purpose: str, keep: Keep) -> None:
    """Let a domain take files of a purpose, in the transaction that tells the box that the file is kept.

    A Problem refuses the file; one that more room or a larger tier would mend, for now.
    """
    _keepers[purpose] = keep


def keeper(purpose: str) -> Keep | None:
    """Who takes files of a purpose; None when nobody does."""
    return _keepers.get(purpose)
