"""Letters on the screen, for searching on a box without a keyboard."""

import pygame

from display import shapes, theme
from display.desk import Desk
from display.widget import Look, Touch, Widget

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl-", "zxcvbnm'.⌫")
ERASE = "⌫"
SPACE = "space"
DONE = "done"


class Keypad(Widget):
    """Types into the browser's search."""

    def __init__(self, desk: Desk, rect: pygame.Rect):
        super().__init__(desk, rect)
        self._pressed = ""

    def look(self) -> Look:
        return (self._pressed,)

    def keys(self) -> dict[str, pygame.Rect]:
        """Every key and where it is."""
        made: dict[str, pygame.Rect] = {}
        lines = len(ROWS) + 1
        for line in range(lines):
            top = self.rect.y + self.rect.h * line // lines
            height = self.rect.y + self.rect.h * (line + 1) // lines - top
            if line == len(ROWS):
                split = self.rect.w * 7 // 10
                made[SPACE] = pygame.Rect(self.rect.x, top, split, height)
                made[DONE] = pygame.Rect(self.rect.x + split, top, self.rect.w - split, height)
                continue
            for index, key in enumerate(ROWS[line]):
                left = self.rect.w * index // 10
                made[key] = pygame.Rect(self.rect.x + left, top, self.rect.w * (index + 1) // 10 - left, height)
        return made

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        for key, box in self.keys().items():
            face = box.inflate(-2 * self.desk.px(2), -2 * self.desk.px(2))
            fill = theme.TRACK if key == look[0] else theme.PRESSED if key in (DONE, ERASE) else theme.RAISED
            shapes.panel(surface, face, 5 * self.desk.unit, fill)
            size = theme.LABEL if len(key) > 1 else theme.TITLE
            caption = "erase" if key == ERASE else key.upper() if key == DONE else key
            self.say(surface, caption, theme.LABEL if key == ERASE else size, theme.TEXT, "SemiBold", box=face)

    def down(self, touch: Touch, /) -> None:
        browser = self.desk.browser
        for key, box in self.keys().items():
            if not box.collidepoint(touch.x, touch.y):
                continue
            self._pressed = key
            if key == DONE:
                self.desk.show_keypad(False)
            elif key == ERASE:
                browser.find(browser.search[:-1])
            else:
                browser.find(browser.search + (" " if key == SPACE else key))

    def up(self, _touch: Touch, /) -> None:
        self._pressed = ""
