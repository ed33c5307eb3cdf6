"""Asking a box to tell its panel's values while somebody looks: said without a number, again and again."""

from companion.outgoing import nudges
from device.contracts.live import Watched

SECONDS = 8.0  # for which a box tells after it was asked
AGAIN_SECONDS = 3.0
WATCHED = Watched(SECONDS, ("deck", "mixer.", "record.", "engine."))


def ask(box: str) -> None:
    """Have a box tell its values a while longer, if it is there."""
    nudges.pass_on(nudges.WATCH + box)
