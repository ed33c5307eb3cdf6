"""Notices: a sentence for whoever stands at the box."""

from dataclasses import dataclass
from typing import Literal

from device.contracts.values import Id, Ms, Sentence, Url


@dataclass(frozen=True, slots=True)
class Told:
    """Something to know. until: when it is no longer news; link: where the companion says more."""

    notice: Id
    level: Literal["news", "warning", "alarm"]
    text: Sentence
    until: Ms | None = None
    link: Url | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The notice was read elsewhere, or is no longer true."""

    notice: Id
