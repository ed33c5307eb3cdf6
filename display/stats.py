"""Frame times, for the bench."""

from bisect import bisect_left

MOST_KEPT = 200_000
LATE_SECONDS = 0.025


class Stats:
    """Collects how long each frame took to draw and when frames came."""

    def __init__(self) -> None:
        self._draw: list[float] = []
        self._cpu: list[float] = []
        self._apart: list[float] = []
        self._last: float | None = None
        self._first: float | None = None

    def add(self, began: float, drawn: float, cpu: float) -> None:
        """One frame: when it began and when it was on the screen, and its CPU time; all in seconds."""
        if self._first is None:
            self._first = began
        if self._last is not None and len(self._apart) < MOST_KEPT:
            self._apart.append(began - self._last)
        self._last = began
        if len(self._draw) < MOST_KEPT:
            self._draw.append(drawn - began)
            self._cpu.append(cpu)

    def report(self) -> dict[str, float]:
        """Milliseconds of drawing, by the wall and by the thread's own clock; how far apart frames came; late ones."""
        draw, cpu, apart = sorted(self._draw), sorted(self._cpu), sorted(self._apart)
        length = (self._last or 0.0) - (self._first or 0.0)
        return {
            "frames": len(draw),
            "seconds": round(length, 3),
            "fps": round(len(apart) / length, 2) if length > 0 else 0.0,
            "draw_ms_median": _ms(draw, 0.5),
            "draw_ms_p99": _ms(draw, 0.99),
            "draw_ms_worst": _ms(draw, 1.0),
            "cpu_ms_median": _ms(cpu, 0.5),
            "cpu_ms_p99": _ms(cpu, 0.99),
            "frame_ms_median": _ms(apart, 0.5),
            "frame_ms_p99": _ms(apart, 0.99),
            "late_frames": len(apart) - bisect_left(apart, LATE_SECONDS),
        }


def _ms(ordered: list[float], share: float) -> float:
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)
