"""Level meters: peak bars with a held peak, and the main meter with what the limiter takes."""

import math
from functools import lru_cache

import pygame

from display import theme
from display.desk import Desk
from display.travel import MINUS
from display.widget import Look, Widget

FLOOR_DB = -48.0
TOP_DB = 6.0
HOLD_SECONDS = 1.4
FALL_DB = 18.0  # a second
AMBER_DB = -9.0
REDUCTION_DB = 12.0


def share(db: float) -> float:
    """Height 0…1 of a level."""
    return min(max((db - FLOOR_DB) / (TOP_DB - FLOOR_DB), 0.0), 1.0)


def decibels(amplitude: float) -> float:
    """Amplitude to dBFS, never below the meter's floor."""
    return max(FLOOR_DB, 20 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


class Level:
    """One meter's bar and held peak."""

    def __init__(self) -> None:
        self._held = FLOOR_DB
        self._since = 0.0
        self._last = 0.0

    def update(self, amplitude: float, now: float, height: int) -> tuple[int, int, bool]:
        """Pixels of the bar, pixels of the held peak (0: none), and whether that peak was over full scale."""
        db = decibels(amplitude)
        step, self._last = min(max(now - self._last, 0.0), 0.5), now
        if db >= self._held:
            self._held, self._since = db, now
        elif now - self._since > HOLD_SECONDS:
            self._held = max(db, self._held - FALL_DB * step)
        held = round(share(self._held) * height) if self._held > FLOOR_DB else 0
        return round(share(db) * height), held, self._held > 0


ZONES = ((AMBER_DB, theme.PLAY), (0.0, theme.WARNING), (TOP_DB, theme.DANGER))


@lru_cache(maxsize=32)
def _bar(width: int, height: int, lit: bool) -> pygame.Surface:
    """A whole bar, lit or dark: green, amber above -9 dBFS, red above full scale."""
    picture = pygame.Surface((width, height))
    below = 0
    for upto, colour in ZONES:
        edge = round(share(upto) * height)
        shade = colour if lit else theme.mix(theme.SUNK, colour, 0.13)
        picture.fill(shade, (0, height - edge, width, edge - below))
        below = edge
    return picture


def draw_bar(surface: pygame.Surface, rect: pygame.Rect, level: Look) -> None:
    """An upright bar, lit from below up to the level."""
    bar, held, over = level
    dark = rect.h - min(bar, rect.h)
    surface.blit(_bar(rect.w, rect.h, False), rect, (0, 0, rect.w, dark))
    surface.blit(_bar(rect.w, rect.h, True), (rect.x, rect.y + dark), (0, dark, rect.w, rect.h - dark))
    if held:
        at = min(max(held, 2), rect.h)
        surface.fill(theme.DANGER if over else theme.SOFT, (rect.x, rect.bottom - at, rect.w, max(1, rect.w // 5)))


class MainMeter(Widget):
    """Left and right of main, and the limiter's reduction hanging from the top between them."""

    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect):
        super().__init__(desk, rect)
        self._levels = (Level(), Level())

    @property
    def _bars(self) -> pygame.Rect:
        foot = self.desk.px(15)
        return pygame.Rect(
            self.rect.x, self.rect.y + self.desk.px(2), self.rect.w, self.rect.h - foot - self.desk.px(2)
        )

    def look(self) -> Look:
        board = self.desk.board
        height = self._bars.h
        sides = [
            level.update(board.number(f"mixer.main.peak_{side}"), self.desk.now, height)
            for level, side in zip(self._levels, ("left", "right"), strict=True)
        ]
        reduction = max(0.0, board.number("mixer.main.reduction"))
        return *sides, round(min(reduction / REDUCTION_DB, 1.0) * height), f"{reduction:.1f}", board.on("mixer.limiter")

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        left, right, taken, saying, limiter = look
        px = self.desk.px
        area = self._bars
        wide, gap, thin = px(9), px(2), px(5)
        x = area.centerx - (2 * wide + 2 * gap + thin) // 2
        draw_bar(surface, pygame.Rect(x, area.y, wide, area.h), left)
        middle = pygame.Rect(x + wide + gap, area.y, thin, area.h)
        surface.fill(theme.SUNK, middle)
        if taken:
            surface.fill(theme.ACCENT, (middle.x, middle.y, middle.w, taken))
        draw_bar(surface, pygame.Rect(x + wide + 2 * gap + thin, area.y, wide, area.h), right)
        foot = pygame.Rect(self.rect.x, area.bottom, self.rect.w, self.rect.bottom - area.bottom)
        if not limiter:
            self.say(surface, "LIM OFF", theme.CAPTION - 1, theme.DANGER, "SemiBold", box=foot)
        else:
            active = float(saying) >= 0.1
            words, colour = (MINUS + saying, theme.ACCENT) if active else ("LIM", theme.FAINT)
            self.say(surface, words, theme.CAPTION, colour, "SemiBold", box=foot)
