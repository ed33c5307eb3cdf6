"""Faders: channel, crossfader, tempo, and the sliders of the settings."""

import pygame

from display import shapes, theme, travel
from display.desk import Desk
from display.meter import Level, draw_bar
from display.theme import Colour
from display.widget import Look, Touch, Widget

FINE = 5.0
WHEEL_STEP = 0.02


class Fader(Widget):
    """Follows the hand from wherever it takes hold, so that a touch never makes it jump. Two taps: default.

    Upright faders are at their lowest value below, level ones on the left. `meter` names the two peaks of a level
    that is shown beside the slot.
    """

    covers = True
    cap_length = 26.0
    end_room = 0.0  # units at both ends, for words

    def __init__(
        self,
        desk: Desk,
        rect: pygame.Rect,
        name: str,
        colour: Colour = theme.ACCENT,
        *,
        meter: tuple[str, str] | None = None,
        caption: str = "",
        marks: int = 11,
    ):
        super().__init__(desk, rect)
        self.row = desk.control(name)
        self.colour = colour
        self.caption = caption
        self.upright = rect.h > rect.w
        self._marks = marks
        self._meter = meter
        self._level = Level()
        self._travel: float | None = None
        self._last = 0.0
        self._back: pygame.Surface | None = None

    def read(self) -> float:
        """Travel 0…1, from below or from the left."""
        return travel.share(self.row, self.desk.board.number(self.row.name))

    def write(self, share: float) -> None:
        """Set the value for a travel of 0…1."""
        self.desk.set(self.row.name, travel.value(self.row, share))

    def reset(self) -> None:
        """Back to the default."""
        self.desk.set(self.row.name, self.row.default)

    @property
    def _margin(self) -> int:
        return round(self.end_room * self.desk.unit)

    @property
    def _reach(self) -> float:
        """Pixels between the two ends of the travel."""
        length = self.rect.h if self.upright else self.rect.w
        return max(1.0, length - self.desk.px(self.cap_length) - 2 * (self.desk.px(3) + self._margin))

    def look(self) -> Look:
        level: Look = ()
        if self._meter is not None:
            peak = max(self.desk.board.number(self._meter[0]), self.desk.board.number(self._meter[1]))
            level = self._level.update(peak, self.desk.now, self.rect.h)
        return round(self.read() * self._reach), self._travel is not None, level, self.colour

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        at, held, level, colour = look
        px = self.desk.px
        cap, edge = px(self.cap_length), px(3)
        if level:
            if self.shown is None:
                surface.fill(self.ground, (*self.rect.topleft, px(9), self.rect.h))
            draw_bar(
                surface, pygame.Rect(self.rect.x + px(2), self.rect.y + edge, px(7), self.rect.h - 2 * edge), level
            )
            if self.shown is not None and (*self.shown[:2], self.shown[3]) == (at, held, colour):
                return  # the level moves all the time, the fader seldom
        if self._back is None:
            self._back = self._draw_back()
        left = px(2) + px(7) if level else 0
        surface.blit(self._back, (self.rect.x + left, self.rect.y), (left, 0, self.rect.w - left, self.rect.h))
        centre = self._slot_at
        if self.upright:
            centre += self.rect.x
            place = pygame.Rect(0, 0, min(self.rect.right - px(2) - centre, px(18)) * 2, cap)
            place.center = (centre, round(self.rect.bottom - edge - cap / 2 - at))
            line = pygame.Rect(place.x + px(3), place.centery - px(1), place.w - 2 * px(3), max(2, px(2)))
        else:
            place = pygame.Rect(0, 0, cap, min(self.rect.h - 2 * px(3), px(36)))
            place.center = (round(self.rect.x + self._margin + edge + cap / 2 + at), self.rect.centery)
            line = pygame.Rect(place.centerx - px(1), place.y + px(3), max(2, px(2)), place.h - 2 * px(3))
        fill = theme.mix(theme.PRESSED, theme.TEXT, 0.2 if held else 0.06)
        shapes.panel(surface, place, 4 * self.desk.unit, fill, theme.mix(theme.PRESSED, theme.TEXT, 0.3))
        surface.fill(colour, line)

    @property
    def _slot_at(self) -> int:
        """Where the slot lies across the fader, in pixels from its left or top."""
        if not self.upright:
            return self.rect.h // 2
        return self.rect.w // 2 + (self.desk.px(5) if self._meter else 0)

    def _draw_back(self) -> pygame.Surface:
        """What never changes: slot, marks, words."""
        px = self.desk.px
        picture = pygame.Surface(self.rect.size)
        picture.fill(self.ground)
        inset = px(3) + px(self.cap_length) // 2 + self._margin
        first, last = inset, (self.rect.h if self.upright else self.rect.w) - inset
        self._draw_marks(picture, self._slot_at, first, last)
        slot = px(4)
        across = self._slot_at - slot // 2
        box = (across, first, slot, last - first) if self.upright else (first, across, last - first, slot)
        shapes.panel(picture, pygame.Rect(box), slot / 2, theme.GROUND, theme.LINE)
        return picture

    def _draw_marks(self, surface: pygame.Surface, centre: int, first: int, last: int) -> None:
        reach = self.desk.px(11)
        for index in range(self._marks):
            at = round(first + (last - first) * index / (self._marks - 1))
            main = index in (0, self._marks - 1) or 2 * index == self._marks - 1
            half = reach if main else round(reach * 0.6)
            colour = theme.TRACK if main else theme.LINE
            if self.upright:
                surface.fill(colour, (centre - half, at, 2 * half, 1))
            else:
                surface.fill(colour, (at, centre - half, 1, 2 * half))

    def down(self, touch: Touch, /) -> None:
        if touch.double:
            self.reset()
        self._travel = self.read()
        self._last = touch.y if self.upright else touch.x

    def move(self, touch: Touch, /) -> None:
        if self._travel is None:
            return
        at = touch.y if self.upright else touch.x
        way = (self._last - at) if self.upright else (at - self._last)
        self._last = at
        self._travel = min(max(self._travel + way / self._reach / (FINE if touch.fine else 1.0), 0.0), 1.0)
        self.write(self._travel)

    def up(self, _touch: Touch, /) -> None:
        self._travel = None

    def wheel(self, steps: float, /) -> None:
        self.write(min(max(self.read() + steps * WHEEL_STEP, 0.0), 1.0))


class TempoFader(Fader):
    """A deck's tempo within its range. As on a turntable, towards the player is faster: plus is below."""

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: str, colour: Colour):
        super().__init__(desk, rect, f"{deck}.tempo", colour, marks=13)
        self._range = f"{deck}.range"

    def _draw_back(self) -> pygame.Surface:
        picture = super()._draw_back()
        side = self.desk.px(10)
        for icon, y in (("minus", side), ("plus", self.rect.h - side)):
            mark = shapes.icon(icon, side, theme.FAINT)
            picture.blit(mark, mark.get_rect(center=(self.desk.px(8), y)))
        return picture

    def read(self) -> float:
        reach = self.desk.board.number(self._range) or 1.0
        return min(max(0.5 - 0.5 * self.desk.board.number(self.row.name) / reach, 0.0), 1.0)

    def write(self, share: float) -> None:
        tempo = (0.5 - share) * 2 * self.desk.board.number(self._range)
        self.desk.set(self.row.name, 0.0 if abs(share - 0.5) < 0.008 else round(tempo, 3))

    def wheel(self, steps: float, /) -> None:
        tempo = round(self.desk.board.number(self.row.name) - 0.05 * steps, 2)
        self.desk.set(self.row.name, tempo)
