"""A hot-cue pad: tap to set or go, hold (or shift) to clear."""

import pygame

from display import shapes, theme
from display.deck import Deck
from display.desk import Desk
from display.widget import Look, Touch, Widget

CLEAR_SECONDS = 0.9
WARN_SECONDS = 0.35


class Pad(Widget):
    """One of eight. A pad that was just set is not cleared by the same press; with slip on, holding means playing."""

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: Deck, cue: int):
        super().__init__(desk, rect)
        self.deck = deck
        self.cue = cue
        self._since: float | None = None
        self._clearing = False
        self._held = False

    def look(self) -> Look:
        at = self.deck.number_of(f"hotcue.{self.cue}")
        wait = 0
        if self._clearing and self._since is not None:
            share = (self.desk.now - self._since - WARN_SECONDS) / (CLEAR_SECONDS - WARN_SECONDS)
            wait = round(min(max(share, 0.0), 1.0) * self.rect.w)
        looped = self.deck.number_of(f"hotcue.{self.cue}.length") > 0
        return round(at, 1), self._held, wait, self.deck.shift, looped

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        at, held, wait, shift, looped = look
        colour = theme.HOT_CUES[self.cue - 1]
        px = self.desk.px
        face = self.rect.inflate(-2 * px(1.5), -2 * px(1.5))
        if at < 0:
            fill = theme.mix(theme.RAISED, theme.TEXT, 0.15 if held else 0.0)
            shapes.panel(surface, face, 6 * self.desk.unit, fill)
            self.say(surface, str(self.cue), theme.BODY, theme.FAINT, "SemiBold", box=face)
            return
        fill = theme.mix(colour, theme.TEXT if held else theme.GROUND, 0.3 if held else 0.1)
        shapes.panel(surface, face, 6 * self.desk.unit, fill)
        if wait:
            surface.fill(
                theme.DANGER,
                (face.x + px(4), face.bottom - px(5), round((face.w - 2 * px(4)) * wait / self.rect.w), px(3)),
            )
        upper, lower = face.copy(), face.copy()
        upper.h = round(0.56 * face.h)
        lower.top, lower.h = upper.bottom - px(3), face.bottom - upper.bottom
        roomy = face.w > px(60)
        upper.top += px(2)
        name = f"{self.cue} loop" if looped and roomy else str(self.cue)
        self.say(
            surface, "clear" if shift else name, theme.LABEL if shift else theme.BODY, theme.GROUND, "Bold", box=upper
        )
        minutes, seconds = divmod(int(at), 60)
        self.say(surface, f"{minutes}:{seconds:02}", theme.CAPTION, theme.GROUND, "SemiBold", box=lower, figures=True)

    def down(self, _touch: Touch, /) -> None:
        self._held = True
        self._since = self.desk.now
        is_set = self.deck.number_of(f"hotcue.{self.cue}") >= 0
        self._clearing = is_set and not self.deck.shift and not self.deck.is_on("slip")
        self.deck.hot_cue(self.cue, True)

    def hold(self, _touch: Touch, /) -> None:
        if self._clearing and self._since is not None and self.desk.now - self._since >= CLEAR_SECONDS:
            self._clearing = False
            self.deck.clear(self.cue)

    def up(self, _touch: Touch, /) -> None:
        self._held = False
        self._clearing = False
        self.deck.hot_cue(self.cue, False)
