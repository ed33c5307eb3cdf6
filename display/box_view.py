"""The box page: how it stands with its companion, earnings, releases and notices; or the code to claim it by."""

import pygame

from display import theme
from display.area import Area
from display.button import Choice
from display.claim_view import ClaimView
from display.desk import Desk
from display.earnings_view import Earnings
from display.layout import Plan
from display.news_view import Notices, Releases
from display.roll import Roll
from display.sync_card import SyncCard
from display.widget import Look, Widget

SECTIONS: tuple[tuple[str, type[Roll]], ...] = (("Earnings", Earnings), ("Releases", Releases), ("Notices", Notices))


class Rule(Widget):
    """A line between two columns."""

    touchable = False

    def look(self) -> Look:
        return ()

    def draw(self, surface: pygame.Surface, _look: Look, /) -> None:
        surface.fill(theme.LINE, self.rect)


def box_widgets(desk: Desk, plan: Plan) -> list[Widget]:
    """Every part of the page. A small screen shows one list at a time."""
    body = plan.rects["box.body"]
    if desk.shared.claim is not None:
        return [ClaimView(desk, body, plan.compact)]
    unit = plan.unit
    area = Area.of(body).inset(16 * unit, 12 * unit)
    if not plan.compact:
        left, middle, right = area.columns([1, 1.36, 1.3], 32 * unit)
        card = left.take_top(min(232 * unit, 0.52 * left.h), 14 * unit)
        made = [SyncCard(desk, card.rect), Notices(desk, left.rect)]
        made += [Earnings(desk, middle.rect), Releases(desk, right.rect)]
        return made + [Rule(desk, _beside(column.rect, unit)) for column in (middle, right)]
    left = area.take_left(0.32 * area.w, 24 * unit)
    rule = _beside(area.rect, unit)
    choice = area.take_top(40 * unit, 8 * unit)

    def turn(section: int) -> None:
        desk.section = section
        desk.stale = True

    captions = tuple(caption for caption, _ in SECTIONS)
    return [
        SyncCard(desk, left.rect),
        Rule(desk, rule),
        Choice(desk, choice.rect, captions, lambda: desk.section, turn),
        SECTIONS[desk.section][1](desk, area.rect, headed=False),
    ]


def _beside(column: pygame.Rect, unit: float) -> pygame.Rect:
    return pygame.Rect(column.x - round(14 * unit), column.y, 1, column.h)
