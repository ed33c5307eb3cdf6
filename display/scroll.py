"""How a list scrolls under the finger: follows it, rolls out when flung, stops at its ends."""

from display.widget import Touch

DRAG_SLOP = 8.0
FRICTION = 4.0  # a second


class Scroll:
    """`offset` is how many pixels are above the list's upper edge; `most` how many can be. Times in seconds."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.most = 0.0
        self.dragging = False
        self._speed = 0.0
        self._last: tuple[float, float] | None = None
        self._moved_at = 0.0

    @property
    def held(self) -> bool:
        """Whether a finger is on it."""
        return self._last is not None

    def run_on(self, most: float, now: float) -> None:
        """Once a frame: let a flung list roll out, within its ends."""
        self.most = max(0.0, most)
        step, self._moved_at = min(max(now - self._moved_at, 0.0), 0.1), now
        if self._last is None and self._speed:
            self.offset += self._speed * step
            self._speed *= max(0.0, 1 - FRICTION * step)
            if abs(self._speed) < 8 or not 0 <= self.offset <= self.most:
                self._speed = 0.0
        self.go(self.offset)

    def go(self, offset: float) -> None:
        """Scroll there, or as far as there is something."""
        self.offset = min(max(offset, 0.0), self.most)

    def down(self, touch: Touch, now: float) -> None:
        """A hand stops the list."""
        self._last = (touch.y, now)
        self.dragging = False
        self._speed = 0.0

    def move(self, touch: Touch, now: float, unit: float) -> None:
        """The list follows the hand, once that has clearly moved."""
        if self._last is None:
            return
        if not self.dragging and abs(touch.y - touch.start_y) < DRAG_SLOP * unit:
            return
        self.dragging = True
        y, at = self._last
        self.offset += y - touch.y
        self._speed = 0.6 * self._speed + 0.4 * (y - touch.y) / max(now - at, 1 / 240)
        self._last = (touch.y, now)

    def up(self) -> bool:
        """The hand leaves. Whether it had dragged."""
        dragged, self.dragging, self._last = self.dragging, False, None
        return dragged
