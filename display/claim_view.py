"""While the box is nobody's: the code to claim it by, its picture for a phone, and the digits to compare."""

from functools import lru_cache

import pygame
import segno

from display import shapes, theme
from display.area import Area
from display.desk import Desk
from display.readouts import clock
from display.shared import Claim
from display.widget import Look, Widget

QUIET = 4  # empty squares around it, without which no camera finds it
MASK = 2  # any can be read; to weigh all eight of them would take four times as long
LONGEST_SECONDS = 600
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@lru_cache(maxsize=4)
def qr(link: str, room: int) -> pygame.Surface | None:
    """A link's QR code, at most `room` pixels wide, every square the same whole number of them; None without room."""
    rows = [list(row) for row in segno.make_qr(link, error="m", mask=MASK).matrix_iter(border=QUIET)]
    side = len(rows)
    if room < side:
        return None
    small = pygame.Surface((side, side))
    small.fill(WHITE)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                small.set_at((x, y), BLACK)
    return pygame.transform.scale_by(small, room // side)


class ClaimView(Widget):
    """The code as large as there is room for, and how long it is good."""

    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect, compact: bool):
        super().__init__(desk, rect)
        self._compact = compact

    def look(self) -> Look:
        shared = self.desk.shared
        claim = shared.claim
        if claim is None:
            return None, 0, ""
        left = -((shared.wall - claim.ends) // 1000)
        said = shared.sync.said if shared.sync is not None else ""
        return claim, min(left, LONGEST_SECONDS), said

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        claim, left, said = look
        if claim is None:
            return
        px = self.desk.px
        area = Area.of(self.rect).inset(px(20), px(14))
        side = min(area.h, 0.42 * area.w)
        picture = area.take_left(side, px(34 if not self._compact else 22)).rect
        self._draw_qr(surface, claim, picture)
        self._draw_left(surface, area.take_bottom(px(30)).rect, left)
        heading = area.take_top(px(30 if self._compact else 40)).rect
        self.say(surface, "Make this box yours", theme.HEADING, theme.TEXT, "SemiBold", box=heading, align="left")
        if said and not self._compact:
            line = area.take_top(px(22)).rect
            self.say(surface, said[:1].upper() + said[1:], theme.LABEL, theme.WARNING, box=line, align="left")
        self._draw_steps(surface, claim, area)

    def _draw_qr(self, surface: pygame.Surface, claim: Claim, box: pygame.Rect) -> None:
        edge = 2 * self.desk.px(4)
        picture = qr(claim.url, min(box.size) - edge)
        if picture is None:
            self.say(surface, "No room for the picture", theme.LABEL, theme.FAINT, box=box)
            return
        card = picture.get_rect().inflate(edge, edge)
        card.center = box.center
        shapes.panel(surface, card, 10 * self.desk.unit, WHITE)
        surface.blit(picture, picture.get_rect(center=card.center))

    def _draw_steps(self, surface: pygame.Surface, claim: Claim, area: Area) -> None:
        px, unit, text = self.desk.px, self.desk.unit, self.desk.text
        host = claim.url.partition("://")[2].partition("/")[0]
        step = px(23 if self._compact else 28)
        size = theme.BODY if self._compact else theme.TITLE - 1
        code, check = min(0.34 * area.h, 0.19 * area.w), 0.18 * area.h
        spare = max(0.0, area.h - code - check - 2 * step)
        for words, large, room, ink in (
            (f"Type this code under Boxes at {host}, or scan the picture.", claim.code, code, theme.TEXT),
            ("Go on only if the page then shows the same number.", claim.check, check, theme.ACCENT),
        ):
            area.take_top(spare / 4)
            line = area.take_top(step).rect
            self.say(surface, words, self.shrink(words, size, line.w, "Medium"), theme.SOFT, box=line, align="left")
            box = area.take_top(room, spare / 8).rect
            height = room * 0.78 / unit
            wide = text.figures(large, height * unit, ink).get_width()
            height = min(height, height * box.w / wide)
            self.say(surface, large, height, ink, "SemiBold", box=box, align="left", figures=True)

    def _draw_left(self, surface: pygame.Surface, box: pygame.Rect, left: int) -> None:
        """How long the code is good, in figures and as a line that grows shorter."""
        px = self.desk.px
        ink = theme.SOFT if left >= 60 else theme.WARNING
        words = f"Good for {clock(left, tenths=False)}"
        row = pygame.Rect(box.x, box.y, box.w, box.h - px(6))
        self.say(surface, words, theme.BODY, ink, "SemiBold", box=row, align="left", figures=True)
        if not self._compact or box.w > px(400):
            told = "Playing and recording need no owner."
            self.say(surface, told, theme.LABEL, theme.FAINT, box=row, align="right")
        line = pygame.Rect(box.x, box.bottom - px(4), box.w, px(3))
        shapes.panel(surface, line, px(2), theme.TRACK)
        line.w = max(px(3), line.w * left // LONGEST_SECONDS)
        shapes.panel(surface, line, px(2), theme.ACCENT if left >= 60 else theme.WARNING)
