"""What a deck says about its track: title, time, tempo."""

import pygame

from display import shapes, theme, travel
from display.deck import Deck
from display.desk import Desk
from display.overview import ENDING_SECONDS
from display.widget import Look, Touch, Widget


def clock(seconds: float, tenths: bool = True) -> str:
    """`1:02.3`."""
    parts = int(max(seconds, 0.0) * 10)
    minutes, rest = divmod(parts, 600)
    whole = f"{minutes}:{rest // 10:02}"
    return f"{whole}.{rest % 10}" if tenths else whole


class Title(Widget):
    """Number, title, artist and key; a tap opens the browser for this deck."""

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: Deck):
        super().__init__(desk, rect)
        self.deck = deck
        self.colour = theme.DECKS[deck.number - 1]

    def look(self) -> Look:
        deck = self.deck
        if not deck.loaded:
            return False, deck.text_of("message"), "", "", self.desk.alive
        return True, deck.text_of("title"), deck.text_of("artist"), deck.text_of("key_name"), deck.is_on("play")

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        loaded, title, artist, key, playing = look
        px = self.desk.px
        side = self.rect.h
        badge = pygame.Rect(self.rect.x, self.rect.y, min(side, px(42)), side)
        lively = loaded and playing
        fill = self.colour if lively else theme.mix(theme.PANEL, self.colour, 0.22)
        shapes.panel(surface, badge, 6 * self.desk.unit, fill)
        ink = theme.GROUND if lively else self.colour
        self.say(
            surface, str(self.deck.number), theme.HEADING if side > px(40) else theme.TITLE, ink, "Bold", box=badge
        )
        words = pygame.Rect(badge.right + px(9), self.rect.y, self.rect.right - badge.right - px(9), self.rect.h)
        if not loaded:
            self.say(surface, "No track", theme.BODY, theme.SOFT, "SemiBold", box=_half(words, 0), align="left")
            hint = title or "Tap to choose one"
            colour = theme.DANGER if title else theme.FAINT
            self.say(surface, hint, theme.LABEL, colour, box=_half(words, 1), align="left")
            return
        roomy = side > px(40)
        lower = _half(words, 1)
        if key:
            self._draw_key(surface, key, lower, roomy)
        self.say(
            surface,
            title,
            theme.TITLE if roomy else theme.BODY,
            theme.TEXT,
            "SemiBold",
            box=_half(words, 0),
            align="left",
        )
        ink = theme.SOFT if artist else theme.FAINT
        self.say(surface, artist or "Unknown artist", theme.LABEL, ink, box=lower, align="left")

    def _draw_key(self, surface: pygame.Surface, key: str, lower: pygame.Rect, roomy: bool) -> None:
        """The key on a chip at the right; where room is scarce, before the artist. Cuts its room from `lower`."""
        px = self.desk.px
        ink = theme.mix(self.colour, theme.TEXT, 0.35)
        wide = self.desk.text.width(key, theme.LABEL * self.desk.unit, "SemiBold")
        if not roomy:
            self.say(surface, key, theme.LABEL, ink, "SemiBold", box=lower, align="left")
            lower.x += wide + px(7)
            lower.w -= wide + px(7)
            return
        chip = pygame.Rect(0, 0, wide + px(14), px(20))
        chip.midright = (lower.right, lower.centery)
        shapes.panel(surface, chip, 4 * self.desk.unit, theme.mix(theme.PANEL, self.colour, 0.2))
        self.say(surface, key, theme.LABEL, ink, "SemiBold", box=chip)
        lower.w -= chip.w + px(6)

    def up(self, touch: Touch, /) -> None:
        if self.rect.collidepoint(touch.x, touch.y):
            self.desk.browser.target = self.deck.number
            self.desk.show("browser")


def _half(box: pygame.Rect, which: int) -> pygame.Rect:
    upper = box.h * 53 // 100
    return (
        pygame.Rect(box.x, box.y, box.w, upper)
        if which == 0
        else pygame.Rect(box.x, box.y + upper, box.w, box.h - upper)
    )


