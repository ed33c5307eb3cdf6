"""The machine's sound cards as ALSA lists them, and which of them plays."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_CARD = re.compile(r"^\s*(\d+) \[(\S+)\s*\]: (\S+) - (.*)$")
_PCM = re.compile(r"^(\d+)-(\d+): ([^:]*):.*?: playback \d+(.*)$")
KINDS = ("usb", "card", "headphones", "hdmi", "virtual")  # in order of preference
_KIND_NAMES = {"usb": "USB", "card": "built in", "headphones": "headphone socket", "hdmi": "HDMI"}


@dataclass(frozen=True, slots=True)
class Card:
    """One playback device of one card. `ident` is ALSA's own name for the card, which survives a reboot."""

    index: int
    ident: str
    driver: str
    name: str
    device: int
    pcm: str
    captures: bool

    @property
    def kind(self) -> str:
        """`usb`, `card` (a sound chip or a board on top), `headphones` (a Pi's own), `hdmi` or `virtual`."""
        text = f"{self.driver} {self.name} {self.pcm}".lower()
        if self.driver in ("Loopback", "Dummy"):
            return "virtual"
        if "hdmi" in text or "displayport" in text:
            return "hdmi"
        if self.driver == "USB-Audio":
            return "usb"
        return "headphones" if "bcm2835" in text else "card"

    @property
    def alsa_name(self) -> str:
        """What ALSA opens, such as `hw:CODEC,0`."""
        return f"hw:{self.ident},{self.device}"

    def __str__(self) -> str:
        """The card for a person, such as `USB Audio CODEC (USB)`."""
        kind = _KIND_NAMES.get(self.kind, "")
        return f"{self.name} ({kind})" if kind else self.name


@dataclass(frozen=True, slots=True)
class Backend:
    """What JACK plays through. `driver` is `alsa` or `dummy`; `why` completes "The sound goes …"."""

    driver: str
    device: str
    why: str
    card: Card | None = None


def list_cards(root: Path = Path("/")) -> list[Card]:
    """Every playback device below `root`, best first. Empty where ALSA is absent or has no card."""
    asound = root / "proc/asound"
    try:
        cards = [match for line in (asound / "cards").read_text().splitlines() if (match := _CARD.match(line))]
        pcms = [match for line in (asound / "pcm").read_text().splitlines() if (match := _PCM.match(line))]
    except OSError:
        return []
    named = {int(match[1]): match for match in cards}
    found = [
        Card(
            index=int(pcm[1]),
            ident=named[int(pcm[1])][2],
            driver=named[int(pcm[1])][3],
            name=named[int(pcm[1])][4].strip(),
            device=int(pcm[2]),
            pcm=pcm[3].strip(),
            captures="capture" in pcm[4],
        )
        for pcm in pcms
        if int(pcm[1]) in named
    ]
    return sorted(found, key=lambda card: (KINDS.index(card.kind), card.index, card.device))


def choose_backend(cards: list[Card], refused: Collection[str] = ()) -> Backend:
    """A real card if there is one, USB first and HDMI last; else the dummy driver, which is silent.

    refused: `Card.ident` of cards that would not play.
    """
    real = [card for card in cards if card.kind != "virtual"]
    playing = [card for card in real if card.ident not in refused]
    if not playing:
        if real:
            why = f"nowhere (JACK's dummy driver): {real[0]} does not play"
        elif cards:
            why = f"nowhere (JACK's dummy driver): {cards[0]} is not a real sound card"
        else:
            why = "nowhere (JACK's dummy driver): this machine has no sound card"
        return Backend("dummy", "", why)
    best = playing[0]
    others = [str(card) for card in playing[1:] if card.ident != best.ident]
    if not others:
        reason = "the only sound card"
    elif best.kind == playing[1].kind:
        reason = f"the first of {len(others) + 1} cards"
    else:
        reason = f"preferred to {others[0]}"
    return Backend("alsa", best.alsa_name, f"to {best}, {reason}", best)
