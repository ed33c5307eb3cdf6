"""Short messages over the page: what went wrong, what to do."""

from collections.abc import Callable
from dataclasses import dataclass

import pygame

from display import shapes, theme
from display.text import Text

SECONDS = 5.0
MOST = 3


@dataclass(slots=True)
class _Toast:
    sentence: str
    until: float
    error: bool


class Toasts:
    """The messages that show now, newest below. The same sentence again only stays longer."""

    def __init__(self) -> None:
        self._shown: list[_Toast] = []
        self.area = pygame.Rect(0, 0, 0, 0)

    def say(self, sentence: str, now: float, error: bool = True) -> None:
        """Show a sentence for five seconds (`now` in seconds)."""
        sentence = sentence[:1].upper() + sentence[1:]
        for toast in self._shown:
            if toast.sentence == sentence:
                toast.until = now + SECONDS
                return
        self._shown = [*self._shown[-(MOST - 1) :], _Toast(sentence, now + SECONDS, error)]

    def expire(self, now: float) -> bool:
        """Drop what was shown long enough. True when something was dropped."""
        left = [toast for toast in self._shown if toast.until > now]
        changed = len(left) != len(self._shown)
        self._shown = left
        return changed

    def dismiss(self) -> None:
        """Drop all."""
        self._shown.clear()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is shown."""
        return tuple(toast.sentence for toast in self._shown)

    def draw(self, surface: pygame.Surface, text: Text, unit: float, shade: Callable[[pygame.Rect], None]) -> None:
        """Draw all at the top centre, away from play and cue. `shade` is told each rectangle that was drawn into."""
        width = surface.get_width()
        top = 5 * unit
        self.area = pygame.Rect(0, 0, 0, 0)
        size = theme.BODY * unit
        for toast in self._shown:
            lines = text.wrap(toast.sentence, size, min(0.8 * width, 720 * unit), lines=3)
            step = round(size * 1.4)
            longest = max((text.width(line, size) for line in lines), default=0)
            box = pygame.Rect(0, 0, longest + round(48 * unit), len(lines) * step + round(22 * unit))
            box.midtop = (width // 2, round(top))
            edge = theme.DANGER if toast.error else theme.ACCENT
            surface.fill(theme.GROUND, box)
            shapes.panel(surface, box, 8 * unit, theme.mix(theme.RAISED, edge, 0.12), edge, ground=theme.GROUND)
            dot = round(7 * unit)
            shapes.dot(surface, (box.x + round(18 * unit), box.centery), dot // 2 + 1, edge)
            y = box.y + round(11 * unit)
            for line in lines:
                surface.blit(text.render(line, size, theme.TEXT), (box.x + round(32 * unit), y))
                y += step
            shade(box)
            self.area = box if self.area.w == 0 else self.area.union(box)
            top = box.bottom + 6 * unit
