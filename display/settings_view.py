"""The settings page: what is set once a night, and facts about the engine."""

import pygame

from display import theme, travel
from display.area import Area
from display.button import Choice
from display.desk import Desk
from display.fader import Fader
from display.layout import Plan
from display.theme import Colour
from display.widget import Look, Widget

CHOICES = {
    "mixer.eq_mode": "Equaliser",
    "mixer.crossfader_curve": "Crossfader curve",
    "mixer.fader_curve": "Fader curve",
    "mixer.limiter": "Limiter on main",
    "mixer.phones.split": "Headphones split",
    "mixer.mic.on": "Microphone",
    "record.format": "Recording format",
}
SLIDERS = {
    "mixer.mic.level": "Microphone level",
    "mixer.mic.duck": "Talk-over depth",
    "mixer.resonance": "Filter sharpness",
    "mixer.booth": "Booth level",
}
ROW = 50.0


class Caption(Widget):
    """A setting's name; for a slider also its value."""

    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect, caption: str, name: str = ""):
        super().__init__(desk, rect)
        self._caption = caption
        self._name = name

    def look(self) -> Look:
        if not self._name:
            return ("",)
        return (travel.say(self.desk.control(self._name), self.desk.board.number(self._name)),)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        box = self.rect.copy()
        if look[0]:
            place = self.say(surface, look[0], theme.LABEL, theme.SOFT, "SemiBold", box=box, align="right")
            box.w = place.left - box.left - self.desk.px(6)
        self.say(surface, self._caption, theme.BODY, theme.TEXT, box=box, align="left")


class Facts(Widget):
    """What plays, how fast, and where recordings go."""

    touchable = False

    def look(self) -> Look:
        board = self.desk.board
        if not self.desk.alive:
            return (("Engine", self.desk.link.reason),)
        rate, period = board.number("engine.samplerate"), board.number("engine.period")
        sound = f"{rate:.0f} Hz, {period:.0f} frames"
        if rate > 0:
            sound += f" ({period / rate * 1000:.1f} ms)"
        free = board.number("record.free")
        facts = [
            ("Sound", board.text("engine.backend") or "–"),
            ("Rate", sound),
            ("Engine", board.text("engine.message") or "running"),
            ("Recording", board.text("record.path") or "none yet"),
        ]
        if free > 0:
            facts.append(("Room left", f"{int(free // 3600)} h {int(free // 60) % 60} min of recording"))
        return tuple(facts)

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        px = self.desk.px
        size = theme.LABEL * self.desk.unit
        step = px(20)
        y = self.rect.y
        for name, fact in look:
            label = pygame.Rect(self.rect.x, y, px(84), step)
            self.say(surface, name, theme.LABEL, theme.FAINT, "SemiBold", box=label, align="left")
            for line in self.desk.text.wrap(fact, size, self.rect.w - px(90), lines=2):
                box = pygame.Rect(self.rect.x + px(90), y, self.rect.w - px(90), step)
                self.say(surface, line, theme.LABEL, theme.SOFT, box=box, align="left")
                y += step
            y += px(3)


def settings_widgets(desk: Desk, plan: Plan) -> list[Widget]:
    """Every control of the settings page, in two columns."""
    unit = plan.unit
    area = Area.of(plan.rects["settings.body"]).inset(16 * unit, 10 * unit)
    left, right = area.columns([1, 1], 36 * unit)
    made: list[Widget] = []
    row = min(ROW * unit, left.h / len(CHOICES))
    for name, caption in CHOICES.items():
        line = left.take_top(row)
        made.append(Caption(desk, line.take_left(0.36 * line.w).rect, caption))
        made.append(_choice(desk, line.inset(0, min(3 * unit, (row - 44 * unit) / 2)).rect, name))
    row = min(ROW * unit, right.h / (len(SLIDERS) + 2))
    for name, caption in SLIDERS.items():
        line = right.take_top(row)
        made.append(Caption(desk, line.take_left(0.52 * line.w, 10 * unit).rect, caption, name))
        made.append(Fader(desk, line.rect, name, theme.ACCENT))
    right.take_top(8 * unit)
    made.append(Facts(desk, right.rect))
    return made


def _choice(desk: Desk, rect: pygame.Rect, name: str) -> Choice:
    choices = desk.control(name).choices
    captions = tuple(choice.upper() if name == "record.format" else choice.capitalize() for choice in choices)
    colour: Colour = theme.ACCENT
    return Choice(
        desk,
        rect,
        captions,
        lambda: round(desk.board.number(name)),
        lambda index: desk.set(name, float(index)),
        colour=colour,
    )
