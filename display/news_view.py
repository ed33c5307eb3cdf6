"""Releases with where they stand, and notices with their age."""

import pygame

from display import shapes, theme, when
from display.roll import Roll
from display.shared import Notice
from display.widget import Look

RELEASE, SAID, LINE = 50.0, 18.0, 19.0
LONGEST = 400  # characters of a notice
STAGES = {
    "draft": ("Draft", theme.FAINT),
    "review": ("In review", theme.ACCENT),
    "changes wanted": ("Changes wanted", theme.WARNING),
    "scheduled": ("Scheduled", theme.ACCENT),
    "delivered": ("Delivered", theme.ACCENT),
    "live": ("Live", theme.PLAY),
    "rejected": ("Rejected", theme.DANGER),
    "taken down": ("Taken down", theme.FAINT),
}
LEVELS = {"news": theme.ACCENT, "warning": theme.WARNING, "alarm": theme.DANGER}


class Releases(Roll):
    """Title, artist and date; the stage on a chip; why, or what to do, beneath."""

    heading = "RELEASES"
    empty = ("No releases yet", "What is released in the companion shows here, with where it stands.")

    def content(self) -> Look:
        return (self.desk.shared.versions["releases"],)

    def note(self) -> str:
        found = self.desk.shared.releases
        live = sum(release.stage == "live" for release in found)
        return f"{live} of {len(found)} live" if found else ""

    def measure(self) -> list[int]:
        px = self.desk.px
        return [px(RELEASE) + (px(SAID) if release.said else 0) for release in self.desk.shared.releases]

    def draw_row(self, surface: pygame.Surface, index: int, box: pygame.Rect) -> None:
        px, unit = self.desk.px, self.desk.unit
        release = self.desk.shared.releases[index]
        if index:
            surface.fill(theme.mix(theme.PANEL, theme.LINE, 0.6), (box.x, box.y, box.w, 1))
        word, colour = STAGES[release.stage]
        upper = pygame.Rect(box.x, box.y + px(5), box.w, px(20))
        lower = pygame.Rect(box.x, upper.bottom, box.w, px(LINE))
        wide = self.desk.text.width(word, theme.LABEL * unit, "SemiBold") + px(16)
        chip = pygame.Rect(upper.right - wide, upper.y, wide, upper.h)
        shapes.panel(surface, chip, 5 * unit, theme.mix(theme.PANEL, colour, 0.18))
        self.say(surface, word, theme.LABEL, colour, "SemiBold", box=chip)
        upper.w -= wide + px(10)
        self.say(surface, release.title or "Untitled", theme.BODY, theme.TEXT, "SemiBold", box=upper, align="left")
        sent = release.stage in ("delivered", "live", "taken down") and release.stores > 0
        at = f"{release.live} of {release.stores} store{'' if release.stores == 1 else 's'}" if sent else ""
        place = self.say(surface, at, theme.LABEL, theme.FAINT, box=lower, align="right")
        lower.w = max(0, place.left - px(10) - lower.x)
        words = "  ·  ".join(word for word in (release.artist, when.day(release.date)) if word)
        self.say(surface, words, theme.LABEL, theme.SOFT, box=lower, align="left")
        if release.said:
            row = pygame.Rect(box.x, lower.bottom, box.w, px(SAID))
            ink = colour if release.stage in ("rejected", "changes wanted") else theme.SOFT
            self.say(surface, release.said, theme.LABEL, ink, box=row, align="left")


class Notices(Roll):
    """Newest first. What is no longer news is not shown."""

    heading = "NOTICES"
    empty = ("Nothing to say", "Notices of the companion show here.")
    _rows: tuple[tuple[Notice, list[str]], ...] = ()

    def content(self) -> Look:
        shared = self.desk.shared
        over = tuple(bool(notice.until) and notice.until <= shared.wall for notice in shared.notices)
        return shared.versions["notices"], over

    def lively(self) -> Look:
        return (self.desk.shared.wall // when.MINUTE,)

    def note(self) -> str:
        return str(len(self._heights)) if self._heights else ""

    def measure(self) -> list[int]:
        shared = self.desk.shared
        known = {notice.text: lines for notice, lines in self._rows}
        shown = (notice for notice in shared.notices if not notice.until or notice.until > shared.wall)
        self._rows = tuple((notice, known.get(notice.text) or self._lines(notice.text)) for notice in shown)
        return [self.desk.px(LINE) * (len(lines) + 1) + self.desk.px(12) for _, lines in self._rows]

    def _lines(self, text: str) -> list[str]:
        wide = self.area.w - self.desk.px(28)
        return self.desk.text.wrap(text[:LONGEST], theme.BODY * self.desk.unit, wide, lines=4)

    def draw_row(self, surface: pygame.Surface, index: int, box: pygame.Rect) -> None:
        px = self.desk.px
        notice, lines = self._rows[index]
        step = px(LINE)
        if index:
            surface.fill(theme.mix(theme.PANEL, theme.LINE, 0.6), (box.x, box.y, box.w, 1))
        row = pygame.Rect(box.x + px(18), box.y + px(6), box.w - px(18), step)
        shapes.dot(surface, (box.x + px(6), row.centery), px(4), LEVELS[notice.level])
        for line in lines:
            self.say(surface, line, theme.BODY, theme.TEXT, box=row, align="left")
            row.y += step
        said = " · ".join(
            word
            for word in (when.ago(notice.at, self.desk.shared.wall), "" if notice.level == "news" else notice.level)
            if word
        )
        self.say(surface, said, theme.LABEL, theme.FAINT, box=row, align="left")
