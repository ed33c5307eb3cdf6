"""Playlists and set lists that a box is to hold ready: the documents they are, and the files they need."""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.contracts.shapes import Items
from device.contracts.values import Count, Hash, Id, Line


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold this list ready without a network. Its content is the document; files: what it needs, sent one by one."""

    list: Id
    of: Literal["playlist", "set"]
    title: Line
    by: Line
    files: Annotated[tuple[Hash, ...], Items(2000)] = ()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The list need not be held any longer; files that no other list needs may go."""

    list: Id


@dataclass(frozen=True, slots=True)
class Ready:
    """How far a box is with a list: files that are there, and those it still lacks."""

    list: Id
    there: Count
    lacking: Count
