"""One page of widgets: lays them out, finds them, and redraws those that look different."""

from collections.abc import Callable

import pygame

from display import theme
from display.bar import bar_widgets
from display.box_view import box_widgets
from display.browser_view import browser_widgets
from display.deck_view import deck_widgets
from display.desk import Desk
from display.engine_card import EngineCard
from display.help_view import help_widgets
from display.layout import Plan, plan
from display.mixer_view import mixer_widgets
from display.settings_view import settings_widgets
from display.waveform import Waveform
from display.widget import Widget


class Page:
    """Made anew for every size, page and number of decks; cheap enough for that."""

    def __init__(self, desk: Desk, size: tuple[int, int], wall: Callable[[], str]):
        self.desk = desk
        self.plan: Plan = plan(size, desk.deck_count, desk.page, desk.layer, desk.keypad)
        desk.unit = self.plan.unit
        self.alive = desk.alive
        self.widgets: list[Widget] = bar_widgets(desk, self.plan, wall)
        self.widgets += self._content()
        self._fresh = True

    def _content(self) -> list[Widget]:
        desk, made = self.desk, self.plan
        if not self.alive and made.page in ("deck", "mixer"):
            return [EngineCard(desk, made.body)]
        widgets: list[Widget] = []
        if self.alive:
            widgets += [Waveform(desk, made.rects[f"wave{n}"], desk.decks[n]) for n in range(1, made.decks + 1)]
        else:
            widgets.append(EngineCard(desk, made.stack))
        if made.page == "deck":
            for number in made.shown_decks:
                widgets += deck_widgets(desk, made, number)
        if "mixer.crossfader" in made.rects:
            widgets += mixer_widgets(desk, made)
        extra = {
            "browser": browser_widgets, "box": box_widgets, "settings": settings_widgets, "help": help_widgets,
        }.get(made.page)  # fmt: skip
        return widgets + extra(desk, made) if extra is not None else widgets

    def redraw_all(self) -> None:
        """Draw everything with the next frame: something lay over the page."""
        self._fresh = True

    def draw(self, surface: pygame.Surface) -> list[pygame.Rect]:
        """Draw what changed. Returns the rectangles that did."""
        changed: list[pygame.Rect] = []
        if self._fresh:
            self._fresh = False
            surface.set_clip(None)
            surface.fill(theme.GROUND)
            for panel in (
                self.plan.panels if self.alive or self.plan.page not in ("deck", "mixer") else self.plan.panels[:1]
            ):
                surface.fill(theme.PANEL, panel)
            for widget in self.widgets:
                widget.shown = None
            changed.append(surface.get_rect())
        for widget in self.widgets:
            look = widget.look()
            if look != widget.shown:
                surface.set_clip(widget.rect)
                if not widget.covers:
                    surface.fill(widget.ground, widget.rect)
                widget.draw(surface, look)
                widget.shown = look
                changed.append(widget.rect)
        surface.set_clip(None)
        return changed
