"""The browser page: where we are, the table of folders, playlists and tracks, search, and loading to a deck."""

import pygame

from display import shapes, theme
from display.button import Button
from display.desk import Desk
from display.keypad import Keypad
from display.layout import Plan
from display.loader import Loader
from display.table import Table
from display.widget import Look, Touch, Widget


class Search(Widget):
    """What is searched for; a tap shows letters to type with."""

    def look(self) -> Look:
        return self.desk.browser.search, self.desk.keypad, int(self.desk.now * 2) % 2 == 0

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        words, typing, blink = look
        px = self.desk.px
        face = self.rect.inflate(-2 * px(1), -2 * px(1))
        shapes.panel(surface, face, 6 * self.desk.unit, theme.SUNK, theme.ACCENT if typing or words else theme.LINE)
        picture = shapes.icon("search", px(16), theme.SOFT)
        surface.blit(picture, picture.get_rect(midleft=(face.x + px(12), face.centery)))
        box = pygame.Rect(face.x + px(36), face.y, face.w - px(36) - px(34), face.h)
        place = self.say(
            surface,
            words or "Search here",
            theme.BODY,
            theme.TEXT if words else theme.FAINT,
            box=box,
            align="left",
        )
        if blink and (typing or words):
            x = (place.right if words else place.left) + px(1)
            surface.fill(theme.ACCENT, (x, face.centery - px(9), px(2), px(18)))
        if words or typing:
            picture = shapes.icon("cross", px(14), theme.SOFT)
            surface.blit(picture, picture.get_rect(midright=(face.right - px(12), face.centery)))

    def down(self, touch: Touch, /) -> None:
        browser = self.desk.browser
        if touch.x > self.rect.right - self.desk.px(44) and (browser.search or self.desk.keypad):
            browser.find("")
            self.desk.show_keypad(False)
        else:
            self.desk.show_keypad(not self.desk.keypad)


class Where(Widget):
    """The folder that is shown, and how much is in it."""

    touchable = False

    def look(self) -> Look:
        browser = self.desk.browser
        return browser.where, len(browser.rows), browser.loading

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        where, count, loading = look
        told = "" if loading else f"{count} item{'' if count == 1 else 's'}"
        wide = self.desk.text.width(told, theme.LABEL * self.desk.unit) + self.desk.px(16)
        box = self.rect.inflate(-2 * self.desk.px(4), 0)
        self.say(surface, told, theme.LABEL, theme.FAINT, box=box, align="right")
        box.w -= wide
        self.say(surface, where, theme.TITLE, theme.TEXT, "SemiBold", box=box, align="left")


class Chosen(Widget):
    """The row that the load buttons will load."""

    touchable = False

    def look(self) -> Look:
        row = self.desk.browser.current
        return (row.title, row.artist, row.folder, row.missing) if row is not None else ("", "", True, False)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        title, artist, folder, missing = look
        box = self.rect.inflate(-2 * self.desk.px(6), 0)
        if not title or folder:
            self.say(
                surface, "Tap a track, then a deck to load it to.", theme.LABEL, theme.FAINT, box=box, align="left"
            )
            return
        words = f"{title}  ·  {artist}" if artist else title
        ink = theme.FAINT if missing else theme.TEXT
        self.say(surface, words, theme.BODY, ink, "SemiBold", box=box, align="left")


def browser_widgets(desk: Desk, plan: Plan) -> list[Widget]:
    """Every control of the browser page."""
    rects = plan.rects
    browser = desk.browser
    loader = Loader(desk)
    made: list[Widget] = [
        Button(desk, rects["browser.up"], "", browser.up, icon="up"),
        Where(desk, rects["browser.path"]),
        Search(desk, rects["browser.search"]),
        Table(desk, rects["browser.table"], loader),
    ]
    if "browser.keypad" in rects:
        made.append(Keypad(desk, rects["browser.keypad"]))
        return made
    made.append(Chosen(desk, rects["browser.chosen"]))
    narrow = rects["browser.load1"].w < 100 * plan.unit
    for number in range(1, plan.decks + 1):
        made.append(_load_button(desk, rects[f"browser.load{number}"], loader, number, narrow))
    return made


def _load_button(desk: Desk, rect: pygame.Rect, loader: Loader, number: int, narrow: bool) -> Button:
    def load() -> None:
        loader.load(number)

    caption = f"Deck {number}" if narrow else f"Load deck {number}"
    lit = desk.browser
    return Button(
        desk,
        rect,
        caption,
        load,
        lit=lambda: lit.target == number,
        colour=theme.DECKS[number - 1],
        size=theme.LABEL + 0.5,
    )
