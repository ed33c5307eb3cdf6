"""A heading and rows that scroll under it: what the lists of the box page have in common."""

import time

import pygame

from display import shapes, theme
from display.desk import Desk
from display.scroll import Scroll
from display.widget import Look, Touch, Widget

HEAD = 32.0
STEP = 60.0  # units of a turn of the wheel
DRAW_SECONDS = 0.004  # of a frame: letters that were never drawn before take long, and then come with the next one


class Roll(Widget):
    """Its parts say how high each row is, and draw those in sight.

    `empty` is what stands there while there are no rows: a sentence, and what would come.
    """

    heading = ""
    empty = ("", "")

    def __init__(self, desk: Desk, rect: pygame.Rect, headed: bool = True):
        super().__init__(desk, rect)
        self._scroll = Scroll()
        self._headed = headed
        self._known: Look = ()
        self._heights: list[int] = []
        self._followed = desk.paged
        self._unfinished = 0

    @property
    def area(self) -> pygame.Rect:
        """Where the rows are."""
        head = self.desk.px(HEAD) if self._headed else 0
        return pygame.Rect(self.rect.x, self.rect.y + head, self.rect.w, self.rect.h - head)

    def content(self) -> Look:
        """What the rows depend on; heights are measured anew when it changes."""
        raise NotImplementedError

    def lively(self) -> Look:
        """What else the drawing depends on."""
        return ()

    def measure(self) -> list[int]:
        """The height of each row, in pixels."""
        raise NotImplementedError

    def draw_row(self, surface: pygame.Surface, index: int, box: pygame.Rect) -> None:
        """Draw one row into its box."""
        raise NotImplementedError

    def note(self) -> str:
        """A few words at the right of the heading."""
        return ""

    def look(self) -> Look:
        content = self.content()
        if content != self._known:
            self._known, self._heights = content, self.measure()
        if self._followed != self.desk.paged:
            step, self._followed = self.desk.paged - self._followed, self.desk.paged
            self._scroll.go(self._scroll.offset + step * STEP * self.desk.unit)
        self._scroll.run_on(sum(self._heights) - self.area.h, self.desk.now)
        return content, self.lively(), self.note(), round(self._scroll.offset), self._unfinished

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        area = self.area
        if self._headed:
            self._draw_head(surface, look[2])
        if not self._heights:
            self._draw_empty(surface, area)
            return
        surface.set_clip(area)
        began = time.thread_time()
        y = area.y - look[3]
        for index, height in enumerate(self._heights):
            if y + height > area.y and y < area.bottom:
                if time.thread_time() - began > DRAW_SECONDS:
                    self._unfinished += 1
                    break
                self.draw_row(surface, index, pygame.Rect(area.x, y, area.w - self.desk.px(8), height))
            y += height
        self._draw_bar(surface, area)

    def _draw_head(self, surface: pygame.Surface, note: str) -> None:
        head = pygame.Rect(self.rect.x, self.rect.y, self.rect.w, self.desk.px(HEAD - 8))
        place = self.say(surface, self.heading, theme.LABEL, theme.SOFT, "SemiBold", box=head, align="left")
        rest = pygame.Rect(place.right + self.desk.px(10), head.y, 0, head.h)
        rest.w = max(0, head.right - rest.x - self.desk.px(8))
        self.say(surface, note, theme.LABEL, theme.FAINT, box=rest, align="right")
        surface.fill(theme.LINE, (self.rect.x, head.bottom, self.rect.w - self.desk.px(8), 1))

    def _draw_empty(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        heading, sentence = self.empty
        size = theme.LABEL * self.desk.unit
        lines = self.desk.text.wrap(sentence, size, min(area.w - self.desk.px(24), self.desk.px(330)), lines=4)
        step = self.desk.px(20)
        y = area.y + max(self.desk.px(10), (area.h - (len(lines) + 1) * step) // 3)
        self.say(surface, heading, theme.BODY, theme.SOFT, "SemiBold", box=pygame.Rect(area.x, y, area.w, step))
        for line in lines:
            y += step
            self.say(surface, line, theme.LABEL, theme.FAINT, box=pygame.Rect(area.x, y, area.w, step))

    def _draw_bar(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        """How much there is, and where we are."""
        scroll = self._scroll
        if scroll.most <= 0:
            return
        length = max(self.desk.px(24), round(area.h * area.h / (area.h + scroll.most)))
        y = area.y + round((area.h - length) * scroll.offset / scroll.most)
        bar = pygame.Rect(area.right - self.desk.px(4), y, self.desk.px(4), length)
        shapes.panel(surface, bar, self.desk.px(2), theme.TRACK)

    def down(self, touch: Touch, /) -> None:
        self._scroll.down(touch, self.desk.now)

    def move(self, touch: Touch, /) -> None:
        self._scroll.move(touch, self.desk.now, self.desk.unit)

    def up(self, _touch: Touch, /) -> None:
        self._scroll.up()

    def wheel(self, steps: float, /) -> None:
        self._scroll.go(self._scroll.offset - steps * STEP * self.desk.unit)