class Time(Widget):
    """Time left or gone; a tap turns one into the other."""

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: Deck):
        super().__init__(desk, rect)
        self.deck = deck

    def look(self) -> Look:
        deck = self.deck
        if not deck.loaded:
            return "0:00.0", "", False
        left = deck.duration - deck.position
        ending = deck.is_on("play") and left < ENDING_SECONDS
        if deck.remaining:
            return travel.MINUS + clock(left), "REMAIN", ending
        return (travel.MINUS if deck.position < 0 else "") + clock(abs(deck.position)), "ELAPSED", ending

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        saying, caption, ending = look
        unit = self.desk.unit
        colour = theme.DANGER if ending else theme.TEXT if caption else theme.OFF
        box = self.rect.copy()
        label = self.rect.copy()
        label.h = self.desk.px(12)
        label.bottom = self.rect.bottom
        size = theme.FIGURES if self.rect.h > 40 * unit else theme.TITLE
        box.h -= label.h
        while size > theme.BODY and self.desk.text.figures(saying, size * unit, colour).get_width() > box.w:
            size -= 1
        self.say(surface, saying, size, colour, "SemiBold", box=box, figures=True, align="left")
        self.say(surface, caption, theme.CAPTION - 1, theme.FAINT, "SemiBold", box=label, align="left")

    def down(self, _touch: Touch, /) -> None:
        self.deck.remaining = not self.deck.remaining


class Tempo(Widget):
    """BPM as heard now, tempo in percent, and the beat within the bar."""

    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: Deck):
        super().__init__(desk, rect)
        self.deck = deck
        self.colour = theme.DECKS[deck.number - 1]

    def look(self) -> Look:
        deck = self.deck
        bpm = deck.number_of("bpm")
        tempo = deck.number_of("tempo")
        grid = deck.number_of("grid.bpm")
        beat = -1
        if deck.loaded and grid > 0:
            beat = int((deck.position - deck.number_of("grid.first")) * grid / 60 // 1) % 4
        whole, _, decimals = f"{abs(bpm):.2f}".partition(".")
        shown = f"{travel.signed(tempo, 2 if abs(tempo) < 100 else 0)} %" if deck.loaded else ""
        return (whole, decimals) if deck.loaded and bpm else ("0", "00"), shown, beat, deck.is_on("keylock")

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        (whole, decimals), tempo, beat, _ = look
        unit = self.desk.unit
        px = self.desk.px
        roomy = self.rect.h > 40 * unit
        colour = theme.TEXT if tempo else theme.OFF
        label = self.rect.copy()
        label.h = px(12)
        label.bottom = self.rect.bottom
        box = self.rect.copy()
        box.h -= label.h
        small, large = (theme.TITLE, theme.FIGURES) if roomy else (theme.LABEL, theme.TITLE)
        tail = self.desk.text.figures("." + decimals, small * unit, colour)
        head = self.desk.text.figures(whole, large * unit, colour)
        base = box.centery + head.get_height() // 2
        drop = round((large - small) * unit * 0.22)  # so that both stand on one line
        surface.blit(tail, (box.right - tail.get_width(), base - tail.get_height() - drop))
        surface.blit(head, (box.right - tail.get_width() - head.get_width(), base - head.get_height()))
        words, ink = (tempo, theme.SOFT) if tempo else ("BPM", theme.FAINT)
        self.say(surface, words, theme.CAPTION, ink, "SemiBold", box=label, align="right", figures=True)
        if roomy and beat >= 0:
            self._draw_beats(surface, beat)

    def _draw_beats(self, surface: pygame.Surface, beat: int) -> None:
        px = self.desk.px
        side, gap = px(11), px(5)
        for index in range(4):
            box = pygame.Rect(self.rect.x + px(4) + index * (side + gap), 0, side, side)
            box.centery = self.rect.centery - px(2)
            lit = theme.DANGER if index == 0 else self.colour
            shapes.panel(surface, box, 3 * self.desk.unit, lit if index == beat else theme.RAISED)
