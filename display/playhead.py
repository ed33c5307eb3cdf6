"""Smooths a deck's position: it is published once a period, and the screen draws in between."""

JUMP_SECONDS = 0.08
PULL = 0.2
LONGEST_STEP = 0.25


class Playhead:
    """Runs on at the deck's speed between readings and is pulled gently towards each."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._at: float | None = None

    def at(self, position: float, speed: float, now: float) -> float:
        """Where the play head is drawn (seconds in the track). A jump or a standstill is shown at once."""
        step = None if self._at is None else now - self._at
        self._at = now
        if step is None or not 0 <= step <= LONGEST_STEP or speed == 0:
            self._shown = position
            return position
        self._shown += speed * step
        error = position - self._shown
        if abs(error) > JUMP_SECONDS * max(1.0, abs(speed)):
            self._shown = position
        else:
            self._shown += PULL * error
        return self._shown
