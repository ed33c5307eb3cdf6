"""How the box stands with its companion, in words: for the top bar, and at length."""

from display import theme, when
from display.shared import SILENT, Sync
from display.theme import Colour

_COLOURS = {
    "in step": theme.PLAY,
    "behind": theme.ACCENT,
    "connecting": theme.ACCENT,
    "offline": theme.WARNING,
    "unanswered": theme.WARNING,
    "disk full": theme.DANGER,
    SILENT: theme.DANGER,
}
NOBODYS = "nobody's"


def colour(sync: Sync) -> Colour:
    """Of the dot that says it at a glance."""
    return _COLOURS.get(sync.state, theme.FAINT)


def many(count: int) -> str:
    """A count in at most four letters: `999`, `12k`, `3M`."""
    for size, letter in ((1_000_000, "M"), (10_000, "k")):
        if count >= size:
            return f"{count // (1_000_000 if letter == 'M' else 1000)}{letter}" if count < 1e9 else "999M"
    return str(count)


def signs(sync: Sync, wall: int) -> tuple[str, ...]:
    """Few words for the bar, the longest first; the shortest always fits."""
    if sync.state == "behind":
        return f"behind by {many(sync.behind)}", f"{many(sync.behind)} behind"
    if sync.state == "offline":
        at = when.since(sync.since, wall)
        return (f"offline since {at}", f"offline {at}", "offline") if at else ("offline",)
    if sync.state == NOBODYS:
        return "waits for an owner", "unclaimed"
    if sync.state == SILENT:
        return "sync stands still", "sync hangs"
    return (sync.state,)


def headline(sync: Sync, wall: int) -> str:
    """A heading."""
    if sync.state == "behind":
        return f"Behind by {sync.behind:,}"
    if sync.state == NOBODYS:
        return "Waiting for an owner"
    if sync.state == "disk full":
        return "The disk is full"
    if sync.state == "unanswered":
        return "No answer"
    if sync.state == SILENT:
        return "Sync stands still"
    if sync.state == "offline":
        at = when.since(sync.since, wall)
        return f"Offline since {at}" if at else "Offline"
    return sync.state[:1].upper() + sync.state[1:]


def sentence(sync: Sync) -> str:
    """What it means, and what to do."""
    count = sync.behind
    waits = f"{count:,} message{'s wait' if count != 1 else ' waits'} here" if count else ""
    if sync.state == SILENT:
        return "It does not answer. `rackdeck up` starts it again within two minutes; playing and recording go on."
    if sync.state == "in step":
        what = "Every message" if sync.files else "Everything"
        return f"{what} has reached the companion{'; files are still to go' if sync.files else ''}."
    if sync.state == "behind":
        return f"{count:,} message{'s are' if count != 1 else ' is'} on the way to the companion."
    if sync.state == "offline":
        return f"{waits or 'Nothing waits here'}. It connects again by itself; playing goes on."
    if sync.state == "unanswered":
        how = "" if sync.said else "The link stands, but the companion does not answer. "
        return f"{how}{waits or 'Nothing waits here'}."
    if sync.state == "disk full":
        return "What waits goes on as soon as there is room on the disk."
    if sync.state == NOBODYS:
        told = "`rackdeck box claim --companion ADDRESS` shows a code to claim it by. Playing needs no owner."
        if sync.companion:
            told = f"Make an account at {sync.companion}: the first one has this box. Playing needs no owner."
        return f"{told} {waits}." if waits else told
    if sync.state == "connecting":
        return f"The way to the companion is tried. {waits or 'Nothing waits here'}."
    return f"{waits}." if waits else ""
