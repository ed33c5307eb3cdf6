"""Brings fingers and the mouse to the widgets beneath them; as many at once as there are fingers."""

from collections.abc import Callable

import pygame

from display.widget import Touch, Widget

MOUSE = "mouse"
DOUBLE_SECONDS = 0.35
DOUBLE_REACH = 28.0  # pixels between the two taps, in units
NEAR = 10.0  # a touch this far (units) beside a control still means it

Point = tuple[float, float]
Held = tuple[Touch, Widget]


class Pointers:
    """`find` gives the widgets that are shown now. A widget keeps a finger that came down on it until it leaves."""

    def __init__(self, find: Callable[[], list[Widget]]):
        self._find = find
        self._held: dict[object, Held] = {}
        self._last: tuple[Widget, float, float, float] | None = None
        self.unit = 1.0

    def handle(self, event: pygame.event.Event, size: tuple[int, int], now: float, fine: bool = False) -> bool:
        """Take a mouse or finger event. `size` is the screen's, in pixels. False for other events."""
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and not event.touch:
            self._down(MOUSE, event.pos, now, fine)
        elif event.type == pygame.MOUSEMOTION and not event.touch:
            self._move(MOUSE, event.pos, fine)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1 and not event.touch:
            self._up(MOUSE, event.pos)
        elif event.type == pygame.MOUSEWHEEL:
            self._wheel(event, pygame.mouse.get_pos())
        elif event.type in (pygame.FINGERDOWN, pygame.FINGERMOTION, pygame.FINGERUP):
            finger = (event.touch_id, event.finger_id)
            at = (event.x * size[0], event.y * size[1])
            if event.type == pygame.FINGERDOWN:
                self._down(finger, at, now, fine)
            elif event.type == pygame.FINGERMOTION:
                self._move(finger, at, fine)
            else:
                self._up(finger, at)
        else:
            return False
        return True

    def widget_at(self, x: float, y: float) -> Widget | None:
        """The control under a point, else the nearest one within a finger's slip."""
        best: Widget | None = None
        reach = NEAR * self.unit
        for widget in self._find():
            if not widget.touchable:
                continue
            rect = widget.rect
            aside = max(rect.left - x, x - rect.right + 1, 0.0)
            above = max(rect.top - y, y - rect.bottom + 1, 0.0)
            away = max(aside, above)
            if away == 0:
                return widget
            if away < reach:
                best, reach = widget, away
        return best

    def _down(self, pointer: object, at: Point, now: float, fine: bool) -> None:
        if pointer in self._held:  # its end was lost, as when a finger slid off the glass
            self._up(pointer, at)
        x, y = at
        widget = self.widget_at(x, y)
        if widget is None or (not widget.shared and any(held is widget for _, held in self._held.values())):
            return
        touch = Touch(pointer, x, y, x, y, now, fine=fine)
        if self._last is not None:
            before, then, last_x, last_y = self._last
            near = max(abs(last_x - x), abs(last_y - y)) < DOUBLE_REACH * self.unit
            touch.double = before is widget and now - then < DOUBLE_SECONDS and near
        self._last = None if touch.double else (widget, now, x, y)
        self._held[pointer] = (touch, widget)
        widget.down(touch)

    def _move(self, pointer: object, at: Point, fine: bool) -> None:
        held = self._held.get(pointer)
        if held is not None:
            touch, widget = held
            touch.x, touch.y = at
            touch.fine = fine
            widget.move(touch)

    def _up(self, pointer: object, at: Point) -> None:
        held = self._held.pop(pointer, None)
        if held is not None:
            touch, widget = held
            touch.x, touch.y = at
            widget.up(touch)

    def _wheel(self, event: pygame.event.Event, at: tuple[int, int]) -> None:
        widget = self.widget_at(*at)
        if widget is not None:
            widget.wheel(float(event.precise_y))

    def hold(self) -> None:
        """Once a frame: tell the widgets whose hand is still there."""
        for touch, widget in list(self._held.values()):
            widget.hold(touch)

    def release_all(self) -> None:
        """The page goes away, or the window lost the focus: what was held is let go, outside of everything."""
        held, self._held = self._held, {}
        for touch, widget in held.values():
            touch.x, touch.y = -1e6, -1e6
            widget.up(touch)
        self._last = None
