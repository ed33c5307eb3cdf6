"""The browser: folders, sorting, searching, loading."""

import threading
import time

import pygame
import pytest

from device.library import crate
from display.browser import Browser
from display.keypad import DONE, ERASE
from tests.fake_screen import open_screen

TRACKS = (
    ("b.flac", "Night Drive", "Velvet Harbour", 126.0, "Am", 214.0),
    ("a.mp3", "Żółta łódź", "Ścieżka", 90.0, "Gm", 152.0),
    ("c.wav", "Concrete Garden", "Mira Okafor", 0.0, "", 301.0),
)


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    (folder / "House" / "Deep").mkdir(parents=True)
    (folder / "House" / "inside.ogg").touch()
    (folder / "notes.txt").touch()
    for name, *_ in TRACKS:
        (folder / name).touch()
    known = [crate.Entry(folder / name, *facts[:3], 0.0, *facts[3:]) for name, *facts in TRACKS]
    crate.write(folder, known)
    return folder


def settle(browser):
    end = time.monotonic() + 10
    while browser.loading:
        assert time.monotonic() < end
        browser.poll()
        time.sleep(0.002)


def titles(browser):
    return [row.title for row in browser.rows]


@pytest.fixture
def browser(music, tmp_path):
    opened = Browser([("Crate", music)], tmp_path)
    settle(opened)
    return opened


def test_folders_come_first_and_tracks_by_title(browser):
    assert titles(browser) == ["Playlists", "House", "Concrete Garden", "Night Drive", "Żółta łódź"]
    assert browser.rows[3].bpm == 126.0
    assert browser.where == "Crate"


def test_sorting_by_a_column_turns_round_and_leaves_the_unknown_last(browser):
    browser.sort_by("bpm")
    assert titles(browser) == ["Playlists", "House", "Żółta łódź", "Night Drive", "Concrete Garden"]
    browser.sort_by("bpm")
    assert titles(browser) == ["Playlists", "House", "Night Drive", "Żółta łódź", "Concrete Garden"]
    browser.sort_by("seconds")
    assert titles(browser)[2:] == ["Żółta łódź", "Night Drive", "Concrete Garden"]


def test_searching_wants_all_words_in_title_artist_or_file_name(browser):
    browser.find("night velvet")
    assert titles(browser) == ["Night Drive"]
    browser.find("ŻÓŁTA")
    assert titles(browser) == ["Żółta łódź"]
    browser.find("c.wav")
    assert titles(browser) == ["Concrete Garden"]
    browser.find("nothing like it")
    assert browser.rows == []
    assert "nothing like it" in browser.empty_reason


def test_the_chosen_track_stays_chosen_through_sorting(browser):
    browser.choose(3)
    browser.sort_by("bpm")
    assert browser.current.title == "Night Drive"


def test_entering_folders_and_leaving_them_chooses_the_folder_left(browser, music):
    browser.choose(1)
    assert browser.enter() is None
    settle(browser)
    assert titles(browser) == ["Deep", "inside"]
    assert browser.where == "Crate  ›  House"
    browser.up()
    settle(browser)
    assert browser.current.title == "House"
    browser.up()
    settle(browser)
    assert browser.folder is None
    assert titles(browser)[:2] == ["Playlists", "Crate"]
    browser.up()
    assert browser.folder is None


def test_a_folder_without_music_says_what_to_do(browser, music):
    browser.open(music / "House" / "Deep")
    settle(browser)
    assert "Copy" in browser.empty_reason
    browser.open(music / "gone")
    settle(browser)
    assert browser.rows == []


def test_only_the_last_folder_asked_for_is_shown_however_late_another_comes(music):
    waiting = threading.Event()

    def slowly(folder):
        if folder == music:
            waiting.wait(10)
        return crate.list_folder(folder)

    opened = Browser([("Crate", music)], music.parent, slowly)
    opened.open(music / "House")
    settle(opened)
    waiting.set()
    time.sleep(0.05)
    opened.poll()
    assert titles(opened) == ["Deep", "inside"]


@pytest.fixture
def screen(tmp_path, music):
    with open_screen(tmp_path, page="browser", music=music) as opened:
        settle(opened.app.desk.browser)
        opened.frame()
        yield opened


def row(screen, index):
    table = screen.widget("browser.table")
    return table.rect.x + 200, table._list.y + (index + 0.5) * table._row_height


def tap(screen, place):
    screen.mouse(pygame.MOUSEBUTTONDOWN, place)
    screen.mouse(pygame.MOUSEBUTTONUP, place)
    screen.frame(0.5)


