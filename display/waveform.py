"""A deck's scrolling waveform: play head in the middle, grid, cues and loop; a hand on it scratches."""

from collections import OrderedDict
from math import ceil, floor

import pygame

from device.panel import controls
from display import marks, shapes, strips, theme
from display.deck import Deck
from display.desk import Desk
from display.theme import Colour
from display.widget import Look, Touch, Widget

TILE = 256
MOST_TILES = 40
LEAST_LINE_GAP = 7
BEATS_A_BAR = 4
WHEEL_ZOOM = 1.25


class Waveform(Widget):
    """Drawn as the ear hears it: a faster track is squeezed, so that equal beats stand above each other."""

    ground = theme.SUNK
    shared = True
    covers = True

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: Deck):
        super().__init__(desk, rect)
        self.deck = deck
        self.colour = theme.DECKS[deck.number - 1]
        self._tiles: OrderedDict[tuple[object, float, int], tuple[pygame.Surface, int]] = OrderedDict()
        self._touches: dict[object, Touch] = {}
        self._pinch = (1.0, 1.0)
        self._bar_line = self._line(72, theme.DANGER, desk.px(5), 2)
        self._beat_line = self._line(34, theme.SOFT, desk.px(3), 1)

    @property
    def scale(self) -> float:
        """Pixels a second of the track."""
        tempo = 1 + round(self.deck.number_of("tempo"), 1) / 100
        return self.rect.w / self.desk.zoom / min(max(tempo, 0.25), 4.0)

    @property
    def head_x(self) -> int:
        """Where the play head stands, in pixels of the surface."""
        return self.rect.x + self.rect.w // 2

    def look(self) -> Look:
        deck = self.deck
        if not deck.loaded:
            return (False, self.desk.alive, bool(deck.text_of("message")))
        number = deck.number_of
        scale = self.scale
        cues = tuple(number(f"hotcue.{cue}") for cue in range(1, controls.HOT_CUES + 1))
        lengths = tuple(number(f"hotcue.{cue}.length") for cue in range(1, controls.HOT_CUES + 1))
        loop = (number("loop.start"), number("loop.end"), deck.is_on("loop.active"))
        slip = number("slip.position") if deck.is_on("slip") else number("position")
        ghost = floor(slip * scale) if abs(slip - number("position")) > 0.05 else None
        return (
            True,
            floor(deck.position * scale),
            round(scale, 4),
            (number("grid.bpm"), number("grid.first")),
            (cues, lengths),
            loop,
            number("cue.point"),
            ghost,
            (deck.wave.path, deck.wave.ready, deck.wave.rate) if deck.wave else None,
            deck.duration,
            round(number("ready"), 2),
            deck.is_on("held"),
            bool(self._touches),
            (deck.text_of("title"), self._remaining()) if self.desk.page not in ("deck", "mixer") else None,
        )

    def _remaining(self) -> int:
        return max(0, round(self.deck.duration - self.deck.position))

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        if look[0]:
            self._draw_track(surface, look)
        else:
            surface.fill(self.ground, self.rect)
            self._draw_empty(surface)
        self._draw_badge(surface)

    def _draw_empty(self, surface: pygame.Surface) -> None:
        surface.fill(theme.LINE, (self.rect.x, self.rect.centery, self.rect.w, 1))
        told = f"Deck {self.deck.number} is empty. Tap here to choose a track."
        wide = self.desk.text.width(told, theme.LABEL * self.desk.unit) + self.desk.px(28)
        plate = pygame.Rect(0, 0, wide, min(self.rect.h, self.desk.px(26)))
        plate.center = self.rect.center
        surface.fill(self.ground, plate)
        self.say(surface, told, theme.LABEL, theme.FAINT, box=plate)

    def _draw_badge(self, surface: pygame.Surface) -> None:
        bar = pygame.Rect(self.rect.x, self.rect.y, self.desk.px(4), self.rect.h)
        surface.fill(self.colour, bar)
        plate = pygame.Rect(bar.right, self.rect.y, self.desk.px(18), min(self.rect.h, self.desk.px(20)))
        surface.fill(self.ground, plate)
        self.say(surface, str(self.deck.number), theme.LABEL, self.colour, "Bold", box=plate)

    def _draw_track(self, surface: pygame.Surface, look: Look) -> None:
        _, at, scale, grid, cues, loop, cue_point, ghost, _, duration, ready, held, touched, title = look
        first = at - self.rect.w // 2  # pixel of the track at the left edge
        self._draw_tiles(surface, first, scale)
        left, right = self._x(0.0, first, scale), self._x(duration, first, scale)
        if left > self.rect.x:
            surface.fill(theme.GROUND, (self.rect.x, self.rect.y, left - self.rect.x, self.rect.h))
        if duration and right < self.rect.right:
            surface.fill(theme.GROUND, (right, self.rect.y, self.rect.right - right, self.rect.h))
        self._draw_loop(surface, loop, first, scale)
        self._draw_grid(surface, grid, duration, first, scale)
        for index, (cue, length) in enumerate(zip(*cues, strict=True)):
            if cue >= 0:
                self._draw_hot_cue(surface, index, self._x(cue, first, scale), floor(length * scale))
        x = self._x(cue_point, first, scale)
        if self.rect.x - 20 < x < self.rect.right + 20:
            marks.triangle(surface, x, self.rect.bottom, self.desk.px(7), theme.CUE, up=True)
            surface.fill(theme.CUE, (x, self.rect.bottom - self.desk.px(16), max(1, self.desk.px(1)), self.desk.px(16)))
        if ghost is not None:
            surface.fill(theme.FAINT, (self.rect.x + ghost - first, self.rect.y, self.desk.px(2), self.rect.h))
        self._draw_head(surface, touched)
        if held or ready < 1:
            self._plate(
                surface, "waiting for the decoder" if held else f"loading {ready * 100:.0f} %", self.rect.right, False
            )
        elif title is not None:
            minutes, seconds = divmod(title[1], 60)
            self._plate(surface, f"−{minutes}:{seconds:02}", self.rect.right, False)
        if title is not None:
            self._plate(surface, title[0], self.rect.x + self.desk.px(22), True)

    def _x(self, seconds: float, first: int, scale: float) -> int:
        return int(self.rect.x + floor(seconds * scale) - first)

    def _draw_tiles(self, surface: pygame.Surface, first: int, scale: float) -> None:
        wave = self.deck.wave
        if wave is None or not wave.rate:
            surface.fill(self.ground, self.rect)
            return
        step = wave.rate / scale
        for index in range(max(0, first // TILE), (first + self.rect.w) // TILE + 1):
            key = (wave.path, scale, index)
            needed = min(wave.ready, ceil((index + 1) * TILE * step) + 1)
            kept = self._tiles.get(key)
            if kept is None or kept[1] < needed:
                levels = strips.resample(wave.rows, index * TILE * step, step, TILE)
                kept = (strips.paint(levels, self.rect.h, self.ground), needed)
                self._tiles[key] = kept
                if len(self._tiles) > MOST_TILES:
                    self._tiles.popitem(last=False)
            else:
                self._tiles.move_to_end(key)
            surface.blit(kept[0], (self.rect.x + index * TILE - first, self.rect.y))

    def _draw_loop(self, surface: pygame.Surface, loop: tuple[float, float, bool], first: int, scale: float) -> None:
        start, end, active = loop
        if start < 0 or end <= start:
            return
        span = pygame.Rect(self._x(start, first, scale), self.rect.y, 0, self.rect.h)
        span.w = max(1, self._x(end, first, scale) - span.x)
        span = span.clip(self.rect)
        colour = theme.PLAY if active else theme.FAINT
        if span.w and active:
            surface.fill(theme.mix((0, 0, 0), colour, 0.22), span, pygame.BLEND_RGB_ADD)
        for x in (self._x(start, first, scale), self._x(end, first, scale)):
            surface.fill(colour, (x, self.rect.y, self.desk.px(2), self.rect.h))

    def _draw_grid(
        self, surface: pygame.Surface, grid: tuple[float, float], duration: float, first: int, scale: float
    ) -> None:
        bpm, origin = grid
        if bpm <= 0:
            return
        beat = 60 / bpm
        every = 1
        while beat * every * scale < LEAST_LINE_GAP:
            every *= BEATS_A_BAR
        low = max(0.0, first / scale)
        high = min(duration, (first + self.rect.w) / scale) if duration else (first + self.rect.w) / scale
        lines = []
        index = ceil((low - origin) / beat / every) * every
        while (seconds := origin + index * beat) < high:
            picture = self._bar_line if index % (BEATS_A_BAR * every) == 0 else self._beat_line
            lines.append((picture, (self._x(seconds, first, scale), self.rect.y)))
            index += every
        surface.fblits(lines, pygame.BLEND_RGB_ADD)

    def _line(self, glow: int, tick: Colour, size: int, wide: int) -> pygame.Surface:
        """A line of the grid, to be added to the wave beneath: faint, with a bright tick at both ends."""
        picture = pygame.Surface((wide, self.rect.h))
        picture.fill((glow, glow, glow), (0, 0, 1, self.rect.h))
        picture.fill(tick, (0, 0, wide, size))
        picture.fill(tick, (0, self.rect.h - size, wide, size))
        return picture

    def _draw_hot_cue(self, surface: pygame.Surface, index: int, x: int, length: int) -> None:
        side = self.desk.px(15)
        if x + max(side, length) < self.rect.x or x > self.rect.right:
            return
        colour = theme.HOT_CUES[index]
        surface.fill(colour, (x, self.rect.y, self.desk.px(2), self.rect.h))
        if length > 0:
            surface.fill(colour, (x, self.rect.y, length, self.desk.px(3)))
        flag = pygame.Rect(x, self.rect.y, side, side)
        surface.fill(colour, flag)
        self.say(surface, str(index + 1), theme.CAPTION, theme.GROUND, "Bold", box=flag)

    def _draw_head(self, surface: pygame.Surface, touched: bool) -> None:
        x = self.head_x
        colour = theme.ACCENT if touched else theme.TEXT
        surface.fill(theme.GROUND, (x - self.desk.px(1), self.rect.y, self.desk.px(2) + self.desk.px(2), self.rect.h))
        surface.fill(colour, (x, self.rect.y, self.desk.px(2), self.rect.h))
        size = self.desk.px(6)
        middle = x + self.desk.px(2) // 2
        marks.triangle(surface, middle, self.rect.y, size, colour, up=False)
        marks.triangle(surface, middle, self.rect.bottom, size, colour, up=True)

    def _plate(self, surface: pygame.Surface, words: str, edge: int, left: bool) -> None:
        """Words on a small plate at one end of the strip, so that the wave behind does not disturb them."""
        unit = self.desk.unit
        words = self.desk.text.fit(words, theme.CAPTION * unit, self.rect.w * 0.32)
        box = pygame.Rect(0, 0, self.desk.text.width(words, theme.CAPTION * unit) + self.desk.px(12), self.desk.px(18))
        box.top = self.rect.y + self.desk.px(2)
        if left:
            box.left = edge
        else:
            box.right = edge - self.desk.px(2)
        shapes.panel(surface, box, 4 * unit, theme.GROUND)
        self.say(surface, words, theme.CAPTION, theme.SOFT, box=box)

    def down(self, touch: Touch, /) -> None:
        self._touches[touch.id] = touch
        if not self.deck.loaded:
            return
        if len(self._touches) == 1:
            self.deck.grip()
        else:  # a second finger: the hand pinches
            self.deck.release()
            self._pinch = (self._spread(), self.desk.zoom)

    def move(self, touch: Touch, /) -> None:
        if len(self._touches) > 1:
            spread, zoom = self._pinch
            self.desk.zoom_by(zoom * spread / self._spread() / self.desk.zoom)
        else:
            self.deck.turn((touch.start_x - touch.x) / self.scale)

    def _spread(self) -> float:
        places = [(touch.x, touch.y) for touch in self._touches.values()]
        return max(20.0, max(x for x, _ in places) - min(x for x, _ in places))

    def up(self, touch: Touch, /) -> None:
        self._touches.pop(touch.id, None)
        self.deck.release()
        if not self.deck.loaded and self.rect.collidepoint(touch.x, touch.y) and self.desk.page != "browser":
            self.desk.browser.target = self.deck.number
            self.desk.show("browser")

    def wheel(self, steps: float, /) -> None:
        self.desk.zoom_by(WHEEL_ZOOM**-steps)
