"""Anti-aliased text: finds fonts, falls back letter by letter, keeps what it drew."""

import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pygame

from display.theme import Colour

FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
WEIGHTS = ("Regular", "Medium", "SemiBold", "Bold")
# Where the first font lacks a letter, the next that has it is taken; Debian's names.
FALLBACKS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "wqy-microhei.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "FreeSans.ttf",
    "Symbola.ttf",
)
# Scripts whose letters must be joined or ordered, by their names in fonts.
SCRIPTS = {
    "Hebr": ("\u0590", "\u05ff"),
    "Arab": ("\u0600", "\u08ff"),
    "Deva": ("\u0900", "\u097f"),
    "Thai": ("\u0e00", "\u0e7f"),
}
NOWHERE = "\U0010fffe"  # a letter that no font has
KEPT_PICTURES = 3000
KEPT_WIDTHS = 6000


def find_fonts(folders: tuple[Path, ...] = FONT_FOLDERS) -> dict[str, Path]:
    """Font files by file name. Missing folders are no fonts."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in folder.rglob("*.[ot]t[fc]"):
            found.setdefault(path.name, path)
    return found


def clean(text: str) -> str:
    """Text that can be drawn: control characters become spaces, broken file names a question mark."""
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)


class Text:
    """Draws text in a few weights. Sizes are in pixels; pictures are kept until too many are."""

    def __init__(self, files: dict[str, Path] | None = None):
        pygame.font.init()
        known = find_fonts() if files is None else files
        plain = known.get("DejaVuSans.ttf")
        bold = known.get("DejaVuSans-Bold.ttf", plain)
        self._faces: dict[str, Path | None] = {}
        for weight in WEIGHTS:
            substitute = bold if weight in ("SemiBold", "Bold") else plain
            self._faces[weight] = known.get(f"Inter-{weight}.otf") or known.get(f"Inter-{weight}.ttf") or substitute
        self._fallbacks = [known[name] for name in FALLBACKS if name in known]
        self._fonts: dict[tuple[Path | None, int], pygame.font.Font] = {}
        self._absent: dict[tuple[Path | None, int], bytes] = {}
        self._choice: dict[tuple[str, str], Path | None] = {}
        self._pictures: OrderedDict[tuple[object, ...], pygame.Surface] = OrderedDict()
        self._widths: OrderedDict[tuple[str, int, str], int] = OrderedDict()

    def _font(self, face: Path | None, size: int) -> pygame.font.Font:
        font = self._fonts.get((face, size))
        if font is None:
            font = pygame.font.Font(face, size)
            self._fonts[face, size] = font
        return font

    def _has(self, face: Path | None, letter: str) -> bool:
        """Whether the face has a picture of its own for a letter (SDL draws the same box for all it lacks)."""

        def picture(text: str) -> bytes:
            drawn = self._font(face, 20).render(text, True, (255, 255, 255))
            return repr(drawn.get_size()).encode() + drawn.get_buffer().raw

        if (face, 20) not in self._absent:
            self._absent[face, 20] = picture(NOWHERE)
        return letter.isspace() or picture(letter) != self._absent[face, 20]

    def _face(self, weight: str, letter: str) -> Path | None:
        first = self._faces[weight]
        if letter.isascii():
            return first
        chosen = self._choice.get((weight, letter), first)
        if (weight, letter) not in self._choice:
            chosen = next((face for face in (first, *self._fallbacks) if self._has(face, letter)), first)
            self._choice[weight, letter] = chosen
        return chosen

    def _runs(self, text: str, weight: str) -> Iterator[tuple[Path | None, str]]:
        """Pieces of one face each. Marks that join a letter stay with it."""
        start, face = 0, self._faces[weight]
        for index, letter in enumerate(text):
            joins = unicodedata.combining(letter) or letter in "\u200d\ufe0f" or letter.isspace()
            wanted = face if joins else self._face(weight, letter)
            if wanted != face:
                if index > start:
                    yield face, text[start:index]
                start, face = index, wanted
        if start < len(text):
            yield face, text[start:]

    def render(self, text: str, size: float, colour: Colour, weight: str = "Medium") -> pygame.Surface:
        """A transparent picture of one line."""
        key = (text, round(size), colour, weight)
        picture = self._pictures.get(key)
        if picture is None:
            picture = self._draw(clean(text), round(size), colour, weight)
            self._keep(key, picture)
        return picture

    def _keep(self, key: tuple[object, ...], picture: pygame.Surface) -> None:
        self._pictures[key] = picture
        if len(self._pictures) > KEPT_PICTURES:
            for _ in range(KEPT_PICTURES // 4):
                self._pictures.popitem(last=False)

    def _draw(self, text: str, size: int, colour: Colour, weight: str) -> pygame.Surface:
        pieces = [(self._font(face, size), run) for face, run in self._runs(text, weight)]
        if len(pieces) == 1 and text.isascii():
            return pieces[0][0].render(text, True, colour)
        backwards = _right_to_left(text)
        drawn = []
        for font, run in pieces:
            drawn.append(self._draw_run(font, run.rstrip() or run, colour))
            spaces = len(run) - len(run.rstrip())
            if spaces and run.strip():  # on their own, they stay between the runs whichever way these are read
                drawn.append(self._draw_run(font, " " * spaces, colour))
        if backwards:
            drawn.reverse()
        main = self._font(self._faces[weight], size)
        whole = pygame.Surface((max(1, sum(part.get_width() for part, _ in drawn)), main.get_height()), pygame.SRCALPHA)
        x = 0
        for part, ascent in drawn:
            whole.blit(part, (x, main.get_ascent() - ascent))
            x += part.get_width()
        return whole

    @staticmethod
    def _draw_run(font: pygame.font.Font, run: str, colour: Colour) -> tuple[pygame.Surface, int]:
        script = _script(run)
        if not script:
            return font.render(run, True, colour), font.get_ascent()
        try:
            font.set_script(script)
            font.set_direction(pygame.DIRECTION_RTL if _right_to_left(run) else pygame.DIRECTION_LTR)
        except pygame.error:  # an SDL without HarfBuzz: letters stand apart
            return font.render(run, True, colour), font.get_ascent()
        try:
            return font.render(run, True, colour), font.get_ascent()
        finally:
            font.set_script("Latn")
            font.set_direction(pygame.DIRECTION_LTR)

    def width(self, text: str, size: float, weight: str = "Medium") -> int:
        """Pixels that a line takes."""
        key = (text, round(size), weight)
        known = self._widths.get(key)
        if known is None:
            if _script(text):
                known = self.render(text, size, (255, 255, 255), weight).get_width()
            else:
                known = sum(self._font(face, key[1]).size(run)[0] for face, run in self._runs(clean(text), weight))
            self._widths[key] = known
            if len(self._widths) > KEPT_WIDTHS:
                self._widths.popitem(last=False)
        return known

    def fit(self, text: str, size: float, width: float, weight: str = "Medium") -> str:
        """`text`, cut with an ellipsis where it is wider than `width` pixels. Empty when nothing fits."""
        if self.width(text, size, weight) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text[:middle].rstrip() + "…", size, weight) <= width:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + "…" if low else ""

    def wrap(self, text: str, size: float, width: float, weight: str = "Medium", lines: int = 99) -> list[str]:
        """Lines no wider than `width` pixels; what does not fit into `lines` ends in an ellipsis."""
        rows: list[str] = []
        row = ""
        words = text.split()
        for index, word in enumerate(words):
            longer = f"{row} {word}".strip()
            if not row or self.width(longer, size, weight) <= width:
                row = longer
                continue
            if len(rows) == lines - 1:
                row = " ".join([row, *words[index:]])
                break
            rows.append(row)
            row = word
        return [self.fit(line, size, width, weight) for line in [*rows, row] if line]

    def figures(self, text: str, size: float, colour: Colour, weight: str = "SemiBold") -> pygame.Surface:
        """Like `render`, but every digit takes the same room, so that running numbers stand still."""
        key = ("figures", text, round(size), colour, weight)
        picture = self._pictures.get(key)
        if picture is None:
            cell = max(self.width(digit, size, weight) for digit in "0123456789")
            letters = [(self.render(letter, size, colour, weight), letter.isdigit()) for letter in text]
            rooms = [cell if digit else letter.get_width() for letter, digit in letters]
            height = self._font(self._faces[weight], round(size)).get_height()
            picture = pygame.Surface((max(1, sum(rooms)), height), pygame.SRCALPHA)
            x = 0
            for (letter, _), room in zip(letters, rooms, strict=True):
                picture.blit(letter, (x + (room - letter.get_width()) // 2, 0))
                x += room
            self._keep(key, picture)
        return picture


def _script(text: str) -> str:
    """The script of `SCRIPTS` that the text has letters of, else an empty string."""
    if text.isascii():
        return ""
    spans = SCRIPTS.items()
    return next((name for name, (low, high) in spans if any(low <= letter <= high for letter in text)), "")


def _right_to_left(text: str) -> bool:
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False
