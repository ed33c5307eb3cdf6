"""The screen's colours, and the sizes of its letters in units of a 1280 × 720 screen."""

from functools import lru_cache

Colour = tuple[int, int, int]

GROUND: Colour = (8, 10, 13)
PANEL: Colour = (18, 21, 26)
SUNK: Colour = (11, 13, 17)
RAISED: Colour = (33, 38, 46)
PRESSED: Colour = (52, 59, 70)
LINE: Colour = (44, 50, 60)
TRACK: Colour = (54, 62, 74)

TEXT: Colour = (236, 240, 245)
SOFT: Colour = (170, 179, 191)
FAINT: Colour = (128, 138, 152)
OFF: Colour = (82, 90, 102)

PLAY: Colour = (52, 208, 120)
CUE: Colour = (255, 176, 46)
RECORD: Colour = (255, 77, 84)
ACCENT: Colour = (92, 200, 255)
WARNING: Colour = (255, 176, 46)
DANGER: Colour = (255, 90, 96)

DECKS: tuple[Colour, ...] = ((56, 165, 255), (255, 132, 58), (62, 212, 150), (196, 134, 255))
HOT_CUES: tuple[Colour, ...] = (
    (240, 82, 104),
    (248, 146, 58),
    (242, 205, 66),
    (112, 205, 92),
    (54, 200, 206),
    (82, 146, 250),
    (158, 116, 250),
    (236, 106, 200),
)

# Waveform layers, from the outermost to the innermost: peak, low, mid, high.
WAVE: tuple[Colour, ...] = ((30, 42, 72), (36, 96, 240), (250, 160, 56), (246, 248, 252))

CAPTION = 11.0
LABEL = 12.5
BODY = 14.5
TITLE = 17.0
HEADING = 22.0
FIGURES = 27.0


@lru_cache(maxsize=500)
def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0…1) of `other` in it."""
    r, g, b = (round(a + (c - a) * share) for a, c in zip(one, other, strict=True))
    return r, g, b


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 (black) to 1 (white), as the contrast rules for web pages define it."""
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21; text needs 4.5."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