def test_a_tap_chooses_a_track_and_a_button_loads_it(screen, music):
    tap(screen, row(screen, 4))
    assert screen.app.desk.browser.current.title == "Night Drive"
    assert screen.engine.actions == []
    screen.tap("browser.load2")
    assert screen.asked() == [("deck2.load", str(music / "b.flac"))]


def test_a_second_tap_loads_to_a_free_deck_and_a_folder_opens_at_once(screen, music):
    screen.engine.load(1, seconds=30.0)
    screen.engine.state("deck1.play", 1.0)
    tap(screen, row(screen, 3))
    tap(screen, row(screen, 3))
    assert screen.asked() == [("deck2.load", str(music / "c.wav"))]
    tap(screen, row(screen, 2))
    settle(screen.app.desk.browser)
    assert screen.app.desk.browser.folder == music / "House"


def test_a_playing_deck_is_only_replaced_when_asked_twice(screen, music):
    screen.engine.load(1, seconds=30.0)
    screen.engine.state("deck1.play", 1.0)
    tap(screen, row(screen, 5))
    screen.tap("browser.load1")
    assert screen.engine.actions == []
    assert "playing" in screen.app.desk.toasts.sentences[0]
    screen.tap("browser.load1")
    assert screen.asked() == [("deck1.load", str(music / "a.mp3"))]


def test_a_load_button_without_a_track_says_what_to_do(screen):
    screen.tap("browser.load1")
    assert "Choose a track" in screen.app.desk.toasts.sentences[0]
    assert screen.engine.actions == []


def test_typing_searches_and_enter_loads(screen, music):
    for letter in "gard":
        screen.key(ord(letter), unicode=letter)
    assert titles(screen.app.desk.browser) == ["Concrete Garden"]
    screen.key(pygame.K_DOWN)
    screen.key(pygame.K_RETURN)
    assert screen.asked() == [("deck1.load", str(music / "c.wav"))]
    screen.key(pygame.K_BACKSPACE)
    assert screen.app.desk.browser.search == "gar"
    screen.key(pygame.K_ESCAPE)
    assert screen.app.desk.browser.search == ""
    assert screen.app.page.plan.page == "browser"


def test_letters_on_the_screen_search_too(screen):
    screen.tap("browser.search")
    keys = screen.widget("browser.keypad").keys()
    for key in ("n", "i", "x", ERASE, "g"):
        tap(screen, keys[key].center)
    assert screen.app.desk.browser.search == "nig"
    assert titles(screen.app.desk.browser) == ["Night Drive"]
    tap(screen, keys[DONE].center)
    assert "browser.keypad" not in screen.app.page.plan.rects


def test_the_list_scrolls_under_the_finger_rolls_out_and_stays_within_its_ends(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(80):
        (folder / f"{number:02}.wav").touch()
    with open_screen(tmp_path, page="browser", music=folder) as screen:
        settle(screen.app.desk.browser)
        screen.frame()
        table = screen.widget("browser.table")
        place = row(screen, 6)
        screen.finger(pygame.FINGERDOWN, 1, place)
        for step in range(1, 9):
            screen.finger(pygame.FINGERMOTION, 1, (place[0], place[1] - 30 * step))
            screen.frame(0.016)
        screen.finger(pygame.FINGERUP, 1, (place[0], place[1] - 240))
        assert table._scroll.offset == pytest.approx(240, abs=2)
        assert screen.app.desk.browser.chosen == -1  # a drag chooses nothing
        for _ in range(30):
            screen.frame(0.016)
        assert table._scroll.offset > 400
        table.wheel(-1000)
        screen.frame()
        assert table._scroll.offset == table._most
        table.wheel(1000)
        screen.frame()
        assert table._scroll.offset == 0
        screen.key(pygame.K_UP)
        for _ in range(5):
            screen.key(pygame.K_PAGEDOWN)
        assert table._scroll.offset > 0
        assert 0 <= screen.app.desk.browser.chosen * table._row_height - table._scroll.offset < table._list.h


def test_a_tap_on_a_column_sorts_by_it(screen):
    table = screen.widget("browser.table")
    bpm = table._columns()[3]
    tap(screen, (bpm.centerx, bpm.centery))
    assert screen.app.desk.browser.sort == ("bpm", False)
    tap(screen, (bpm.centerx, bpm.centery))
    assert screen.app.desk.browser.sort == ("bpm", True)


def test_a_tap_on_a_decks_title_opens_the_browser_for_it(tmp_path, music):
    with open_screen(tmp_path, music=music) as screen:
        screen.tap("deck2.title")
        assert screen.app.page.plan.page == "browser"
        assert screen.app.desk.browser.target == 2
        screen.tap("bar.deck")
        screen.tap("wave1")
        assert screen.app.desk.browser.target == 1
        assert screen.app.page.plan.page == "browser"
