"""What the screen says while no engine runs."""

import pygame

from display import shapes, theme
from display.desk import Desk
from display.widget import Look, Widget


class EngineCard(Widget):
    """A sentence, what to do, and a sign that the screen keeps looking."""

    ground = theme.GROUND
    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect):
        super().__init__(desk, rect)

    def look(self) -> Look:
        return self.desk.link.reason, int(self.desk.now * 2) % 3

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        reason, phase = look
        px, unit = self.desk.px, self.desk.unit
        other_version = "version" in reason
        heading = "Another version of the engine is running" if other_version else "The engine is not running"
        lines = ["Restart it with `rackdeck up`." if other_version else "Start it with `rackdeck up`."]
        lines.append("This screen comes back by itself.")
        if self.rect.h < px(170):
            box = pygame.Rect(0, 0, min(self.rect.w, px(760)), min(self.rect.h, px(64)))
            box.center = self.rect.center
            shapes.panel(surface, box, 8 * unit, theme.PANEL, theme.WARNING)
            upper, lower = pygame.Rect(box), pygame.Rect(box)
            upper.h = lower.h = box.h // 2 - px(3)
            upper.y += px(5)
            lower.bottom = box.bottom - px(5)
            self.say(surface, heading, theme.TITLE, theme.TEXT, "SemiBold", box=upper)
            self.say(surface, " ".join(lines), theme.LABEL, theme.SOFT, box=lower)
            return
        box = pygame.Rect(0, 0, min(self.rect.w - px(40), px(560)), min(self.rect.h - px(20), px(250)))
        box.center = self.rect.center
        shapes.panel(surface, box, 14 * unit, theme.PANEL, theme.LINE)
        picture = shapes.icon("warning", px(44), theme.WARNING)
        top = box.y + px(30)
        surface.blit(picture, picture.get_rect(midtop=(box.centerx, top)))
        mark = picture.get_rect(midtop=(box.centerx, top + px(5)))
        self.say(surface, "!", theme.HEADING, theme.PANEL, "Bold", box=mark)
        y = top + px(60)
        for words, size, colour, weight in (
            (heading, theme.HEADING, theme.TEXT, "SemiBold"),
            (lines[0], theme.TITLE, theme.SOFT, "Medium"),
            (lines[1], theme.BODY, theme.FAINT, "Medium"),
        ):
            row = pygame.Rect(box.x + px(20), y, box.w - px(40), px(34))
            self.say(surface, words, size, colour, weight, box=row)
            y += row.h
        for index in range(3):
            colour = theme.WARNING if index == phase else theme.TRACK
            shapes.dot(surface, (box.centerx + (index - 1) * px(16), box.bottom - px(26)), px(4), colour)
