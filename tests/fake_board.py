"""A board with documents of every name, and a screen that shows its box page: for tests of the display."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from device.contracts import ids
from device.panel import board
from display.theme import Colour
from tests.fake_screen import Screen, open_screen

NOON = 1_795_258_800_000  # 21 November 2026, 11:00 UTC
MINUTE, HOUR = 60_000, 3_600_000
LINK = "https://music.example.org/boxes?claim=7K2M-9QXP"


def named(number: int, at: int = NOON) -> str:
    return ids.make(at, bytes([number] * 10))


IN_STEP = {"state": "in step", "behind": 0, "since": NOON, "companion": "https://music.example.org", "name": "Booth"}
CLAIM = {"code": "7K2M-9QXP", "url": LINK, "check": "418 206", "ends": NOON + 8 * MINUTE}
EARNINGS = {
    "revision": 7, "computed": NOON - 4 * MINUTE, "day": "2026-11-21", "zone": "Europe/Berlin",
    "cards": [
        {
            "currency": "EUR", "today": 312_450000, "month": 1804_500000, "total": 18220_113817,
            "releases": [{"release": named(1), "title": "Night Drive", "month": -12_000000, "total": 604_120000}],
        },
        {"currency": "JPY", "today": 0, "month": 120034_000000, "total": 4_120034_000000},
    ],
    "posted": {"source": "gig", "title": "Club Nacht", "amount": 250_000000, "currency": "EUR"},
}  # fmt: skip
RELEASES = {
    "releases": [
        {
            "release": named(1), "title": "Night Drive", "artist": "Velvet Harbour", "stage": "live", "changed": NOON,
            "date": "2026-09-01", "stores": [{"name": "A", "stage": "live"}, {"name": "B", "stage": "delivered"}],
        },
        {
            "release": named(2), "title": "First Light", "artist": "Mira Okafor", "stage": "rejected",
            "changed": NOON + 1, "stores": [{"name": "Beatgrid", "stage": "rejected", "said": "The ISRC is taken."}],
        },
    ]
}  # fmt: skip
NOTICES = {
    "notices": [
        {"notice": named(3, NOON - 3 * HOUR), "level": "news", "text": "Older."},
        {"notice": named(4, NOON - 5 * MINUTE), "level": "warning", "text": "Newer.", "until": NOON + HOUR},
    ]
}
LISTS = {"lists": [{"list": named(5), "of": "set", "title": "Friday", "by": "Ana", "files": 14, "there": 12}]}
PLAYLISTS = {"playlists": [{"list": named(6), "title": "Friday", "tracks": 14, "shown": 14, "here": 12, "mark": "a"}]}
GOOD = {
    "sync": IN_STEP, "earnings": EARNINGS, "releases": RELEASES, "notices": NOTICES, "lists": LISTS,
    "playlists": PLAYLISTS,
}  # fmt: skip


class Box:
    """A screen at its box page, and the board that it looks at."""

    def __init__(self, screen: Screen):
        self.screen = screen
        self.folder = screen.app.link.folder
        self.writer = board.Writer(self.folder)
        self.shared = screen.app.desk.shared
        self.at(NOON)

    def at(self, ms: int) -> None:
        """Set the time of day."""
        self.shared.clock = lambda: ms / 1000

    def pin(self, **documents: object) -> None:
        for name, document in documents.items():
            self.writer.show(name, copy.deepcopy(document))
        self.look()

    def look(self) -> None:
        """Frames until everything new on the board has been seen."""
        for _ in range(2 * len(board.NAMES)):
            self.screen.frame(0.05)

    def inks(self) -> list[tuple[str, Colour]]:
        """Everything that is written on the screen, with its colour."""
        text, seen = self.screen.app.desk.text, []
        render, figures = text.render, text.figures

        def hear(draw):
            return lambda words, size, ink, *rest: (seen.append((words, ink)), draw(words, size, ink, *rest))[1]

        self.screen.app.page.redraw_all()
        text.render, text.figures = hear(render), hear(figures)
        try:
            self.screen.frame(0.001)
        finally:
            del text.render, text.figures
        return seen

    def words(self) -> list[str]:
        return [words for words, _ in self.inks()]

    def sign(self) -> str:
        return self.screen.widget("bar.box").look()[0]


@contextmanager
def open_box(folder, size=(1280, 720), **options) -> Iterator[Box]:
    with open_screen(folder, size=size, page="box", **options) as screen:
        yield Box(screen)
