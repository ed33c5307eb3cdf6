"""Buttons: keys of a deck, tabs of the bar, anything that is pressed."""

from collections.abc import Callable

import pygame

from display import shapes, theme
from display.desk import Desk
from display.theme import Colour
from display.widget import Look, Touch, Widget

Caption = str | Callable[[], str]


class Button(Widget):
    """Acts when it goes down, as hardware does; `released` hears when it comes up again.

    tone: `tint` (lit: a shade of its colour), `solid` (lit: full of it), `tab` (flat until lit).
    """

    def __init__(
        self,
        desk: Desk,
        rect: pygame.Rect,
        caption: Caption,
        pressed: Callable[[], None],
        *,
        released: Callable[[], None] | None = None,
        lit: Callable[[], bool] = lambda: False,
        colour: Colour = theme.ACCENT,
        icon: str | Callable[[], str] = "",
        tone: str = "tint",
        size: float = theme.LABEL,
        note: str = "",
        inset: float = 1.0,
        ground: Colour = theme.PANEL,
    ):
        super().__init__(desk, rect)
        self.caption = caption
        self.icon = icon
        self.colour = colour
        self.ground = ground
        self._pressed = pressed
        self._released = released
        self._lit = lit
        self._tone = tone
        self._size = size
        self._note = note
        self._inset = inset
        self._hands = 0

    def look(self) -> Look:
        caption = self.caption if isinstance(self.caption, str) else self.caption()
        icon = self.icon if isinstance(self.icon, str) else self.icon()
        return caption, icon, self._lit(), self._hands > 0, self.colour

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        caption, icon, lit, held, colour = look
        face = self.rect.inflate(-2 * round(self._inset * self.desk.unit), -2 * round(self._inset * self.desk.unit))
        ink, fill, edge = theme.SOFT, theme.RAISED, None
        if self._tone == "tab":
            fill = theme.PRESSED if held else theme.RAISED if lit else self.ground
            ink = theme.TEXT if lit else theme.SOFT
        elif lit and self._tone == "solid":
            fill, ink = colour, theme.GROUND
        elif lit:
            fill, edge, ink = theme.mix(theme.PANEL, colour, 0.24), theme.mix(theme.PANEL, colour, 0.75), theme.TEXT
        elif self._tone == "solid":
            edge, ink = theme.mix(theme.PANEL, colour, 0.5), colour
        if held and self._tone != "tab":
            fill = theme.mix(fill, theme.TEXT, 0.16)
        shapes.panel(surface, face, 6 * self.desk.unit, fill, edge)
        self._write(surface, face, (caption, icon), ink)

    def _write(self, surface: pygame.Surface, face: pygame.Rect, words: tuple[str, str], ink: Colour) -> None:
        caption, icon = words
        unit = self.desk.unit
        if not icon:
            box = face.inflate(-4 * unit, 0)
            if self._note:
                below = pygame.Rect(box.x, 0, box.w, self.desk.px(12))
                below.bottom = face.bottom - self.desk.px(4)
                self.say(
                    surface, self._note, theme.CAPTION - 2, theme.mix(theme.PANEL, ink, 0.8), "SemiBold", box=below
                )
                box.h -= below.h - self.desk.px(1)
            self.say(surface, caption, self.shrink(caption, self._size, box.w), ink, "SemiBold", box=box)
            return
        side = min(round(0.46 * face.h), self.desk.px(20))
        picture = shapes.icon(icon, side, ink)
        if not caption:
            surface.blit(picture, picture.get_rect(center=face.center))
            return
        gap = self.desk.px(6)
        wide = self.desk.text.width(caption, self._size * unit, "SemiBold") + gap + side
        left = face.centerx - wide // 2
        surface.blit(picture, picture.get_rect(midleft=(left, face.centery)))
        rest = pygame.Rect(left + side + gap, face.y, face.right - left - side - gap, face.h)
        self.say(surface, caption, self._size, ink, "SemiBold", box=rest, align="left")

    def down(self, _touch: Touch, /) -> None:
        self._hands += 1
        self._pressed()

    def up(self, _touch: Touch, /) -> None:
        self._hands = max(0, self._hands - 1)
        if self._released is not None:
            self._released()


class Choice(Widget):
    """A row of segments of which one is chosen. `get` gives the index that is chosen now."""

    def __init__(
        self,
        desk: Desk,
        rect: pygame.Rect,
        captions: tuple[str, ...],
        get: Callable[[], int],
        put: Callable[[int], None],
        *,
        colour: Colour = theme.ACCENT,
    ):
        super().__init__(desk, rect)
        self.captions = captions
        self._get = get
        self._put = put
        self._colour = colour

    def look(self) -> Look:
        return (self._get(),)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        face = self.rect.inflate(-2 * self.desk.px(1), -2 * self.desk.px(1))
        shapes.panel(surface, face, 6 * self.desk.unit, theme.SUNK, theme.LINE)
        for index, caption in enumerate(self.captions):
            part = self._part(index).inflate(-2 * self.desk.px(3), -2 * self.desk.px(3))
            chosen = index == look[0]
            if chosen:
                shapes.panel(surface, part, 4 * self.desk.unit, theme.mix(theme.PANEL, self._colour, 0.3))
            self.say(surface, caption, theme.LABEL, theme.TEXT if chosen else theme.SOFT, "SemiBold", box=part)

    def _part(self, index: int) -> pygame.Rect:
        left = self.rect.w * index // len(self.captions)
        right = self.rect.w * (index + 1) // len(self.captions)
        return pygame.Rect(self.rect.x + left, self.rect.y, right - left, self.rect.h)

    def down(self, touch: Touch, /) -> None:
        index = int((touch.x - self.rect.x) * len(self.captions) / self.rect.w)
        self._put(min(max(index, 0), len(self.captions) - 1))
