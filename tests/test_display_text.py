"""Letters: fitting, falling back, standing still."""

import pygame
import pytest

from display.text import Text, clean, find_fonts

WHITE = (255, 255, 255)


@pytest.fixture(scope="module")
def text():
    pygame.font.init()
    return Text()


def test_digits_stand_still(text):
    widths = {text.figures(f"{number:05.2f}", 24, WHITE).get_width() for number in (1.11, 47.0, 88.88, 10.01)}
    assert len(widths) == 1


def test_a_long_title_is_cut_with_an_ellipsis_and_never_too_wide(text):
    title = "A very long title that goes on and on (Extended Club Mix)"
    for width in (20, 60, 150, 400):
        fitting = text.fit(title, 16, width)
        assert text.width(fitting, 16) <= width
        assert fitting == title or fitting.endswith("…") or fitting == ""
    assert text.fit("short", 16, 400) == "short"


def test_wrapped_lines_fit_and_lose_no_word(text):
    sentence = "this file is damaged after 0:32; copy it again from where it came from and load it once more"
    lines = text.wrap(sentence, 14, 200)
    assert all(text.width(line, 14) <= 200 for line in lines)
    assert " ".join(lines) == sentence
    assert len(text.wrap(sentence, 14, 200, lines=2)) == 2
    assert text.wrap(sentence, 14, 200, lines=2)[-1].endswith("…")


TITLES = ["夜のドライブ", "ليلة طويلة", "שיר ערב", "Żółta łódź", "🎵", "e\u0301"]
TITLES += ["tab\tnul\0line\n", "\udcff broken", "", "   ", "x" * 3000]


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_any_title_can_be_drawn(text, title):
    picture = text.render(title, 18, WHITE)
    assert picture.get_height() > 10
    assert text.width(text.fit(title, 18, 50), 18) <= 50
    text.figures(title, 18, WHITE)


def test_what_can_not_be_drawn_becomes_spaces():
    assert clean("a\tb\x00c\u2028d") == "a b c d"
    assert clean("ok \udcff") == "ok ?"


def test_without_any_font_file_pygames_own_is_used():
    bare = Text({})
    assert bare.render("Rackdeck 126.00", 20, WHITE).get_width() > 50


@pytest.mark.skipif("DejaVuSans.ttf" not in find_fonts(), reason="needs the DejaVu fonts")
def test_a_letter_the_first_font_lacks_comes_from_another(text):
    with_dejavu = text.render("ע", 24, WHITE)
    inter = {name: path for name, path in find_fonts().items() if name.startswith("Inter")}
    without = Text(inter).render("ע", 24, WHITE)
    assert with_dejavu.get_buffer().raw != without.get_buffer().raw


@pytest.mark.skipif("DejaVuSans.ttf" not in find_fonts(), reason="needs the DejaVu fonts")
def test_arabic_letters_are_joined(text):
    apart = sum(text.width(letter, 40) for letter in "ليلة")
    assert text.width("ليلة", 40) < 0.9 * apart


def test_old_pictures_are_forgotten(text):
    for number in range(4000):
        text.render(str(number), 10, WHITE)
    assert len(text._pictures) <= 3000
