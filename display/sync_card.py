"""How the box stands with its companion: on a card of the box page, and as a sign in the top bar."""

import pygame

from display import shapes, sync_words, theme
from display.desk import Desk
from display.shared import Sync
from display.widget import Look, Touch, Widget

NO_SYNC = (
    "Sync is not running",
    "`rackdeck up` starts it. Playing and recording go on without it.",
)
UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def say_bytes(size: int) -> str:
    """`1.2 GB`."""
    for name, unit in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


class SyncCard(Widget):
    """A heading with a dot, what it means, why, and the facts."""

    touchable = False

    def look(self) -> Look:
        shared = self.desk.shared
        sync = shared.sync
        if sync is None:
            return theme.FAINT, *NO_SYNC, "", self._lists()
        heading = sync_words.headline(sync, shared.wall)
        why = sync.said[:1].upper() + sync.said[1:]
        return sync_words.colour(sync), heading, sync_words.sentence(sync), why, self._facts(sync) + self._lists()

    def _facts(self, sync: Sync) -> tuple[tuple[str, str], ...]:
        facts = []
        if sync.companion:
            facts.append(("Companion", sync.companion.partition("://")[2].rstrip("/") or sync.companion))
        if sync.name:
            facts.append(("This box", sync.name))
        if sync.files:
            facts.append(("Files to go", f"{sync.files:,} ({say_bytes(sync.file_bytes)})"))
        return tuple(facts)

    def _lists(self) -> tuple[tuple[str, str], ...]:
        lists = self.desk.shared.lists
        if not lists:
            return ()
        held = [one for one in lists if one.held]
        lacking = sum(max(0, one.files - one.there) for one in held)
        words = f"{len(lists):,} list{'' if len(lists) == 1 else 's'}"
        if lacking:
            words += f"; {lacking:,} file{'' if lacking == 1 else 's'} still to come"
        elif held:
            words += f", {'all' if len(held) == len(lists) else len(held)} held ready here"
        return (("Lists", words),)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        colour, heading, sentence, why, facts = look
        px, text, unit = self.desk.px, self.desk.text, self.desk.unit
        row = pygame.Rect(self.rect.x, self.rect.y, self.rect.w, px(32))
        shapes.dot(surface, (row.x + px(7), row.centery), px(6), colour)
        words = pygame.Rect(row.x + px(22), row.y, row.w - px(22), row.h)
        size = self.shrink(heading, theme.HEADING, words.w)
        self.say(surface, heading, size, theme.TEXT, "SemiBold", box=words, align="left")
        y, step = row.bottom + px(4), px(19)
        bottom = self.rect.bottom - len(facts) * step - px(6)
        for saying, ink in ((sentence, theme.SOFT), (why, theme.FAINT)):
            room = max(0, (bottom - y) // step)
            for line in text.wrap(saying, theme.LABEL * unit, self.rect.w, lines=min(4, room)) if room else ():
                self.say(surface, line, theme.LABEL, ink, box=pygame.Rect(row.x, y, row.w, step), align="left")
                y += step
        y += px(6)
        for name, fact in facts:
            if y + step > self.rect.bottom:
                break
            self.say(
                surface,
                name,
                theme.LABEL,
                theme.FAINT,
                "SemiBold",
                box=pygame.Rect(row.x, y, px(78), step),
                align="left",
            )
            box = pygame.Rect(row.x + px(82), y, max(0, row.w - px(82)), step)
            self.say(surface, fact, theme.LABEL, theme.SOFT, box=box, align="left")
            y += step


class SyncSign(Widget):
    """The tab of the box page. While a sync runs, it says beneath how the box stands with its companion."""

    def __init__(self, desk: Desk, rect: pygame.Rect):
        super().__init__(desk, rect)
        self._held = False

    def look(self) -> Look:
        shared = self.desk.shared
        sync = shared.sync
        lit = self.desk.page == "box"
        if sync is None:
            return "", theme.FAINT, lit, self._held
        wide = self.rect.w - self.desk.px(18)
        signs = sync_words.signs(sync, shared.wall)
        fitting = (s for s in signs if self.desk.text.width(s, theme.CAPTION * self.desk.unit) <= wide)
        return next(fitting, signs[-1]), sync_words.colour(sync), lit, self._held

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        sign, colour, lit, held = look
        px = self.desk.px
        face = self.rect.inflate(-2 * px(1), -2 * px(1))
        fill = theme.PRESSED if held else theme.RAISED if lit else self.ground
        shapes.panel(surface, face, 6 * self.desk.unit, fill)
        ink = theme.TEXT if lit else theme.SOFT
        if not sign:
            self.say(surface, "BOX", 13, ink, "SemiBold", box=face)
            return
        upper = pygame.Rect(face.x, face.y + face.h // 10, face.w, face.h * 45 // 100)
        lower = pygame.Rect(face.x, upper.bottom, face.w, face.h * 35 // 100)
        self.say(surface, "BOX", 13, ink, "SemiBold", box=upper)
        room = lower.inflate(-px(16), 0)
        room.x += px(5)
        size = self.shrink(sign, theme.CAPTION, room.w, "Medium")
        place = self.say(surface, sign, size, ink, box=room)
        shapes.dot(surface, (place.left - px(7), place.centery), px(3), colour)

    def down(self, _touch: Touch, /) -> None:
        self._held = True
        self.desk.show("box")

    def up(self, _touch: Touch, /) -> None:
        self._held = False
