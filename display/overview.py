"""The whole track in one line: what was played, cues, loop; touch it to go there."""

import numpy as np
import pygame

from device.panel import controls
from display import marks, shapes, strips, theme
from display.deck import Deck
from display.desk import Desk
from display.widget import Look, Touch, Widget

ENDING_SECONDS = 30.0
FULL_BAND = 0.7
MOST_GAIN = 4.0
REPAINT_SECONDS = 0.15  # while the decoder writes


class Overview(Widget):
    """Painted when the waveform grows, then only the play head moves."""

    ground = theme.SUNK

    def __init__(self, desk: Desk, rect: pygame.Rect, deck: Deck):
        super().__init__(desk, rect)
        self.deck = deck
        self._pictures: tuple[pygame.Surface, pygame.Surface] | None = None
        self._painted: tuple[object, ...] = ()
        self._painted_at = 0.0
        self._wanted: float | None = None

    @property
    def _track(self) -> pygame.Rect:
        """Where the waveform lies: within a margin, with a line for marks above."""
        inside = self.rect.inflate(-2 * self.desk.px(2), 0)
        top = self.desk.px(9) if self.rect.h > self.desk.px(36) else self.desk.px(5)
        inside.y += top
        inside.h -= top + self.desk.px(2)
        return inside

    def look(self) -> Look:
        deck = self.deck
        if not deck.loaded or deck.duration <= 0:
            return (False,)
        track = self._track
        number = deck.number_of
        wave = deck.wave
        self._repaint(track)
        head = round(min(max(deck.position / deck.duration, 0.0), 1.0) * (track.w - 1))
        cues = tuple(round(number(f"hotcue.{cue}"), 2) for cue in range(1, controls.HOT_CUES + 1))
        loop = (number("loop.start"), number("loop.end"), deck.is_on("loop.active"))
        ending = deck.is_on("play") and deck.duration - deck.position < ENDING_SECONDS
        flash = ending and int(self.desk.now * 2) % 2 == 0
        painted = (wave.path, self._painted) if wave else None
        return (
            True,
            head,
            cues,
            loop,
            number("cue.point"),
            painted,
            round(deck.duration, 2),
            ending,
            flash,
            self._wanted,
        )

    def _repaint(self, track: pygame.Rect) -> None:
        wave = self.deck.wave
        if wave is None or not wave.rate:
            self._pictures, self._painted = None, ()
            return
        state = (wave.path, wave.ready, self.deck.duration, track.w)
        soon = self.desk.now - self._painted_at < REPAINT_SECONDS and not wave.whole and self._painted[:1] == state[:1]
        if state == self._painted or soon:
            return
        self._painted, self._painted_at = state, self.desk.now
        step = self.deck.duration * wave.rate / track.w
        levels = strips.resample(wave.rows, 0.0, step, track.w)
        loudest = float(np.percentile(levels[1:].max(axis=0), 95)) if wave.ready else 0.0
        gain = min(max(FULL_BAND / max(loudest, 0.01) ** 1.5, 1.0), MOST_GAIN)  # the whole line is used
        fresh = strips.paint(levels, track.h, self.ground, gain=gain)
        self._pictures = fresh, strips.paint(levels, track.h, self.ground, 0.68, gain)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        track = self._track
        if not look[0]:
            shapes.panel(surface, self.rect, 5 * self.desk.unit, theme.SUNK, ground=theme.PANEL)
            surface.fill(theme.LINE, (track.x + self.desk.px(6), self.rect.centery, track.w - 2 * self.desk.px(6), 1))
            return
        _, head, cues, loop, cue_point, _, duration, ending, flash, wanted = look
        if self._pictures is not None:
            fresh, played = self._pictures
            surface.blit(played, track, (0, 0, head, track.h))
            surface.blit(fresh, (track.x + head, track.y), (head, 0, track.w - head, track.h))
        per_second = (track.w - 1) / duration
        self._draw_loop(surface, loop, track, per_second)
        size = self.desk.px(5)
        marks.triangle(surface, track.x + round(cue_point * per_second), self.rect.bottom, size, theme.CUE, up=True)
        for index, cue in enumerate(cues):
            if cue >= 0:
                x = track.x + round(cue * per_second)
                width = max(2, self.desk.px(3))
                surface.fill(theme.HOT_CUES[index], (x - width // 2, self.rect.y, width, track.y - self.rect.y - 1))
                surface.fill(theme.HOT_CUES[index], (x, track.y, 1, track.h))
        x = track.x + head
        surface.fill(
            theme.GROUND, (x - self.desk.px(1), self.rect.y, self.desk.px(2) + 2 * self.desk.px(1), self.rect.h)
        )
        surface.fill(theme.TEXT, (x, self.rect.y, self.desk.px(2), self.rect.h))
        if wanted is not None:
            surface.fill(theme.ACCENT, (round(wanted), self.rect.y, self.desk.px(2), self.rect.h))
        if ending:
            colour = theme.DANGER if flash else theme.mix(theme.SUNK, theme.DANGER, 0.35)
            pygame.draw.rect(surface, colour, self.rect, self.desk.px(2))

    def _draw_loop(
        self, surface: pygame.Surface, loop: tuple[float, float, bool], track: pygame.Rect, per_second: float
    ) -> None:
        start, end, active = loop
        if start < 0 or end <= start:
            return
        span = pygame.Rect(
            track.x + round(start * per_second), track.y, max(2, round((end - start) * per_second)), track.h
        )
        if active:
            surface.fill(theme.mix((0, 0, 0), theme.PLAY, 0.35), span.clip(track), pygame.BLEND_RGB_ADD)
        surface.fill(
            theme.PLAY if active else theme.FAINT, (span.x, span.bottom - self.desk.px(2), span.w, self.desk.px(2))
        )

    def down(self, touch: Touch, /) -> None:
        if self.deck.loaded:
            self.move(touch)
        elif self.desk.page != "browser":
            self.desk.browser.target = self.deck.number

    def move(self, touch: Touch, /) -> None:
        if not self.deck.loaded:
            return
        track = self._track
        wanted = min(max(touch.x, track.x), track.right - 1)
        if wanted != self._wanted:
            self._wanted = wanted
            self.deck.seek((wanted - track.x) / (track.w - 1) * self.deck.duration)

    def up(self, touch: Touch, /) -> None:
        self._wanted = None
        if not self.deck.loaded and self.rect.collidepoint(touch.x, touch.y):
            self.desk.show("browser")
