"""The mixer: channels, crossfader, main and headphones."""

import pygame

from display import shapes, theme
from display.button import Button
from display.desk import Desk
from display.fader import Fader
from display.knob import Knob
from display.layout import Plan
from display.meter import MainMeter
from display.mixer_layout import KNOBS, MAIN_KNOBS
from display.widget import Look, Widget

CAPTIONS = {"trim": "TRIM", "eq_high": "HIGH", "eq_mid": "MID", "eq_low": "LOW", "filter": "FILTER"}
MAIN_CAPTIONS = {
    "mixer.main": "MAIN",
    "mixer.booth": "BOOTH",
    "mixer.phones.mix": "CUE MIX",
    "mixer.phones.level": "PHONES",
}
SIDES = ("THRU", "A", "B")


class Heading(Widget):
    """A channel's number, or `MAIN`."""

    touchable = False

    def __init__(self, desk: Desk, rect: pygame.Rect, caption: str, colour: theme.Colour):
        super().__init__(desk, rect)
        self._caption = caption
        self._colour = colour

    def look(self) -> Look:
        return ()

    def draw(self, surface: pygame.Surface, _look: Look, /) -> None:
        self.say(surface, self._caption, theme.LABEL, self._colour, "Bold")
        wide = self.desk.text.width(self._caption, theme.LABEL * self.desk.unit, "Bold") // 2 + self.desk.px(8)
        line = theme.mix(theme.PANEL, self._colour, 0.45)
        reach = self.rect.w // 2 - self.desk.px(4)
        if reach > wide:
            y = self.rect.centery
            surface.fill(line, (self.rect.centerx - reach, y, reach - wide, self.desk.px(2)))
            surface.fill(line, (self.rect.centerx + wide, y, reach - wide, self.desk.px(2)))


class Assign(Button):
    """Which side of the crossfader a channel is on: A, both, B."""

    def __init__(self, desk: Desk, rect: pygame.Rect, channel: str):
        self._name = f"{channel}.assign"

        def turn() -> None:
            desk.set(self._name, (round(desk.board.number(self._name)) + 1) % len(SIDES))

        super().__init__(desk, rect, lambda: SIDES[round(desk.board.number(self._name))], turn)


class Crossfader(Fader):
    """The crossfader, with the names of its sides at its ends."""

    cap_length = 34.0
    end_room = 22.0

    def _draw_back(self) -> pygame.Surface:
        picture = super()._draw_back()
        for caption, x in (("A", self._margin // 2), ("B", self.rect.w - self._margin // 2)):
            letter = self.desk.text.render(caption, theme.BODY * self.desk.unit, theme.FAINT, "Bold")
            picture.blit(letter, letter.get_rect(center=(x, self.rect.h // 2)))
        return picture


class Phones(Button):
    """A channel's cue button: hear it in the headphones."""

    def draw(self, surface: pygame.Surface, look: Look, /) -> None:
        super().draw(surface, ("", "", *look[2:]))
        lit = look[2]
        picture = shapes.icon(
            "phones", min(self.desk.px(20), round(0.5 * self.rect.h)), theme.GROUND if lit else theme.SOFT
        )
        surface.blit(picture, picture.get_rect(center=self.rect.center))


def mixer_widgets(desk: Desk, plan: Plan) -> list[Widget]:
    """Every control of the mixer that the plan has room for."""
    rects = plan.rects
    made: list[Widget] = [Crossfader(desk, rects["mixer.crossfader"], "mixer.crossfader", theme.TEXT, marks=11)]
    for number in range(1, plan.decks + 1):
        made += _channel(desk, rects, number)
    made.append(Heading(desk, rects["mixer.head"], "MAIN", theme.SOFT))
    made.append(MainMeter(desk, rects["mixer.meter"]))
    made += [Knob(desk, rects[name], name, MAIN_CAPTIONS[name], theme.SOFT) for name in MAIN_KNOBS]
    made.append(
        Button(
            desk,
            rects["mixer.mic.on"],
            "MIC",
            lambda: desk.toggle("mixer.mic.on"),
            lit=lambda: desk.board.on("mixer.mic.on"),
            colour=theme.RECORD,
            tone="tint",
        )
    )
    return made


def _channel(desk: Desk, rects: dict[str, pygame.Rect], number: int) -> list[Widget]:
    name = f"mixer.ch{number}"
    colour = theme.DECKS[number - 1]
    made: list[Widget] = [
        Heading(desk, rects[f"{name}.head"], str(number), colour),
        Fader(desk, rects[f"{name}.fader"], f"{name}.fader", colour, meter=(f"{name}.peak_left", f"{name}.peak_right")),
        Phones(
            desk, rects[f"{name}.cue"], "", lambda: desk.toggle(f"{name}.cue"),
            lit=lambda: desk.board.on(f"{name}.cue"), colour=theme.CUE, tone="solid",
        ),
        Assign(desk, rects[f"{name}.assign"], name),
    ]  # fmt: skip
    for knob in KNOBS:
        tint = theme.CUE if knob == "filter" else colour
        made.append(Knob(desk, rects[f"{name}.{knob}"], f"{name}.{knob}", CAPTIONS[knob], tint))
    return made
