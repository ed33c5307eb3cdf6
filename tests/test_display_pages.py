"""Every page at every size: it draws, and no caption is cut."""

import itertools

import numpy as np
import pygame
import pytest

from tests.fake_screen import open_screen

SIZES = [(800, 480), (1024, 600), (1280, 720), (1280, 800), (1920, 1080)]
PAGES = ["deck", "mixer", "browser", "box", "settings", "help"]
ROWS = np.full((4500, 4), 90, np.uint8)


@pytest.fixture
def screen(tmp_path):
    with open_screen(tmp_path) as opened:
        opened.engine.load(1, rows=ROWS, seconds=30.0, title="Song", artist="Band", key="Am")
        opened.engine.state("record.active", 1.0)
        opened.engine.state("record.seconds", 4000.0)
        yield opened


def test_no_caption_is_cut_at_any_size(screen, monkeypatch):
    text = screen.app.desk.text
    cut = []
    fit = text.fit

    def watch(words, size, width, weight="Medium"):
        fitting = fit(words, size, width, weight)
        if fitting != words:
            cut.append((size, words, fitting))
        return fitting

    monkeypatch.setattr(text, "fit", watch)
    for size, page, decks in itertools.product(SIZES, PAGES, (2, 4)):
        pygame.display.set_mode(size)
        screen.app.window.resized()
        screen.app.desk.page, screen.app.desk.deck_count = page, decks
        screen.app.desk.stale = True
        screen.frame()
        assert screen.app.page.plan.size == size
        assert not cut, (size, page, decks, cut)


def test_an_idle_screen_draws_nothing_anew(screen):
    for _ in range(3):
        screen.frame()
    changed = []
    present = screen.app.window.present
    screen.app.window.present = lambda rects: (changed.extend(rects), present(rects))
    blinking = screen.app.page.plan.rects["bar.record"]
    screen.now = 1e6  # well away from a turn of the blinking
    for _ in range(5):
        screen.frame(0.001)
    quiet = [rect for rect in changed if rect != blinking and rect != screen.app.page.plan.rects["bar.clock"]]
    assert quiet == []


def test_only_what_moves_is_drawn_while_a_deck_plays(screen):
    for _ in range(3):
        screen.frame()
    changed = []
    screen.app.window.present = changed.extend
    screen.engine.state("deck1.position", 3.0)
    screen.frame()
    names = {name for name, rect in screen.app.page.plan.rects.items() if rect in changed}
    assert {"wave1", "deck1.time", "deck1.overview"} <= names
    assert not names & {"wave2", "deck1.title", "deck1.play", "deck2.time", "mixer.ch1.trim", "mixer.crossfader"}


def test_the_whole_page_is_drawn_again_after_a_message_has_gone(screen):
    screen.frame()
    before = pygame.surfarray.array3d(screen.surface)
    screen.app.desk.say("something to read")
    screen.frame(0.01)
    assert (pygame.surfarray.array3d(screen.surface) != before).any()
    screen.frame(6.0)
    after = pygame.surfarray.array3d(screen.surface)
    differing = np.argwhere((after != before).any(axis=2))
    bar = screen.app.page.plan.rects["bar.record"].union(screen.app.page.plan.rects["bar.clock"])
    assert all(bar.collidepoint(place) for place in differing)


def test_a_window_that_changes_its_size_is_laid_out_anew_and_keeps_the_decks(screen):
    pygame.display.set_mode((1024, 600))
    screen.app.take([pygame.event.Event(pygame.WINDOWSIZECHANGED, {"x": 1024, "y": 600, "window": None})])
    screen.frame()
    assert screen.app.page.plan.size == (1024, 600)
    assert screen.widget("deck1.title").look()[1] == "Song"
    screen.tap("deck1.play")
    assert screen.asked() == [("deck1.play", 1.0)]
