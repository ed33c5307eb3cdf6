"""The layout: nothing overlaps, nothing is lost, everything is large enough for a finger."""

import itertools

import pygame
import pytest

from display import theme
from display.area import Area
from display.layout import plan

SIZES = [(800, 480), (1024, 600), (1280, 720), (1280, 800), (1920, 1080), (1024, 768), (1920, 480), (640, 400)]
PAGES = ["deck", "mixer", "browser", "box", "settings", "help"]
ONLY_SHOWN = {"bar.status", "bar.clock", "browser.path", "browser.chosen", "mixer.meter", "mixer.head"}
ALL = list(itertools.product(SIZES, (2, 4), PAGES))
NAMES = [f"{size[0]}x{size[1]}-{decks}-{page}" for size, decks, page in ALL]


def is_touched(name: str) -> bool:
    return name not in ONLY_SHOWN and not name.endswith((".head", ".bpm"))


@pytest.mark.parametrize(("size", "decks", "page"), ALL, ids=NAMES)
def test_no_two_controls_overlap_and_all_are_on_the_screen(size, decks, page):
    for layer, keypad in ((0, False), (1, True)):
        made = plan(size, decks, page, layer, keypad)
        screen = pygame.Rect(0, 0, *size)
        for name, rect in made.rects.items():
            assert rect.w > 0, name
            assert rect.h > 0, name
            assert screen.contains(rect), (name, rect)
        for (name, rect), (other, another) in itertools.combinations(made.rects.items(), 2):
            assert not rect.colliderect(another), (name, rect, other, another)


@pytest.mark.parametrize(("size", "decks", "page"), ALL, ids=NAMES)
def test_every_control_is_large_enough_for_a_finger(size, decks, page):
    made = plan(size, decks, page)
    least = (38 if made.compact else 44) * made.unit - 1.01  # a small screen has larger pixels
    for name, rect in made.rects.items():
        if not is_touched(name) or name.startswith("wave"):
            continue
        long, short = max(rect.size), min(rect.size)
        assert long >= least, (name, rect)
        flat = name.endswith((".overview", ".title", ".time"))
        assert short >= (0.55 * least if flat else least - 4 * made.unit), (name, rect)


def test_at_1280_by_720_every_button_of_two_and_four_decks_has_44_pixels():
    for decks in (2, 4):
        made = plan((1280, 720), decks, "deck")
        for name, rect in made.rects.items():
            if name.split(".")[-1] in ("play", "cue", "quantize", "keylock", "slip", "reverse", "shift", "range"):
                assert min(rect.size) >= 44, (decks, name, rect)
            if ".hotcue." in name or ".loop." in name or ".jump." in name:
                assert min(rect.size) >= 44, (decks, name, rect)
            if name.startswith("mixer.ch") and is_touched(name):
                assert min(rect.size) >= 44, (decks, name, rect)


@pytest.mark.parametrize("decks", [2, 4])
def test_a_large_screen_shows_all_decks_and_the_mixer_at_once(decks):
    made = plan((1280, 720), decks, "deck")
    for number in range(1, decks + 1):
        assert {f"wave{number}", f"deck{number}.play", f"mixer.ch{number}.fader"} <= made.rects.keys()


def test_a_small_screen_shows_two_decks_at_a_time_and_the_mixer_on_its_own_page():
    assert plan((800, 480), 4, "deck").shown_decks == (1, 2)
    assert plan((800, 480), 4, "deck", layer=1).shown_decks == (3, 4)
    assert "mixer.crossfader" not in plan((800, 480), 4, "deck").rects
    assert "mixer.ch4.eq_low" in plan((800, 480), 4, "mixer").rects


def test_a_window_of_any_size_is_laid_out():
    for size in itertools.product(range(320, 2600, 190), range(240, 1500, 130)):
        for page, decks in itertools.product(PAGES, (2, 4)):
            made = plan(size, decks, page, keypad=True)
            assert all(rect.w > 0 and rect.h > 0 for rect in made.rects.values()), (size, decks, page)


def test_neighbours_share_an_edge_and_no_pixel():
    parts = [area.rect for area in Area(3.3, 0, 100.7, 10).columns([1, 2, 1.5])]
    assert [part.right for part in parts[:-1]] == [part.left for part in parts[1:]]
    assert parts[-1].right == 104


def test_words_can_be_read_on_everything_they_are_written_on():
    for ink in (theme.TEXT, theme.SOFT):
        for ground in (theme.GROUND, theme.PANEL, theme.SUNK, theme.RAISED):
            assert theme.contrast(ink, ground) >= 4.5
    for ground in (theme.GROUND, theme.PANEL, theme.SUNK):
        assert theme.contrast(theme.FAINT, ground) >= 4.5
    for colour in (*theme.HOT_CUES, *theme.DECKS, theme.PLAY, theme.CUE):
        assert theme.contrast(theme.GROUND, colour) >= 4.5
